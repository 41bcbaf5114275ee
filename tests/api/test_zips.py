# SPDX-License-Identifier: Apache-2.0
"""Code packages: limits, and hostile zips. A refused package leaves nothing behind, anywhere."""
import base64
import hashlib
import io
import os
import struct
import time
import zipfile

import pytest

from support.errors import refused
from support.functions import PYTHON, ROLE
from support.zips import entry, make_zip

BROKEN = 'Could not unzip uploaded file. Please check your file, then try to upload again.'
TOO_BIG = 'Unzipped size must be smaller than 262144000 bytes'
APP = {'app.py': 'def handler(event, context):\n    return 1\n'}


def zip_with(*items):
    """items: (ZipInfo or name, content)"""
    data = io.BytesIO()
    with zipfile.ZipFile(data, 'w') as archive:
        for info, content in items:
            archive.writestr(info, content)
    return data.getvalue()


def special(name, kind, content=b''):
    return zip_with((entry('app.py'), b''), (entry(name, 0o777, kind), content))


def lying_size(declared):
    """A member that unpacks to 1 MB and declares another size in both headers."""
    data = bytearray(make_zip({'data.bin': bytes(1_000_000)}))
    local = data.index(b'PK\x03\x04')
    central = data.index(b'PK\x01\x02')
    struct.pack_into('<I', data, local + 22, declared)
    struct.pack_into('<I', data, central + 24, declared)
    return bytes(data)


def bomb():
    """300 MB of zeros in 300 KB."""
    data = io.BytesIO()
    with zipfile.ZipFile(data, 'w', zipfile.ZIP_DEFLATED) as archive:
        with archive.open('zeros.bin', 'w') as member:
            for _ in range(300):
                member.write(bytes(1_000_000))
    return data.getvalue()


def many_entries(count):
    data = io.BytesIO()
    with zipfile.ZipFile(data, 'w', zipfile.ZIP_STORED) as archive:
        for i in range(count):
            archive.writestr(f'd/{i}', b'')
    return data.getvalue()


