# SPDX-License-Identifier: Apache-2.0
"""Code that comes from S3: CreateFunction and UpdateFunctionCode, what S3 refuses, endpoints and credentials."""
import base64
import concurrent.futures
import hashlib
import http.server
import json
import os
import signal
import socket
import threading
import time

import pytest

from support.errors import refused
from support.functions import PYTHON, ROLE, Factory
from support.http import Connection
from support.zips import make_zip

WAIT_SECONDS = 60
TOO_LARGE = 'Unzipped size must be smaller than 262144000 bytes'
UNKNOWN = ('Error occurred while GetObject. This server knows no S3: start it with --endpoint-s3 or '
           'AWS_ENDPOINT_URL_S3, or with AWS credentials.')
NO_BUCKET = ('Error occurred while GetObject. S3 Error Code: NoSuchBucket. S3 Error Message: The specified bucket does '
             'not exist')
NO_KEY = ('Error occurred while GetObject. S3 Error Code: NoSuchKey. S3 Error Message: The specified key does not '
          'exist.')


def answering(value):
    return make_zip({'app.py': f'def handler(event, context):\n    return {value!r}\n'})


def sha256(package):
    return base64.b64encode(hashlib.sha256(package).digest()).decode()


def arguments(name, code):
    return {'FunctionName': name, 'Runtime': PYTHON, 'Handler': 'app.handler', 'Role': ROLE, 'Code': code,
            'Timeout': 30}


def wait_empty(folder):
    """What was fetched goes in the background, maybe after the answer."""
    end = time.monotonic() + WAIT_SECONDS
    while left := sorted(path.name for path in folder.iterdir()):
        assert time.monotonic() < end, f'{left} stay in {folder}'
        time.sleep(0.01)  # polling for an event in a folder, bounded


class Store:
    """A store that answers every request alike, the body when it is told to; what it was asked is kept."""

    def __init__(self, status, headers, body, held=False):
        store = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                store.requests.append((self.path, dict(self.headers)))
                store.asked.set()
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.end_headers()
                store.released.wait()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        self.requests = []
        self.asked, self.released = threading.Event(), threading.Event()
        if not held:
            self.released.set()
        self.server = http.server.ThreadingHTTPServer(('127.0.0.1', 0), Handler)
        self.endpoint = f'http://127.0.0.1:{self.server.server_port}'
        self.thread = threading.Thread(target=self.server.serve_forever)
        self.thread.start()

    def close(self):
        self.released.set()
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()


@pytest.fixture
def store():
    """store(status, headers, body): a store of this test's own."""
    stores = []

    def store(*answer):
        stores.append(Store(*answer))
        return stores[-1]
    yield store
    for made in stores:
        made.close()


@pytest.fixture(scope='module')
def s3_daemon(program, daemon_uid, moto):
    """A daemon that knows moto's S3."""
    from support.daemon import Daemon
    daemon = Daemon(program, daemon_uid)
    try:
        yield daemon.start('--endpoint-s3', moto.endpoint)
    finally:
        daemon.close()


@pytest.fixture
def s3_functions(s3_daemon, connect, model_check):
    before = len(model_check.complaints)
    factory = Factory(connect(s3_daemon.endpoint))
    yield factory
    factory.clean()
    s3_daemon.check_alive()
    assert model_check.complaints[before:] == []
    wait_empty(s3_daemon.state_dir / 'spool')


def test_create_and_update(s3_functions, moto):
    bucket = moto.bucket()
    first, second = answering('first'), answering('second')
    function = s3_functions.create(b'', Code=moto.put(bucket, 'code.zip', first))
    assert (function.created['CodeSha256'], function.created['CodeSize']) == (sha256(first), len(first))
    assert function.invoke().json == 'first'
    updated = s3_functions.client.update_function_code(
        FunctionName=function.name, **moto.put(bucket, 'code.zip', second))
    assert updated['CodeSha256'] == sha256(second)
    assert function.wait_updated().invoke().json == 'second'


def test_version_of_an_object(s3_functions, moto):
    bucket, s3 = moto.bucket(), moto.client('s3')
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={'Status': 'Enabled'})
    old = s3.put_object(Bucket=bucket, Key='code.zip', Body=answering('old'))['VersionId']
    code = moto.put(bucket, 'code.zip', answering('new'))
    assert s3_functions.create(b'', Code=code | {'S3ObjectVersion': old}).invoke().json == 'old'
    assert s3_functions.create(b'', Code=code).invoke().json == 'new'


def test_keys_of_all_kinds(s3_functions, moto):
    bucket = moto.bucket()
    for key in ('a/b/c.zip', 'with blank.zip', 'plus+and&=?#%41.zip', 'ünï.zip', "quote'(1)*!~.zip"):
        function = s3_functions.create(b'', Code=moto.put(bucket, key, answering(key)))
        assert function.invoke().json == key


