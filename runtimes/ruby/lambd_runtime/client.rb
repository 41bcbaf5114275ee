# SPDX-License-Identifier: Apache-2.0
# frozen_string_literal: true

# Start-up of the runtime and the loop that runs one invocation after the other.
#
# A cold start pays for every library loaded here. Nothing of the function may be read before INIT:
# these files are also loaded by a process that is forked later, before anybody knows the function.

require 'json'
require_relative 'channel'
require_relative 'context'
require_relative 'errors'
require_relative 'handler'
require_relative 'library'
require_relative 'marshaller'

module Lambd
  # Does the function's logging configuration ask for JSON?
  def self.json_logs?
    ENV.fetch('AWS_LAMBDA_LOG_FORMAT', '').casecmp?('JSON')
  end

  # The client of one function.
  class Client
    CHANNEL_FD = 3
    EXIT_INIT_FAILED = 252
    EXIT_HANDLER_FAILED = 255
    TRACE_VARIABLE = '_X_AMZN_TRACE_ID'

    # Run the environment until lambd closes the channel.
    def self.main
      channel = Channel.new(CHANNEL_FD)
      frame = channel.receive
      raise "frame of type #{frame.type} before INIT" unless frame.type == Channel::INIT

      new(channel, frame.payload).run
    rescue IOError, Errno::EPIPE, Errno::ECONNRESET
      # Nobody is left to answer, or this is a forked child that came back from the handler. Exit
      # handlers and threads of the function cannot matter.
      exit!(0)
    end

    def initialize(channel, block)
      @channel = channel
      LambdaLogger.channel = channel
      apply_environment(block)
      set_up_process
    end

    # Load the function, then serve. Ends by an exception.
    def run
      handler = load_handler
      $stdout.flush
      @channel.ask_next
      loop do
        frame = @channel.receive
        invoke(handler, frame) if frame.type == Channel::INVOKE
      end
    end

    private

    # Make the process environment equal to a block of KEY=VALUE entries, each ended by NUL. An
    # empty block leaves it as it is: as a wrapper has made it.
    def apply_environment(block)
      return if block.empty?

      entries = block.split("\0").map { |entry| entry.split('=', 2) }
      ENV.replace(entries.select { |entry| entry.size == 2 }.to_h)
    end

    def set_up_process
      task_root = ENV.fetch('LAMBDA_TASK_ROOT', '/var/task')
      Dir.chdir(task_root)
      $stdout.sync = true
      Encoding.default_external = Encoding::UTF_8
      # A process that knew the environment when it started has RUBYLIB on the path already.
      $LOAD_PATH.replace([task_root] | ENV.fetch('RUBYLIB', '').split(':') | $LOAD_PATH)
      Lambd.prepare_library
      write_puts_to(@channel)
      leave_in_children(@channel)
    end

    # On AWS what puts writes is one log event, whatever lines it has.
    def write_puts_to(channel)
      Kernel.define_method(:puts) do |*values|
        text = values.flatten.map { |value| Channel.utf8(value) }.join("\n")
        channel.log(text.end_with?("\n") ? text : "#{text}\n")
      end
    end

    def leave_in_children(channel)
      Process.singleton_class.prepend(Module.new do
        define_method(:_fork) do
          pid = super()
          channel.leave if pid.zero?
          pid
        end
      end)
    end

    def load_handler
      handler = LambdaHandler.new(env_handler: ENV.fetch('_HANDLER', ''))
      require handler.handler_file_name
      handler
    rescue Exception => e # The function's file may raise anything, SystemExit too.
      report = ErrorReport.new(e, 'Init')
      LambdaLogger.log_error(report, 'Init error when loading handler ')
      $stdout.flush
      @channel.fail_init(report.metadata, JSON.generate(report.payload))
      exit(EXIT_INIT_FAILED)
    end

    def invoke(handler, frame)
      request = RawRequest.new(frame.metadata, frame.payload)
      prepare_invocation(request)
      event = AwsLambda::Marshaller.marshall_request(request)
    rescue StandardError => e
      fail(e, 'Runtime', is_last: false)
    else
      call(handler, event, request)
    end

    def prepare_invocation(request)
      $_global_aws_request_id = request['Lambda-Runtime-Aws-Request-Id']
      ENV[TRACE_VARIABLE] = request['Lambda-Runtime-Trace-Id']
    end

    def call(handler, event, request)
      context = LambdaContext.new(request)
      body, content_type = handler.call_handler(request: event, context: context)
      body = body.read if AwsLambda::Marshaller.stream?(body)
      $stdout.flush
      @channel.respond(content_type ? { 'Content-Type' => content_type } : {}, body)
    rescue NameError => e
      fail(e, 'Function', is_last: true)
    rescue StandardError => e
      fail(e, 'Function', is_last: false)
    rescue Exception => e # SystemExit among others: AWS reports it, and ends with its own status.
      fail(e, 'Function', is_last: true)
    end

    def fail(error, where, is_last:)
      report = ErrorReport.new(error, where)
      heading = is_last ? 'Critical exception from handler' : 'Error raised from handler method'
      LambdaLogger.log_error(report, heading)
      $stdout.flush
      metadata = report.metadata.merge(report.cause)
      @channel.fail(metadata, JSON.generate(report.payload), is_last)
      exit(EXIT_HANDLER_FAILED) if is_last
    end
  end
end