def cut(data):
    return data[:len(data) // 2]


def corrupt(data):
    middle = data.index(b'PK\x03\x04') + 45
    return data[:middle] + bytes(b ^ 0xff for b in data[middle:middle + 8]) + data[middle + 8:]


LINK, DEVICE = 0o120000, 0o020000

HOSTILE = {
    'parent': lambda: zip_with(('../escape', b'x')),
    'parent-inside': lambda: zip_with(('a/../../escape', b'x')),
    'absolute': lambda: zip_with(('/tmp/lambd-escape', b'x')),
    'backslash-parent': lambda: zip_with(('..\\escape', b'x'), ('../x', b'')),
    'link-absolute': lambda: special('link', LINK, b'/etc/passwd'),
    'link-parent': lambda: special('link', LINK, b'../../../etc/passwd'),
    'write-through-link': lambda: zip_with((entry('d', 0o777, LINK), b'/tmp'), ('d/lambd-escape', b'x')),
    'device': lambda: special('null', DEVICE),
    'bomb': bomb,
    'lying-small': lambda: lying_size(10),
    'lying-large': lambda: lying_size(1_000_001),
    'many-entries': lambda: many_entries(100_000),
    'file-as-folder': lambda: zip_with(('a', b'x'), ('a/b', b'x')),
    'long-name': lambda: zip_with(('n' * 5000, b'x')),
    'deep': lambda: zip_with(('/'.join('d' * 1 for _ in range(2000)), b'x')),
    'cut': lambda: cut(make_zip(APP | {'b': os.urandom(5000)})),
    'corrupt': lambda: corrupt(make_zip({'b': os.urandom(5000)})),
    'text': lambda: b'this is no zip',
    'tar': lambda: b'app.py' + bytes(1018),
}


def left_behind(daemon, package):
    """What stays of this package, or of any upload, below the state directory. The answer may come before the upload's
    file is gone, hence the (bounded) second look."""
    digest = hashlib.sha256(package).hexdigest()
    end = time.monotonic() + 5
    while True:
        left = [str(path) for folder in ('packages', 'spool', 'code') for path in (daemon.state_dir / folder).rglob('*')
                if digest in str(path) or folder == 'spool']
        if not left or time.monotonic() > end:
            return left
        time.sleep(0.01)


def create(client, package, name='hostile'):
    return client.create_function(FunctionName=name, Runtime=PYTHON, Handler='app.handler', Role=ROLE,
                                  Code={'ZipFile': package})


@pytest.mark.parametrize('kind', HOSTILE)
def test_hostile_zip(client, daemon, kind):
    package = HOSTILE[kind]()
    with pytest.raises(client.exceptions.InvalidParameterValueException) as caught:
        create(client, package, f'hostile-{kind}')
    message = caught.value.response['Error']['Message']
    if kind == 'bomb':
        assert message == TOO_BIG
    if kind in ('text', 'cut', 'corrupt', 'tar'):
        assert message == BROKEN
    with pytest.raises(client.exceptions.ResourceNotFoundException):
        client.get_function(FunctionName=f'hostile-{kind}')
    assert left_behind(daemon, package) == []
    assert not os.path.exists('/tmp/lambd-escape')


def test_hostile_update_keeps_the_old_code(functions, client, daemon):
    function = functions.create(APP)
    assert function.invoke().json == 1
    before, hostile = function.configuration(), HOSTILE['parent']()
    with pytest.raises(client.exceptions.InvalidParameterValueException):
        client.update_function_code(FunctionName=function.name, ZipFile=hostile)
    assert function.configuration() == before
    assert left_behind(daemon, hostile) == []
    assert function.invoke().json == 1


def test_unzipped_limit(client):
    data = make_zip({'zeros.bin': bytes(262144001)})
    refused('InvalidParameterValueException', TOO_BIG, create, client, data)


def test_zipped_limit(client):
    package = make_zip({'noise.bin': os.urandom(52428800)})
    refused('RequestEntityTooLargeException', 'Zipped size must be smaller than 52428800 bytes', create, client, package)


def test_request_limit(client):
    refused('RequestEntityTooLargeException',
            'Request must be smaller than 70167211 bytes for the CreateFunction operation',
            create, client, bytes(53_000_000))


def test_large_package_works(functions):
    """As large as it may be: 49 MB zipped, 240 MB unzipped."""
    package = make_zip({'noise.bin': os.urandom(49_000_000), 'zeros.bin': bytes(190_000_000)} | {
        'app.py': 'import os\ndef handler(event, context):\n    return os.path.getsize("noise.bin")\n'})
    assert functions.create(package, Timeout=60).invoke().json == 49_000_000


def test_bad_base64(daemon):
    import json
    import urllib.error
    import urllib.request
    body = {'FunctionName': 'f', 'Runtime': PYTHON, 'Handler': 'a.b', 'Role': ROLE, 'Code': {'ZipFile': '!!not base64'}}
    request = urllib.request.Request(f'{daemon.endpoint}/2015-03-31/functions', json.dumps(body).encode(), {
        'Authorization': 'AWS4-HMAC-SHA256 Credential=test/20250101/us-east-1/lambda/aws4_request, '
                         'SignedHeaders=host, Signature=0'})
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(request)
    assert caught.value.code == 400


def test_empty_zip(client):
    empty = io.BytesIO()
    zipfile.ZipFile(empty, 'w').close()
    refused('InvalidParameterValueException', 'Uploaded file must be a non-empty zip', create, client, empty.getvalue())


def test_members_before_and_after_the_code(daemon, functions):
    """The zip streams to disk wherever it stands in the document."""
    import json
    import urllib.request
    encoded = base64.b64encode(make_zip(APP)).decode()
    for document in (
            '{"Code":{"ZipFile":"%s"},"FunctionName":"%s","Runtime":"%s","Handler":"app.handler","Role":"%s"}',
            '{"FunctionName":"%s","Runtime":"%s","Handler":"app.handler","Code":{"ZipFile":"%s"},"Role":"%s"}'):
        name = functions.name()
        first = document.startswith('{"Code')
        body = document % ((encoded, name, PYTHON, ROLE) if first else (name, PYTHON, encoded, ROLE))
        request = urllib.request.Request(f'{daemon.endpoint}/2015-03-31/functions', body.encode(), {
            'Authorization': 'AWS4-HMAC-SHA256 Credential=test/20250101/us-east-1/lambda/aws4_request, '
                             'SignedHeaders=host, Signature=0'})
        with urllib.request.urlopen(request) as answer:
            assert json.load(answer)['FunctionName'] == name


def test_ordinary_features(functions):
    """Executable bits, links that stay inside, names in UTF-8, empty folders."""
    package = zip_with(
        (entry('app.py'), b'import os, subprocess\n'
                          b'def handler(event, context):\n'
                          b'    return [subprocess.check_output(["./tool.sh"], text=True), open("link").read(),\n'
                          b'            os.path.exists("\xc3\xa4\xc3\xb6.txt"), os.path.isdir("empty"),\n'
                          b'            os.access("plain.sh", os.X_OK)]\n'),
        (entry('tool.sh', 0o755), b'#!/bin/sh\necho tool\n'), (entry('plain.sh', 0o644), b''),
        (entry('target.txt'), b'linked'), (entry('link', 0o777, LINK), b'target.txt'),
        (entry('äö.txt'), b''), (entry('empty/', 0o755, 0o040000), b''))
    assert functions.create(package).invoke().json == ['tool\n', 'linked', True, True, False]


def test_private_modes_do_not_matter(functions):
    """Zips from some systems carry mode 0600 or none at all; the function can read its code all the same."""
    package = zip_with((entry('app.py', 0o600), b'import lib.x\ndef handler(event, context):\n    return lib.x.V\n'),
                       (entry('lib/', 0o700, 0o040000), b''), (entry('lib/x.py', 0o000), b'V = 5\n'))
    answer = functions.create(package).invoke()
    assert answer.json == 5
