# SPDX-License-Identifier: Apache-2.0
"""What a function finds around it, and what becomes of one that fails there."""
import pytest
from replay import module, recorded

COUNTER = {
    'python': ('python3.12', module('''
        counter = -1
        def handler(event, context):
            global counter
            counter += 1
            return {"counter": counter}
        ''')),
    'nodejs': ('nodejs22.x', module('''
        let counter = -1;
        exports.handler = async () => ({counter: ++counter});
        ''', 'handler.js')),
}
INTROSPECTION = '''
    import os, getpass, grp, platform, pwd, stat, subprocess

    def facts(path):
        found = os.stat(path)
        return {"mode": stat.filemode(found.st_mode), "uid": found.st_uid, "owner": pwd.getpwuid(found.st_uid).pw_name,
                "gid": found.st_gid}

    def handler(event, context):
        return {
            "event": event,
            "user_login_name": getpass.getuser(),
            "user_whoami": subprocess.run(["whoami"], capture_output=True, text=True, check=True).stdout.strip(),
            "platform_system": platform.system(), "platform_machine": platform.machine(),
            "pwd": os.getcwd(),
            "paths": {path.replace("/", "_") + "_" + name: value
                      for path in ("/var/task", "/opt", "/tmp", "/lambda-entrypoint.sh")
                      for name, value in facts(path).items()},
        }
    '''
ULIMITS = '''
    import resource

    NAMES = "AS CORE CPU DATA FSIZE MEMLOCK NOFILE NPROC RSS STACK"

    def handler(event, context):
        return {"RLIMIT_" + name: resource.getrlimit(getattr(resource, "RLIMIT_" + name)) for name in NAMES.split()}
    '''


@pytest.mark.parametrize('language', COUNTER)
@recorded('TestLambdaBehavior::test_lambda_cache_local')
def test_lambda_cache_local(case, language):
    runtime, code = COUNTER[language]
    name = case.function(Runtime=runtime, Code=code)
    case.invoke('first_invoke_result', name)
    case.invoke('second_invoke_result', name)


@recorded('TestLambdaBehavior::test_lambda_invoke_with_timeout')
def test_lambda_invoke_with_timeout(case):
    name = case.created('create-result', case.helped(Timeout=1, Code=module('''
        import signal
        def handler(event, context):
            signal.pause()
        ''')))
    case.invoke('invoke-result', name, {})


@recorded('TestLambdaBehavior::test_runtime_introspection_x86')
def test_runtime_introspection_x86(case):
    case.invoke('invoke_runtime_x86_introspection', case.function(Code=module(INTROSPECTION)))


@recorded('TestLambdaBehavior::test_runtime_ulimits')
def test_runtime_ulimits(case):
    case.invoke('invoke_runtime_ulimits', case.function(Code=module(ULIMITS)))


@recorded('TestLambdaErrors::test_lambda_runtime_error')
def test_lambda_runtime_error(case):
    """Which frames of importlib there are follows from the interpreter, and so do its path and its line numbers."""
    name = case.function(Runtime='python3.13', Handler='lambda_runtime_error.handler',
                         Code=module('raise Exception("Runtime startup fails")\n', 'lambda_runtime_error.py'))
    case.invoke('invocation_error', name)


@recorded('TestLambdaErrors::test_lambda_runtime_exit')
def test_lambda_runtime_exit(case):
    name = case.function(Code=module('''
        import os
        def handler(event, context):
            os._exit(0)
        '''))
    case.invoke('invocation_error', name)


# A service with a host prefix for one operation, asked for something that does not exist, with the prefix and without.
HOST_PREFIX = '''
    import json, os, urllib.error, urllib.parse, urllib.request

    def start_sync_execution(prefix):
        url = urllib.parse.urlsplit(os.environ["AWS_ENDPOINT_URL"])
        arn = "arn:aws:states:%s:111111111111:stateMachine:nothing" % os.environ["AWS_REGION"]
        request = urllib.request.Request(url.geturl(), json.dumps({"stateMachineArn": arn}).encode(), {
            "Host": prefix + url.netloc, "Content-Type": "application/x-amz-json-1.0",
            "X-Amz-Target": "AWSStepFunctions.StartSyncExecution"})
        try:
            urllib.request.urlopen(request)
        except urllib.error.HTTPError as error:
            if b"StateMachineDoesNotExist" in error.read():
                return {"status": "success"}
        return {"status": "failure"}

    def handler(event, context):
        return {name: start_sync_execution(prefix) for name, prefix in (
            ("host_prefix", "sync-"), ("host_prefix_localstack_domain", "sync-"), ("no_host_prefix", ""))}
    '''


@recorded('TestLambdaBehavior::test_lambda_host_prefix_api_operation')
def test_lambda_host_prefix_api_operation(case):
    case.invoke('invoke-result', case.function(Code=module(HOST_PREFIX)))
