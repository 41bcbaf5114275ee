# SPDX-License-Identifier: Apache-2.0
"""The conformance suite of the languages against a daemon: the cases of tests/runtimes/cases.py, and what needs one."""
import subprocess

import pytest
from cases import *  # noqa: F403
from cases import case
from daemon_peer import Deployed
from languages import LANGUAGES

from support.zips import make_zip, zip_folder


# The first test of such a language waits until its compiler is done.
LONG = [pytest.mark.long, pytest.mark.timeout(1800)]


@pytest.fixture(scope='session', params=[
    pytest.param(language.name, marks=LONG if language.is_long else []) for language in LANGUAGES.values()])
def language(request):
    return request.param


@pytest.fixture(scope='session')
def facts(language):
    return LANGUAGES[language]


@pytest.fixture(scope='session')
def package(facts):
    """The zip of functions/<language>, built if it has to be."""
    return zip_folder(facts.build(facts))


@pytest.fixture
def deploy(functions, facts, package):
    """Deploy functions/<language> with any handler string."""
    def create(handler, variables=None, **arguments):
        arguments = {'Runtime': facts.runtime, 'Handler': handler, 'MemorySize': int(facts.memory_limit),
                     'Environment': {'Variables': variables or {}}} | arguments
        return Deployed(functions.create(package, **arguments), facts, handler, variables or {})
    return create


@pytest.fixture
def suite(deploy, facts):
    """Deploy a handler of functions/<language>."""
    return lambda handler, variables=None, **more: deploy(facts.handler.format(handler), variables, **more)


@case('Timeouts')
def test_timeout(suite):
    """The caller hears of it, and a fresh process serves the next one."""
    function = suite('pause', Timeout=4)
    answer = function.invoke(True)
    assert answer.json['errorType'] == 'Sandbox.Timedout'
    assert answer.json['errorMessage'].endswith('Error: Task timed out after 4.00 seconds')
    assert function.invoke(False).json == 'awake'


@case('Reuse')
def test_fresh_process_after_an_exit(suite):
    function = suite('leave_or_count')
    assert [function.invoke(None).json for _ in range(2)] == [1, 2]
    assert function.invoke(3).kind == 'EXIT'
    assert function.invoke(None).json == 1


@case('Init errors')
def test_init_error_is_told_to_the_caller(deploy, facts):
    answer = deploy(facts.absent_module).invoke({})
    assert answer.json['errorType'] == facts.import_error


@case('Logs: text')
def test_log_line(suite):
    function = suite('log')
    answer = function.invoke('written by the logger')
    assert 'written by the logger' in function.printed(answer)


FRAMED = [pytest.param(name, marks=LONG) for name in ('awslambdaric', 'aws-lambda-ric')]


@pytest.mark.parametrize('language', FRAMED, indirect=True)
def test_record_of_several_lines_is_one_event(suite, daemon):
    """AWS's own clients write their records to the descriptor that _LAMBDA_TELEMETRY_LOG_FD names."""
    suite('log').invoke('line one\nline two\n line three')
    log = daemon.wait_for_log('line three')
    assert '\tline one\n\tline two\n\t line three\n' in log.replace('[INFO]\t', '').replace('INFO\t', '\t')


@case('Logs: JSON and levels')
def test_log_levels(suite):
    function = suite('log_warning', LoggingConfig={
        'LogFormat': 'JSON', 'ApplicationLogLevel': 'WARN', 'SystemLogLevel': 'INFO'})
    (log,) = function.invoke({}).logs
    assert 'high enough' in log
    assert 'too low' not in log


GEMSPEC = '''
Gem::Specification.new do |s|
  s.name = '{0}'
  s.version = '1.0.0'
  s.summary = s.authors = 'x'
  s.files = ['lib/{0}.rb']
end
'''


@pytest.mark.parametrize('version', ['3.4.0', None], ids=['of the runtime', 'of the host'])
def test_ruby_gems_in_the_package(functions, version):
    """Gems are found where bundler puts them for the Ruby asked for, and for the one that the host has."""
    version = version or subprocess.run(['ruby', '-e', 'print RbConfig::CONFIG["ruby_version"]'],
                                        check=True, stdout=subprocess.PIPE, text=True).stdout
    gems = f'vendor/bundle/ruby/{version}'
    function = functions.create({
        'app.rb': "require 'greeter'\ndef handler(event:, context:) = GREETING\n",
        f'{gems}/specifications/greeter-1.0.0.gemspec': GEMSPEC.format('greeter'),
        f'{gems}/gems/greeter-1.0.0/lib/greeter.rb': "GREETING = 'hello'\n",
    }, Runtime='ruby3.4')
    assert function.invoke().json == 'hello'


def test_ruby_layers(client, functions):
    """A layer's ruby/lib and ruby/gems/<version>."""
    gems = 'ruby/gems/3.4.0'
    layer = client.publish_layer_version(LayerName='ruby-libraries', Content={'ZipFile': make_zip({
        'ruby/lib/helper.rb': 'HELP = 1\n',
        f'{gems}/specifications/greeter-1.0.0.gemspec': GEMSPEC.format('greeter'),
        f'{gems}/gems/greeter-1.0.0/lib/greeter.rb': "GREETING = 'hello'\n",
    })})
    function = functions.create(
        {'app.rb': "require 'helper'\nrequire 'greeter'\ndef handler(event:, context:) = [HELP, GREETING]\n"},
        Runtime='ruby3.4', Layers=[layer['LayerVersionArn']])
    assert function.invoke().json == [1, 'hello']
    client.delete_layer_version(LayerName='ruby-libraries', VersionNumber=layer['Version'])