def test_what_s3_refuses(s3_functions, moto):
    bucket, client = moto.bucket(), s3_functions.client
    for code, text in (({'S3Bucket': 'no-such-bucket', 'S3Key': 'k'}, NO_BUCKET),
                       ({'S3Bucket': bucket, 'S3Key': 'no-such-key'}, NO_KEY)):
        refused('InvalidParameterValueException', text, client.create_function,
                **arguments(s3_functions.name(), code))
    function = s3_functions.create(answering('kept'))
    refused('InvalidParameterValueException', NO_KEY, client.update_function_code,
            FunctionName=function.name, S3Bucket=bucket, S3Key='no-such-key')
    assert function.invoke().json == 'kept'


def test_one_source_only(s3_functions):
    client = s3_functions.client
    refused('InvalidParameterValueException',
            'Please do not provide other FunctionCode parameters when providing a ZipFile.', client.create_function,
            **arguments(s3_functions.name(), {'ZipFile': b'x', 'S3Bucket': 'bucket', 'S3Key': 'key'}))
    refused('InvalidParameterValueException', 'Please provide both S3Bucket and S3Key.', client.create_function,
            **arguments(s3_functions.name(), {'S3Bucket': 'bucket'}))


def test_objects_that_are_no_packages(s3_functions, moto):
    bucket = moto.bucket()
    for key, data, text in (
            ('text', b'this is no zip',
             'Could not unzip uploaded file. Please check your file, then try to upload again.'),
            ('empty', b'', 'Uploaded file must be a non-empty zip')):
        refused('InvalidParameterValueException', text, s3_functions.client.create_function,
                **arguments(s3_functions.name(), moto.put(bucket, key, data)))


def test_dry_run(s3_functions, moto):
    function = s3_functions.create(answering('kept'))
    package = answering('never')
    code = moto.put(moto.bucket(), 'code.zip', package)
    answer = s3_functions.client.update_function_code(FunctionName=function.name, DryRun=True, **code)
    assert answer['CodeSha256'] == sha256(package)
    assert function.configuration()['CodeSha256'] == function.created['CodeSha256']
    refused('InvalidParameterValueException', NO_KEY, s3_functions.client.update_function_code,
            FunctionName=function.name, DryRun=True, S3Bucket=code['S3Bucket'], S3Key='no-such-key')


def test_layer(s3_functions, moto):
    client, package, bucket = s3_functions.client, answering('layer'), moto.bucket()
    answer = client.publish_layer_version(LayerName='of-s3', Content=moto.put(bucket, 'layer.zip', package))
    assert (answer['Content']['CodeSha256'], answer['Content']['CodeSize']) == (sha256(package), len(package))
    refused('InvalidParameterValueException', NO_KEY, client.publish_layer_version, LayerName='of-s3',
            Content={'S3Bucket': bucket, 'S3Key': 'no-such-key'})


def test_larger_than_a_request_may_be(s3_functions, moto):
    """What is uploaded with the request ends at 50 MB; S3 is the way for more."""
    package = make_zip({'noise.bin': os.urandom(60_000_000), 'app.py': (
        'import os\ndef handler(event, context):\n    return os.path.getsize("noise.bin")\n')})
    function = s3_functions.create(b'', Code=moto.put(moto.bucket(), 'large.zip', package))
    assert function.created['CodeSize'] == len(package)
    assert function.invoke().json == 60_000_000


def test_too_large(own_daemon, connect, store):
    """The store promises little and sends more than a package may have; it is stopped at the limit."""
    endless = store(200, {}, bytes(262144001))
    own_daemon.start('--endpoint-s3', endless.endpoint)
    refused('InvalidParameterValueException', TOO_LARGE, connect(own_daemon.endpoint).create_function,
            **arguments('f', {'S3Bucket': 'bucket', 'S3Key': 'key'}))


@pytest.mark.parametrize('size', [1000, 3_000_000])
def test_disk_that_refuses(own_daemon, connect, moto, size):
    """A failure of this request only, whether it is met while the object comes or at its end."""
    package = make_zip({'noise.bin': os.urandom(size), 'app.py': ''})
    code = moto.put(moto.bucket(), 'code.zip', package)
    client = connect(own_daemon.start('--endpoint-s3', moto.endpoint).endpoint)
    spool = own_daemon.state_dir / 'spool'
    spool.rename(own_daemon.state_dir / 'away')
    with pytest.raises(client.exceptions.ServiceException):
        client.create_function(**arguments('f', code))
    (own_daemon.state_dir / 'away').rename(spool)
    assert client.create_function(**arguments('f', code))['CodeSha256'] == sha256(package)


