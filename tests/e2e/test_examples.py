# SPDX-License-Identifier: Apache-2.0
"""Every folder of examples/, built with its own build script and deployed with the lambd program."""
import base64
import io
import json
import os
import pathlib
import subprocess
import sys
import uuid
import zipfile

import pytest

from support.functions import NODE, PROVIDED, PYTHON

EXAMPLES = pathlib.Path(__file__).parent.parent.parent / 'examples'
VENV_PYTHON = pathlib.Path(sys.executable)


@pytest.fixture
def example(lambd, program, tmp_path):
    """example(folder, runtime, handler, …): build if there is something to build, deploy; a function to invoke it."""
    names = []

    def deploy(folder, runtime, handler, *options):
        source = EXAMPLES / folder
        if (source / 'build').is_file():
            out = tmp_path / folder
            subprocess.run([source / 'build', out], check=True, timeout=600,
                           env=os.environ | {'PYTHON': str(VENV_PYTHON), 'HOME': os.environ.get('HOME', str(tmp_path)),
                                             'BOOTSTRAP_JAR': str(program.parent / 'runtimes/java/bootstrap.jar')})
            source = out
        name = f'example-{folder}'
        names.append(name)
        lambd('deploy', source, '--name', name, '--runtime', runtime, '--handler', handler, *options)
        return lambda payload='{}', **more: lambd('invoke', name, '--tail', '--payload', '-', input=payload, **more)
    yield deploy
    for name in names:
        lambd('rm', name)


def test_hello(example):
    done = example('hello', PYTHON, 'app.handler')()
    assert json.loads(done.stdout) == {'statusCode': 200, 'body': 'Hello from Lambda!'}
    assert '\nREPORT RequestId: ' in done.stderr


def test_env(example):
    done = example('env', PYTHON, 'app.handler', '--env', 'GREETING=good morning')()
    assert json.loads(done.stdout) == 'good morning'
    assert 'good morning' in done.stderr.splitlines()


def test_ruby(example):
    invoke = example('ruby', 'ruby3.4', 'app.Words.count')
    done = invoke('{"text": "to be or not to be"}')
    assert json.loads(done.stdout) == {
        'counts': {'to': 2, 'be': 2, 'or': 1, 'not': 1},
        'sha256': '2e9d72a733ae5a6c1c1ebd6802a33dfc92854bfc3439878e5d77dac320995f54'}
    assert '6 words for example-ruby' in done.stderr.splitlines()
    failed = invoke('{}', check=False)
    assert failed.returncode == 3
    assert json.loads(failed.stdout)['errorType'] == 'Function<KeyError>'


def test_dotnet(example):
    invoke = example('dotnet', 'dotnet8', 'Shop::Shop.Function::Bill', '--memory', '256')
    done = invoke('{"customer": "Ada", "Items": [{"Name": "tea", "Price": 2.5, "Count": 4}]}')
    assert json.loads(done.stdout) == {'Customer': 'Ada', 'Total': 10.0}
    assert '\tinfo\tbilling 1 items\n' in done.stderr
    failed = invoke('{}', check=False)
    assert failed.returncode == 3
    body = json.loads(failed.stdout)
    assert (body['errorType'], body['errorMessage']) == ('ArgumentException', 'an order without items')


def test_java(example):
    invoke = example('java', 'java21', 'shop.Bill', '--memory', '256')
    done = invoke('{"customer": "Ada", "items": [{"name": "tea", "price": 2.5, "count": 4}]}')
    assert json.loads(done.stdout) == {'customer': 'Ada', 'total': 10.0}
    assert 'billing 1 items' in done.stderr.splitlines()
    failed = invoke('{}', check=False)
    assert failed.returncode == 3
    body = json.loads(failed.stdout)
    assert (body['errorType'], body['errorMessage']) == ('java.lang.IllegalArgumentException', 'an order without items')


def test_bash(example):
    invoke = example('bash', PROVIDED, 'any')
    for n in range(3):
        done = invoke(f'{{"n": {n}}}')
        assert json.loads(done.stdout) == {'event': {'n': n}, 'function': 'example-bash'}
        assert 'handling 8 bytes' in done.stderr.splitlines()


@pytest.fixture(scope='session')
def photograph(tmp_path_factory):
    """A real photograph: one that scikit-learn's wheel carries (China's Summer Palace, by Sudheesh, CC BY)."""
    folder = tmp_path_factory.mktemp('photograph')
    subprocess.run([VENV_PYTHON, '-m', 'pip', 'download', '--quiet', '--disable-pip-version-check', '--no-deps',
                    '--only-binary', ':all:', '--dest', folder, 'scikit-learn'], check=True, timeout=300)
    with zipfile.ZipFile(next(folder.glob('*.whl'))) as wheel:
        return wheel.read('sklearn/datasets/images/china.jpg')


@pytest.mark.long
def test_thumbnail(example, photograph):
    """A photograph in, a smaller JPEG out that opens."""
    from PIL import Image
    original = Image.open(io.BytesIO(photograph))
    invoke = example('thumbnail', PYTHON, 'app.handler', '--memory', '512', '--timeout', '30')
    event = json.dumps({'image': base64.b64encode(photograph).decode(), 'width': 200})
    answer = json.loads(invoke(event).stdout)
    small = base64.b64decode(answer['image'])
    assert len(small) < len(photograph) / 4
    picture = Image.open(io.BytesIO(small))
    picture.load()
    assert picture.format == 'JPEG'
    assert picture.size == (answer['width'], answer['height'])
    assert picture.width == 200
    assert abs(picture.height / picture.width - original.height / original.width) < 0.01
    # It is the same picture: scaled to one pixel, both have nearly the same colour.
    colours = [image.convert('RGB').resize((1, 1), Image.Resampling.BOX).getpixel((0, 0)) for image in (original, picture)]
    assert all(abs(a - b) <= 4 for a, b in zip(*colours)), colours


@pytest.mark.long
def test_node_commonjs(example):
    done = example('node-cjs', NODE, 'index.handler')('{"yaml": "a: [1, two]\\nb: {c: null}"}')
    assert json.loads(done.stdout) == {'a': [1, 'two'], 'b': {'c': None}}
    assert 'characters of YAML' in done.stderr


@pytest.mark.long
def test_node_es_module(example):
    done = example('node-esm', NODE, 'index.handler')('{"name": "example.org"}')
    assert json.loads(done.stdout) == {'name': 'example.org', 'uuid': str(uuid.uuid5(uuid.NAMESPACE_DNS, 'example.org'))}


@pytest.mark.long
def test_go(example):
    invoke = example('go', PROVIDED, 'bootstrap', '--memory', '128')
    done = invoke('{"name": "Ada"}')
    answer = json.loads(done.stdout)
    assert answer['message'] == 'Hello Ada!'
    assert f'START RequestId: {answer["requestId"]} ' in done.stderr
    assert 'greeting Ada' in done.stderr
    failed = invoke('{}', check=False)
    assert failed.returncode == 3
    assert json.loads(failed.stdout) == {'errorMessage': 'name is missing', 'errorType': 'errorString'}
    assert json.loads(invoke('{"name": "Bob"}').stdout)['message'] == 'Hello Bob!'
