# SPDX-License-Identifier: Apache-2.0
# frozen_string_literal: true

# Ruby's logger, changed as functions find it on AWS: what goes to standard output or nowhere
# becomes one log event a record, with the request id.
#
# This file stands in front of the library's on the load path. The function may have a file of that
# name, too; on AWS the library's is loaded before anybody asks for it.

folders = $LOAD_PATH.dup
begin
  own = [__dir__, ENV.fetch('LAMBDA_TASK_ROOT', '/var/task'), *ENV.fetch('RUBYLIB', '').split(':')]
  $LOAD_PATH.replace(folders - own)
  require 'logger'
ensure
  $LOAD_PATH.replace(folders | $LOAD_PATH)
end

module Lambd
  # Where the records of loggers go.
  class LogSink
    def initialize(channel)
      @channel = channel
    end

    # Called by Logger with a finished record.
    def write(text)
      is_json = Lambd.json_logs? && text.start_with?('{')
      @channel.log(text, is_json ? Channel::LOG_JSON | level << 2 : 0)
    end

    # A severity is a number from DEBUG (0) to FATAL (4) in Logger, from 2 to 6 in a frame.
    def level
      severity = Thread.current[:lambd_severity]
      severity&.between?(Logger::DEBUG, Logger::FATAL) ? severity + 2 : 0
    end

    def close; end

    def reopen(_log = nil); end
  end

  # Records as text.
  class LogFormatter < Logger::Formatter
    def call(severity, time, progname, message)
      head = "#{severity[0]}, [#{format_datetime(time)} ##{Process.pid}] #{severity.rjust(5)} "
      Channel.utf8("#{head}#{$_global_aws_request_id} -- #{progname}: #{msg2str(message)}\n")
    end
  end

  # Records as JSON, one object each.
  class JsonLogFormatter < Logger::Formatter
    def call(severity, time, progname, message)
      record = { timestamp: time.utc.strftime('%Y-%m-%dT%H:%M:%S.%6NZ'), level: severity,
                 message: text_of(message), requestId: $_global_aws_request_id }
      record[:logger] = Channel.utf8(progname) unless progname.to_s.empty?
      record.update(error_fields(message)) if message.is_a?(Exception)
      "#{JSON.generate(record.compact)}\n"
    end

    private

    def text_of(message)
      Channel.utf8(message.is_a?(Exception) ? message.message : msg2str(message))
    end

    def error_fields(error)
      frame = error.backtrace_locations&.first
      location = "#{frame.path}:#{frame.label}:#{frame.lineno}" if frame
      { errorType: error.class.to_s, errorMessage: Channel.utf8(error.message),
        stackTrace: Array(error.backtrace).map { |line| Channel.utf8(line) }, location: location }
    end
  end

  # What AWS changes of Logger, and what our frames need.
  module LoggerPatch
    def initialize(logdev, *arguments, level: LoggerPatch.level, **options)
      return super if logdev && !logdev.equal?($stdout) && !logdev.equal?($stderr)

      super(LogSink.new(LambdaLogger.channel), *arguments, level: level, **options)
      @default_formatter = Lambd.json_logs? ? JsonLogFormatter.new : LogFormatter.new
      self.datetime_format = options[:datetime_format]
    end

    def add(severity, *)
      Thread.current[:lambd_severity] = severity
      super
    ensure
      Thread.current[:lambd_severity] = nil
    end

    # The level of the logging configuration, which exists with the JSON format only.
    def self.level
      name = Lambd.json_logs? ? ENV.fetch('AWS_LAMBDA_LOG_LEVEL', '').upcase : ''
      name.empty? || name == 'TRACE' ? 'DEBUG' : name
    end
  end
end

Logger.prepend(Lambd::LoggerPatch)
