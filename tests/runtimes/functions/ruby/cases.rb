# SPDX-License-Identifier: Apache-2.0
# frozen_string_literal: true

# The Ruby half of the cases that every language's client must pass.

$count = 0

def echo(event:, context:)
  event
end

def nothing(event:, context:); end

def counter(event:, context:)
  $count += 1
end

def big(event:, context:)
  'x' * event
end

def environment(event:, context:)
  ENV.to_h
end

def directory(event:, context:)
  Dir.pwd
end

def describe(event:, context:)
  {
    functionName: context.function_name,
    functionVersion: context.function_version,
    invokedFunctionArn: context.invoked_function_arn,
    memoryLimitInMB: context.memory_limit_in_mb,
    awsRequestId: context.aws_request_id,
    logGroupName: context.log_group_name,
    logStreamName: context.log_stream_name,
    tenantId: context.tenant_id,
    identityId: context.identity&.fetch('cognitoIdentityId'),
    identityPoolId: context.identity&.fetch('cognitoIdentityPoolId'),
    custom: context.client_context&.fetch('custom'),
    env: context.client_context&.fetch('env'),
    appTitle: context.client_context&.dig('client', 'app_title'),
    remaining: context.get_remaining_time_in_millis
  }
end

class CustomError < StandardError; end

def fail(event:, context:)
  raise CustomError, event
end

def fail_long(event:, context:)
  raise CustomError, 'm' * 300_000
end

def say(event:, context:)
  $stdout.puts event
  'said'
end

def say_part(event:, context:)
  $stdout.write event
  'said'
end

def unserialisable(event:, context:)
  { bad: Float::NAN }
end

def leave(event:, context:)
  exit!(event)
end

def kill(event:, context:)
  Process.kill(:KILL, Process.pid)
  sleep
end

def log(event:, context:)
  Logger.new($stdout).info(event)
end

def log_warning(event:, context:)
  logger = Logger.new($stdout)
  logger.info('too low')
  logger.warn('high enough')
end

def children(event:, context:)
  `readlink /proc/self/fd/*`.split
end

def pause(event:, context:)
  sleep if event
  'awake'
end

def leave_or_count(event:, context:)
  exit!(event) if event
  counter(event: event, context: context)
end