def error(code, message):
    return f'<?xml version="1.0"?><Error><Code>{code}</Code><Message>{message}</Message></Error>'.encode()


@pytest.mark.parametrize('answer, code, text', [
    ((403, {}, error('AccessDenied', 'Access Denied')), 'AccessDeniedException',
     'Your access has been denied by S3, please make sure your request credentials have permission to GetObject for '
     'bucket/key. S3 Error Code: AccessDenied. S3 Error Message: Access Denied'),
    ((403, {}, error('InvalidAccessKeyId', 'no &quot;such&quot; key')), 'InvalidParameterValueException',
     'Error occurred while GetObject. S3 Error Code: InvalidAccessKeyId. S3 Error Message: no "such" key'),
    ((301, {'x-amz-bucket-region': 'eu-west-3', 'Location': 'http://127.0.0.1:1/elsewhere'},
      error('PermanentRedirect', 'elsewhere')), 'InvalidParameterValueException',
     'Error occurred while GetObject. S3 Error Code: PermanentRedirect. S3 Error Message: The bucket is in this region: '
     'eu-west-3. Please use this region to retry the request'),
    ((307, {'Location': 'http://127.0.0.1:1/elsewhere'}, b''), 'InvalidParameterValueException',
     'Error occurred while GetObject. S3 Error Code: 307. S3 Error Message: The store answered with HTTP status 307'),
    ((500, {}, b'<html>' + bytes(200_000)), 'InvalidParameterValueException',
     'Error occurred while GetObject. S3 Error Code: 500. S3 Error Message: The store answered with HTTP status 500'),
])
def test_answers_of_a_store(own_daemon, connect, store, answer, code, text):
    own_daemon.start('--endpoint-s3', store(*answer).endpoint)
    refused(code, text, connect(own_daemon.endpoint).create_function,
            **arguments('f', {'S3Bucket': 'bucket', 'S3Key': 'key'}))
    wait_empty(own_daemon.state_dir / 'spool')


def test_store_that_is_not_there(own_daemon, connect):
    with socket.socket() as nobody:
        nobody.bind(('127.0.0.1', 0))  # and never listens
        own_daemon.start('--endpoint-s3', f'http://127.0.0.1:{nobody.getsockname()[1]}')
        refused('InvalidParameterValueException',
                "Error occurred while GetObject. S3 cannot be reached: Couldn't connect to server",
                connect(own_daemon.endpoint).create_function,
                **arguments('f', {'S3Bucket': 'bucket', 'S3Key': 'key'}))


def test_store_that_breaks_off(own_daemon, connect, store):
    broken = store(200, {'Content-Length': '1000000'}, b'PK')
    own_daemon.start('--endpoint-s3', broken.endpoint)
    with pytest.raises(Exception, match='Error occurred while GetObject. S3 cannot be reached: ') as caught:
        connect(own_daemon.endpoint).create_function(**arguments('f', {'S3Bucket': 'bucket', 'S3Key': 'key'}))
    assert caught.value.response['Error']['Code'] == 'InvalidParameterValueException'
    wait_empty(own_daemon.state_dir / 'spool')


def test_stopping_waits_for_a_package(own_daemon, connect, store):
    package = answering('late')
    late = store(200, {}, package, True)
    client = connect(own_daemon.start('--endpoint-s3', late.endpoint).endpoint)
    with concurrent.futures.ThreadPoolExecutor() as pool:
        created = pool.submit(client.create_function, **arguments('f', {'S3Bucket': 'bucket', 'S3Key': 'key'}))
        assert late.asked.wait(WAIT_SECONDS)
        own_daemon.process.send_signal(signal.SIGTERM)
        late.released.set()
        assert created.result(WAIT_SECONDS)['CodeSha256'] == sha256(package)
    assert own_daemon.process.wait(WAIT_SECONDS) == 0
    own_daemon.process = None


def test_client_that_leaves(own_daemon, connect, store):
    """The function is made all the same, as it may be with AWS; nothing stays in the upload folder."""
    late = store(200, {}, answering('unseen'), True)
    client = connect(own_daemon.start('--endpoint-s3', late.endpoint).endpoint)
    body = json.dumps(arguments('f', {'S3Bucket': 'bucket', 'S3Key': 'key'})).encode()
    with Connection(own_daemon) as connection:
        connection.send(connection.request('POST', '/2015-03-31/functions', body))
        assert late.asked.wait(WAIT_SECONDS)
    late.released.set()
    client.get_waiter('function_exists').wait(FunctionName='f', WaiterConfig={'Delay': 1, 'MaxAttempts': 60})
    wait_empty(own_daemon.state_dir / 'spool')


def test_no_s3_at_all(client, functions):
    refused('InvalidParameterValueException', UNKNOWN, client.create_function,
            **arguments(functions.name(), {'S3Bucket': 'bucket', 'S3Key': 'key'}))


