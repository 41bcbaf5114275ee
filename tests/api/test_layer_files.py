# SPDX-License-Identifier: Apache-2.0
"""What functions find at /opt: the files of their layers, where each language looks for them."""
import fcntl
import os
import subprocess

import pytest

from support.functions import NODE, PROVIDED, PYTHON, Factory
from support.layers import Layers

GREETING = 'import greeting\ndef handler(event, context):\n    return greeting.TEXT\n'
READ = """
    import os
    def handler(event, context):
        found = {}
        for folder, _, names in os.walk('/opt'):
            for name in names:
                path = os.path.join(folder, name)
                found[path] = open(path).read()
        return found
"""
RUBY = 'ruby3.3'
PYTHON_VERSION = PYTHON.removeprefix('python')
RUBY_VERSION = RUBY.removeprefix('ruby')


@pytest.fixture
def layer(client):
    """layer({path: content}): publish one; the ARN of the version."""
    layers = Layers(client)
    yield lambda files: layers.publish(files)['LayerVersionArn']
    layers.clean()


@pytest.fixture(scope='module')
def library(tmp_path_factory):
    """libanswer.so, which needs nothing and knows one function."""
    folder = tmp_path_factory.mktemp('library')
    source = folder / 'answer.c'
    source.write_text('int answer(void) { return 42; }\n')
    subprocess.run(['cc', '-shared', '-fPIC', '-nostdlib', '-o', folder / 'libanswer.so', source], check=True)
    return (folder / 'libanswer.so').read_bytes()


def test_merged_in_order(functions, layer):
    """Later layers lie on top of earlier ones; folders are merged."""
    first = layer({'both.txt': 'first', 'data/first.txt': '1', 'data/both.txt': 'first'})
    second = layer({'both.txt': 'second', 'data/second.txt': '2', 'data/both.txt': 'second'})
    for arns, on_top in (([first, second], 'second'), ([second, first], 'first')):
        assert functions.create(READ, Layers=arns).invoke().json == {
            '/opt/both.txt': on_top, '/opt/data/both.txt': on_top, '/opt/data/first.txt': '1',
            '/opt/data/second.txt': '2'}


def test_five_layers(functions, layer):
    arns = [layer({'top.txt': str(i), f'{i}.txt': 'x'}) for i in range(5)]
    assert functions.create(READ, Layers=arns).invoke().json == {
        '/opt/top.txt': '4', **{f'/opt/{i}.txt': 'x' for i in range(5)}}


def test_the_same_package_twice(functions, layer):
    """Two layers of one content are one package, mounted all the same."""
    arns = [layer({'a.txt': 'a'}), layer({'a.txt': 'a'})]
    assert functions.create(READ, Layers=arns).invoke().json == {'/opt/a.txt': 'a'}


def test_read_only(functions, layer):
    code = """
        import errno, os
        def handler(event, context):
            try:
                open('/opt/new.txt', 'w')
            except OSError as error:
                return errno.errorcode[error.errno]
    """
    for arns in ([layer({'a.txt': 'a'})], [layer({'b.txt': 'b'}), layer({'c.txt': 'c'})]):
        assert functions.create(code, Layers=arns).invoke().json == 'EROFS'


def test_python_modules(functions, layer):
    plain = layer({'python/greeting.py': 'TEXT = "python"\n'})
    site = layer({f'python/lib/python{PYTHON_VERSION}/site-packages/greeting.py': 'TEXT = "site-packages"\n'})
    assert functions.create(GREETING, Layers=[plain]).invoke().json == 'python'
    assert functions.create(GREETING, Layers=[site]).invoke().json == 'site-packages'
    assert functions.create(GREETING, Layers=[plain, site]).invoke().json == 'site-packages'
    own = functions.create({'app.py': GREETING, 'greeting.py': 'TEXT = "function"\n'}, Layers=[plain, site])
    assert own.invoke().json == 'function'


def test_python_without_the_layer(functions):
    answer = functions.create(GREETING).invoke()
    assert answer.error == 'Unhandled'
    assert answer.json['errorType'] == 'Runtime.ImportModuleError'


def test_node_modules(functions, layer):
    major = NODE.removeprefix('nodejs').removesuffix('.x')
    app = {'app.js': "exports.handler = async () => require('greeting');\n"}
    plain = layer({'nodejs/node_modules/greeting/index.js': "module.exports = 'plain';\n"})
    of_version = layer({f'nodejs/node{major}/node_modules/greeting/index.js': "module.exports = 'versioned';\n"})
    for arns, expected in (([plain], 'plain'), ([of_version], 'versioned'), ([plain, of_version], 'versioned')):
        assert functions.create(app, Runtime=NODE, Layers=arns).invoke().json == expected


