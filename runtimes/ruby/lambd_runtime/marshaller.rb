# SPDX-License-Identifier: Apache-2.0
# frozen_string_literal: true

module Lambd
  # An event as AwsLambda::Marshaller gets it: headers by name, and the body.
  class RawRequest
    attr_reader :body

    def initialize(headers, body)
      @headers = { 'Content-Type' => 'application/json' }.merge(headers)
      @body = body
    end

    def [](name)
      @headers[name]
    end
  end
end

module AwsLambda
  # Between bytes and Ruby values. Functions may redefine both methods, as on AWS.
  class Marshaller
    CONTENT_TYPE_RAW = 'application/unknown'

    class << self
      def marshall_request(raw_request)
        return raw_request.body unless raw_request['Content-Type'] == 'application/json'

        JSON.parse(raw_request.body)
      end

      # The text of a response, or the text and its content type.
      def marshall_response(method_response)
        return [method_response, CONTENT_TYPE_RAW] if Marshaller.stream?(method_response)

        method_response.to_json
      end

      def stream?(value)
        value.is_a?(IO) || (Object.const_defined?(:StringIO) && value.is_a?(StringIO))
      end
    end
  end
end