def created_from(daemon, connect, moto):
    """A function made from an object of moto's."""
    code = moto.put(moto.bucket(), 'code.zip', answering('made'))
    return connect(daemon.endpoint).create_function(**arguments('f', code))


@pytest.mark.parametrize('variable', ['LAMBD_ENDPOINT_S3', 'AWS_ENDPOINT_URL_S3', 'AWS_ENDPOINT_URL'])
def test_endpoint_of_the_environment(own_daemon, connect, moto, variable):
    own_daemon.variables[variable] = moto.endpoint
    own_daemon.start()
    assert created_from(own_daemon, connect, moto)['CodeSize'] > 0


def test_endpoint_of_the_file(own_daemon, connect, moto):
    """It wins over the variables of all tools."""
    own_daemon.variables['AWS_ENDPOINT_URL_S3'] = 'http://127.0.0.1:1'
    path = own_daemon.folder / 'lambd.ini'
    path.write_text(f'region = us-east-1\n[endpoints]\ns3 = {moto.endpoint}/\n')
    path.chmod(0o644)
    own_daemon.start('--config', str(path))
    assert created_from(own_daemon, connect, moto)['CodeSize'] > 0


@pytest.mark.parametrize('line, text', [
    ('s3 = ftp://host', "endpoint-s3 must be a URL like http://127.0.0.1:9000, not 'ftp://host'"),
    ('s3 = http://user@host', "endpoint-s3 must be a URL like http://127.0.0.1:9000, not 'http://user@host'"),
    ('s4 = http://host', "unknown key 's4'"),
    ('url = yes', "unknown key 'url'"),
])
def test_bad_endpoint_of_the_file(own_daemon, line, text):
    path = own_daemon.folder / 'lambd.ini'
    path.write_text(f'[endpoints]\n{line}\n')
    path.chmod(0o644)
    status, output = own_daemon.run_to_end('--config', str(path))
    assert (status, output) == (2, f'lambd: {path}, line 2: {text}\n')


def test_signature(own_daemon, connect, store):
    """The request carries what botocore makes of the same time and the same credentials."""
    import botocore.auth
    import botocore.awsrequest
    import botocore.credentials
    nobody = store(404, {}, error('NoSuchKey', 'none'))
    own_daemon.variables |= {'AWS_ACCESS_KEY_ID': 'AKIDEXAMPLE', 'AWS_SECRET_ACCESS_KEY': 'secret/+=',
                             'AWS_SESSION_TOKEN': 'token=='}
    own_daemon.start('--endpoint-s3', f'{nobody.endpoint}/prefix')
    refused('InvalidParameterValueException',
            'Error occurred while GetObject. S3 Error Code: NoSuchKey. S3 Error Message: none',
            connect(own_daemon.endpoint, region='eu-west-1').create_function,
            **arguments('f', {'S3Bucket': 'bucket', 'S3Key': 'a b/ü+', 'S3ObjectVersion': 'v/1'}))
    (path, sent), = nobody.requests
    assert path == '/prefix/bucket/a%20b/%C3%BC%2B?versionId=v%2F1'
    request = botocore.awsrequest.AWSRequest('GET', nobody.endpoint + path)
    request.context['timestamp'] = sent['x-amz-date']
    for name in ('x-amz-content-sha256', 'x-amz-date', 'x-amz-security-token'):
        request.headers[name] = sent[name]
    auth = botocore.auth.S3SigV4Auth(botocore.credentials.Credentials('AKIDEXAMPLE', 'secret/+=', 'token=='),
                                     's3', 'eu-west-1')
    canonical = auth.canonical_request(request)
    signature = auth.signature(auth.string_to_sign(request, canonical), request)
    assert sent['authorization'] == (
        f"AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/{sent['x-amz-date'][:8]}/eu-west-1/s3/aws4_request, "
        f'SignedHeaders=host;x-amz-content-sha256;x-amz-date;x-amz-security-token, Signature={signature}')
    assert sent['x-amz-security-token'] == 'token=='
    assert sent['x-amz-content-sha256'] == hashlib.sha256(b'').hexdigest()


def test_without_credentials(own_daemon, connect, store):
    """The made-up ones of all tools, which servers that stand for AWS want to see."""
    nobody = store(404, {}, error('NoSuchKey', 'none'))
    own_daemon.start('--endpoint-s3', nobody.endpoint)
    with pytest.raises(Exception, match='NoSuchKey'):
        connect(own_daemon.endpoint).create_function(**arguments('f', {'S3Bucket': 'bucket', 'S3Key': 'key'}))
    (path, sent), = nobody.requests
    assert path == '/bucket/key'
    assert sent['authorization'].startswith('AWS4-HMAC-SHA256 Credential=test/')
