# SPDX-License-Identifier: Apache-2.0
# frozen_string_literal: true

# The function's handler: "file.method", or "file.Class.method" where Class may be nested ("A::B").
#
# A method that is defined outside of any class is called on this object, so its name and its
# methods are what functions see as self: AWS's.
class LambdaHandler
  attr_reader :handler_file_name, :handler_method_name

  def initialize(env_handler:)
    parts = env_handler.split('.')
    unless [2, 3].include?(parts.size)
      raise ArgumentError,
            "Invalid handler #{parts}, must be of form FILENAME.METHOD or FILENAME.CLASS.METHOD " \
            'where FILENAME corresponds with an existing Ruby source file FILENAME.rb, CLASS is ' \
            'an optional module/class namespace and METHOD is a callable method. If using CLASS, ' \
            'METHOD must be a class-level method.'
    end
    @handler_file_name = parts.first
    @handler_class = parts[1] if parts.size == 3
    @handler_method_name = parts.last
  end

  # What the marshaller makes of the handler's result.
  def call_handler(request:, context:)
    receiver = @handler_class ? Kernel.const_get(@handler_class) : self
    result = receiver.__send__(@handler_method_name, event: request, context: context)
    AwsLambda::Marshaller.marshall_response(result)
  end
end
