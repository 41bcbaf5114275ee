# SPDX-License-Identifier: Apache-2.0
"""What is special about one runtime."""
import datetime
import shutil

import builds
import pytest
from replay import module, recorded
from support.zips import make_zip, zip_folder

GO = '''
package main

import (
	"errors"

	"github.com/aws/aws-lambda-go/lambda"
)

func handler() (string, error) { return "", errors.New("Error: some_error_msg") }

func main() { lambda.Start(handler) }
'''
JAVA_HANDLER = '''
package cloud.localstack.sample;

import com.amazonaws.services.lambda.runtime.Context;
import com.amazonaws.services.lambda.runtime.RequestHandler;
import java.util.Map;
import library.Quoted;

public class LambdaHandlerWithLib implements RequestHandler<Map<String, String>, String> {
    @Override
    public String handleRequest(Map<String, String> event, Context context) {
        return "{" + Quoted.of("echo") + ":" + Quoted.of(event.get("echo")) + "}";
    }
}
'''
JAVA_LIBRARY = '''
package library;

public class Quoted {
    public static String of(String text) {
        return '"' + text + '"';
    }
}
'''


@pytest.fixture(scope='module')
def go_program():
    folder = builds.fresh_folder()
    for name in ('go.mod', 'go.sum'):
        shutil.copy(builds.FUNCTIONS / 'go' / name, folder)
    (folder / 'main.go').write_text(GO)
    builds.run('go', 'build', '-tags', 'lambda.norpc', '-o', 'bootstrap', '.', cwd=folder, CGO_ENABLED='0',
               GOFLAGS='-mod=readonly')
    return make_zip({('bootstrap', 0o755): (folder / 'bootstrap').read_bytes()})


@pytest.mark.long
@pytest.mark.timeout(1800)
@pytest.mark.parametrize('runtime', ['provided.al2023'])
@recorded('TestGoProvidedRuntimes::test_uncaught_exception_invoke')
def test_uncaught_exception_invoke(case, go_program, runtime):
    name = case.created('create_function_result', case.arguments(
        Runtime=runtime, Handler='function.handler', MemorySize=1024, Code={'ZipFile': go_program}))
    case.invoke('error_result', name)


def compile_java(target, source, name, *options):
    path = builds.fresh_folder() / f'{name}.java'
    path.write_text(source)
    builds.run('javac', '--release', '11', *options, '-d', target, path)


@pytest.fixture(scope='module')
def java_folder():
    """A class at the root of the package, and a library below lib/."""
    classes, package = builds.fresh_folder(), builds.fresh_folder()
    compile_java(classes, JAVA_LIBRARY, 'Quoted')
    (package / 'lib').mkdir()
    builds.run('jar', '--create', '--file', package / 'lib/quoted.jar', '-C', classes, '.')
    compile_java(package, JAVA_HANDLER, 'LambdaHandlerWithLib',
                 '-cp', f'{classes}:{builds.java_client()}/bootstrap.jar')
    return package


def jar(folder):
    """As a build tool packs what it has compiled."""
    archive = builds.fresh_folder() / 'function.jar'
    builds.run('jar', '--create', '--file', archive, '-C', folder, '.')
    return archive.read_bytes()


def jars_only(folder):
    """The function's own classes as another jar beside its library."""
    classes = builds.fresh_folder()
    shutil.copytree(folder / 'cloud', classes / 'cloud')
    return make_zip({'lib/function.jar': jar(classes), 'lib/quoted.jar': (folder / 'lib/quoted.jar').read_bytes()})


@recorded('TestJavaRuntimes::test_java_runtime_with_lib')
def test_java_runtime_with_lib(case, java_folder):
    for what, pack in [('jar-with-lib', jar), ('zip-with-lib', zip_folder), ('zip-with-lib-gradle', jars_only)]:
        name = case.created(f'create-result-{what}', case.helped(
            Runtime='java11', Handler='cloud.localstack.sample.LambdaHandlerWithLib',
            Code={'ZipFile': pack(java_folder)}))
        case.invoke(f'invoke-result-{what}', name, {'echo': 'echo'})


@pytest.mark.parametrize('runtime', ['nodejs22.x'])
@recorded('TestNodeJSRuntimes::test_invoke_nodejs_es6_lambda')
def test_invoke_nodejs_es6_lambda(case, runtime):
    name = case.created('creation-result', case.helped(
        Runtime=runtime, Handler='lambda_handler_es6.handler', Code=module('''
            export const handler = async (event) => ({
                statusCode: 200, body: JSON.stringify(`response from localstack lambda: ${JSON.stringify(event)}`)});
            ''', 'lambda_handler_es6.mjs')))
    case.invoke('invocation-result', name, {'event_type': 'test_lambda'})


@recorded('TestCloudwatchLogs::test_multi_line_prints')
def test_multi_line_prints(case):
    name = case.function(Runtime='python3.13', Code=module(r'''
        def handler(event, context):
            print("multi\nline\nstring")
            print("another\rline")
        '''))
    case.client.invoke(FunctionName=name)

    def written():
        return [{'logStreamName': stream, 'message': message + '\n',
                 'timestamp': int(datetime.datetime.fromisoformat(time).timestamp() * 1000)}
                for time, stream, message in case.daemon.log_events(name)]
    case.wait_until(lambda: written() and written()[-1]['message'].startswith('REPORT'))
    case.match('log-events', written())