def test_ruby_libraries(functions, layer):
    app = {'app.rb': "require 'greeting'\ndef handler(event:, context:)\n  Greeting::TEXT\nend\n"}
    library = layer({'ruby/lib/greeting.rb': "module Greeting\n  TEXT = 'library'\nend\n"})
    gem = layer({
        f'ruby/gems/{RUBY_VERSION}.0/specifications/greeting-1.0.gemspec':
            "Gem::Specification.new { |s| s.name = 'greeting'; s.version = '1.0'; s.summary = 's'; "
            "s.authors = ['a']; s.files = ['lib/greeting.rb'] }\n",
        f'ruby/gems/{RUBY_VERSION}.0/gems/greeting-1.0/lib/greeting.rb': "module Greeting\n  TEXT = 'gem'\nend\n"})
    for arn, expected in ((library, 'library'), (gem, 'gem')):
        assert functions.create(app, Runtime=RUBY, Layers=[arn]).invoke().json == expected


def test_programs_and_libraries(functions, layer, library):
    code = """
        import ctypes, subprocess
        def handler(event, context):
            return [ctypes.CDLL('libanswer.so').answer(), subprocess.check_output(['hello'], text=True)]
    """
    arn = layer({'lib/libanswer.so': library, ('bin/hello', 0o755): '#!/bin/sh\necho "hello from $0"\n'})
    assert functions.create(code, Layers=[arn]).invoke().json == [42, 'hello from /opt/bin/hello\n']


@pytest.mark.parametrize('runtime, files', [
    (PYTHON, {'app.py': "import os\ndef handler(event, context):\n    return os.environ.get('WRAPPED')\n"}),
    (NODE, {'app.js': 'exports.handler = async () => process.env.WRAPPED ?? null;\n'}),
    (RUBY, {'app.rb': "def handler(event:, context:)\n  ENV['WRAPPED']\nend\n"}),
])
def test_wrapper(functions, layer, runtime, files):
    """It gets the interpreter's command line, and what it does to the environment stays."""
    arn = layer({('wrapper', 0o755): '#!/bin/sh\nexport WRAPPED="$# arguments"\nexec "$@"\n'})
    wrapped = functions.create(files, Runtime=runtime, Layers=[arn],
                               Environment={'Variables': {'AWS_LAMBDA_EXEC_WRAPPER': '/opt/wrapper'}})
    assert wrapped.invoke().json.endswith(' arguments')
    assert functions.create(files, Runtime=runtime, Layers=[arn]).invoke().json is None


BOOTSTRAP = """#!/usr/bin/python3
import http.client, os
while True:
    api = http.client.HTTPConnection(os.environ['AWS_LAMBDA_RUNTIME_API'])
    api.request('GET', '/2018-06-01/runtime/invocation/next')
    event = api.getresponse()
    payload = event.read()
    api.request('POST', f"/2018-06-01/runtime/invocation/{event.headers['Lambda-Runtime-Aws-Request-Id']}/response",
                b'[%s, "' + open(__file__, 'rb').name.encode() + b'"]')
    api.getresponse().read()
"""


def test_custom_runtime(functions, layer):
    """A layer brings the runtime; a bootstrap of the function's own goes before."""
    arn = layer({('bootstrap', 0o755): BOOTSTRAP.replace('%s', '1')})
    assert functions.create({'x': ''}, Runtime=PROVIDED, Layers=[arn]).invoke({}).json == [1, '/opt/bootstrap']
    own = functions.create({('bootstrap', 0o755): BOOTSTRAP.replace('%s', '2')}, Runtime=PROVIDED, Layers=[arn])
    assert own.invoke({}).json == [2, '/var/task/bootstrap']


def test_update(client, functions, layer):
    """Warm environments keep their layers; the function has new ones."""
    first, second = layer({'a.txt': '1'}), layer({'a.txt': '2'})
    function = functions.create(READ, Layers=[first])
    assert function.invoke().json == {'/opt/a.txt': '1'}
    client.publish_version(FunctionName=function.name)
    for arns, expected in (([second], {'/opt/a.txt': '2'}), ([], {})):
        client.update_function_configuration(FunctionName=function.name, Layers=arns)
        assert function.wait_updated().invoke().json == expected
    assert function.invoke(Qualifier='1').json == {'/opt/a.txt': '1'}


def wipe(code):
    """When the jail of a daemon that was killed has gone, too: it holds a lock on this folder."""
    fd = os.open(code, os.O_RDONLY)
    fcntl.flock(fd, fcntl.LOCK_EX)
    code.rename(code.with_name('wiped'))
    os.close(fd)


@pytest.mark.parametrize('how', ['stop', 'kill'])
def test_restart(own_daemon, connect, how):
    """A function has its layers for good: after a restart, when they were deleted, and when they have to be unpacked
    again."""
    client = connect(own_daemon.start().endpoint)
    layers = Layers(client)
    files = [{'python/greeting.py': 'TEXT = "hello"\n'}, {'a.txt': 'a'}, {'b.txt': 'b'}]
    arns = [layers.publish(content)['LayerVersionArn'] for content in files]
    function = Factory(client).create(GREETING, Layers=arns)
    layers.clean()
    assert function.invoke().json == 'hello'
    for wipes in (False, True):
        getattr(own_daemon, how)()
        if wipes:
            wipe(own_daemon.state_dir / 'code')
        function.client = connect(own_daemon.start().endpoint)
        assert function.invoke().json == 'hello'
