# SPDX-License-Identifier: Apache-2.0
# frozen_string_literal: true

module Lambd
  # One error, in the forms that different readers want.
  class ErrorReport
    FRAMES_MAX = 100
    CAUSE_FRAMES_MAX = 15
    CAUSE_MESSAGE_CHARS_MAX = 4096
    CALLERS = %w[client.rb handler.rb].map { |file| "#{__dir__}/#{file}" }.freeze
    LIBRARY = "#{__dir__}/library.rb"
    # The classes whose names AWS tells in the header; others are the user's affair.
    TOLD_CLASSES = %w[
      ArgumentError NoMethodError Exception StandardError NameError LoadError SystemExit
      SystemStackError
    ].freeze

    attr_reader :type, :message, :trace

    # where: Function, Init or Runtime.
    def initialize(error, where)
      @class_name = error.class.to_s
      @type = "#{where}<#{@class_name}>"
      @message = Channel.utf8(text_of(error))
      @frames = function_frames(error.backtrace_locations || [])
      @trace = @frames.map { |frame| Channel.utf8(frame.to_s) }
    end

    # What the caller of Invoke receives, in AWS's key order.
    def payload
      { errorMessage: @message, errorType: @type, stackTrace: @trace }
    end

    def metadata
      type = TOLD_CLASSES.include?(@class_name) ? @type : 'Function<UserException>'
      { 'Lambda-Runtime-Function-Error-Type' => type }
    end

    # The cause for X-Ray, as metadata.
    def cause
      stack = @frames.first(CAUSE_FRAMES_MAX).map do |frame|
        { path: frame.path, line: frame.lineno, label: frame.label }
      end
      message = @message
      if message.length > CAUSE_MESSAGE_CHARS_MAX
        message = "#{message[0, CAUSE_MESSAGE_CHARS_MAX]}..."
      end
      cause = { working_directory: Dir.pwd,
                paths: ENV.fetch('GEM_PATH', '').split(':'),
                exceptions: [{ message: message, type: @type, stack: stack }] }
      { 'Lambda-Runtime-Function-XRay-Error-Cause' => JSON.generate(cause) }
    end

    private

    def text_of(error)
      error.message
    rescue StandardError
      "unprintable #{@class_name}"
    end

    # The frames up to the runtime's call of the handler. Those of an error that the call itself
    # made (a handler that does not exist) are the runtime's, and stay: no trace would say nothing.
    def function_frames(frames)
      frames = frames.first(FRAMES_MAX).reject { |frame| frame.path == LIBRARY }
      count = frames.index { |frame| CALLERS.include?(frame.path) } || frames.size
      count.zero? ? frames : frames.first(count)
    end
  end
end

# Writes errors to the log.
class LambdaLogger
  class << self
    attr_accessor :channel

    # heading: the line in front of the error; not in the JSON format, where the record says it all.
    def log_error(report, heading)
      return log_record(report) if Lambd.json_logs?

      puts heading
      puts JSON.pretty_generate(report.payload)
    end

    private

    def log_record(report)
      record = { timestamp: Time.now.utc.strftime('%Y-%m-%dT%H:%M:%S.%6NZ'), level: 'ERROR',
                 message: report.message, requestId: $_global_aws_request_id,
                 errorType: report.type, errorMessage: report.message, stackTrace: report.trace }
      flags = Lambd::Channel::LOG_JSON | Lambd::Channel::LOG_LEVELS['ERROR'] << 2
      channel.log("#{JSON.generate(record.compact)}\n", flags)
    end
  end
end
