# SPDX-License-Identifier: Apache-2.0
"""The lambd program against a real daemon: output, exit codes, error texts."""
import json
import pathlib
import shutil
import subprocess

import pytest

from support.daemon import free_port
from support.functions import PYTHON

ROOT = pathlib.Path(__file__).parent.parent.parent
VERBS = ['serve', 'doctor', 'deploy', 'invoke', 'list', 'rm', 'version']


@pytest.fixture
def deployed(lambd, tmp_path, client):
    """deploy(files, …): deploy a folder with the CLI under a name of its own; the name."""
    names = []

    def deploy(files, *options, name=None, **run):
        name = name or f'cli-{len(names)}-{tmp_path.name}'[:60]
        names.append(name)
        folder = tmp_path / name
        for path, text in files.items():
            target = folder / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text)
        done = lambd('deploy', folder, '--name', name, *options, **run)
        return (name, done) if run else name
    yield deploy
    for name in set(names):
        try:
            client.delete_function(FunctionName=name)
        except client.exceptions.ResourceNotFoundException:
            pass


NEW = ['--runtime', PYTHON, '--handler', 'app.handler']
ECHO = {'app.py': 'def handler(event, context):\n    print("seen")\n    return event\n'}


def test_deploy_invoke_list_rm(lambd, deployed):
    name = deployed(ECHO, *NEW)
    assert lambd('invoke', name, '--payload', '{"a": 1}').stdout == '{"a": 1}'
    row = next(line for line in lambd('list').stdout.splitlines() if line.startswith(name))
    assert row.split()[1:3] == [PYTHON, 'app.handler']
    listed = json.loads(lambd('list', '--json').stdout)
    assert name in [f['FunctionName'] for f in listed]
    assert lambd('rm', name).stdout == ''
    assert lambd('invoke', name, check=False).returncode == 1


def test_deploy_prints_arn_and_version(lambd, deployed, tmp_path):
    name = deployed(ECHO, *NEW)
    arn = f'arn:aws:lambda:us-east-1:000000000000:function:{name}'
    done = lambd('deploy', tmp_path / name, '--name', name)
    assert done.stdout == f'{arn} $LATEST\n'
    done = lambd('deploy', tmp_path / name, '--name', name, '--publish')
    assert done.stdout == f'{arn}:1 1\n'
    assert done.stderr == ''


def test_deploy_updates_only_what_is_named(lambd, deployed, client):
    name = deployed(ECHO, *NEW, '--timeout', '9', '--memory', '256', '--env', 'AB=1', '--env', 'EMPTY=',
                    '--description', 'first')
    deployed(ECHO | {'more.txt': 'x'}, '--env', 'CD=a=b', name=name)
    now = client.get_function_configuration(FunctionName=name)
    assert (now['Timeout'], now['MemorySize'], now['Description']) == (9, 256, 'first')
    assert now['Environment'] == {'Variables': {'CD': 'a=b'}}
    assert now['Runtime'] == PYTHON


def test_same_folder_same_package(deployed, client):
    first = deployed(ECHO | {'lib/x.py': ''}, *NEW)
    second = deployed(ECHO | {'lib/x.py': ''}, *NEW)
    hashes = {client.get_function_configuration(FunctionName=name)['CodeSha256'] for name in (first, second)}
    assert len(hashes) == 1


def test_deploy_a_zip(lambd, deployed, tmp_path, client):
    from support.zips import make_zip
    package = tmp_path / 'package.zip'
    package.write_bytes(make_zip(ECHO))
    name = deployed(ECHO, *NEW)
    lambd('deploy', package, '--name', name)
    assert client.get_function_configuration(FunctionName=name)['CodeSize'] == package.stat().st_size


def test_deploy_upload_is_streamed(lambd, deployed, tmp_path):
    """A package of 40 MB, with the progress line that a terminal would show."""
    import os
    name = deployed(ECHO, *NEW)
    (tmp_path / name / 'noise.bin').write_bytes(os.urandom(40_000_000))
    done = lambd('deploy', tmp_path / name, '--name', name, '--progress')
    assert 'uploading' in done.stderr and '(100%)' in done.stderr
    assert lambd('invoke', name, '--payload', '5').stdout == '5'


def test_deploy_new_needs_runtime(deployed):
    _, done = deployed(ECHO, check=False)
    assert done.returncode == 2
    assert '--runtime and --handler' in done.stderr


def test_deploy_refused(deployed):
    _, done = deployed(ECHO, '--runtime', 'cobol', '--handler', 'a.b', check=False)
    assert done.returncode == 1
    assert done.stderr.startswith('lambd: InvalidParameterValueException: Value cobol at ')


def test_invoke_sources(lambd, deployed, tmp_path):
    name = deployed(ECHO, *NEW)
    event = tmp_path / 'event.json'
    event.write_text('{"from": "file"}')
    assert lambd('invoke', name, '--payload', f'@{event}').stdout == '{"from": "file"}'
    assert lambd('invoke', name, '--payload', '-', input='"stdin"').stdout == '"stdin"'
    assert lambd('invoke', name).stdout == '{}'
    missing = lambd('invoke', name, '--payload', '@/nonexistent', check=False)
    assert (missing.returncode, missing.stderr) == (2, 'lambd: cannot open /nonexistent: No such file or directory\n')


def test_invoke_tail_and_time(lambd, deployed):
    name = deployed(ECHO, *NEW)
    done = lambd('invoke', name, '--tail', '--time', '--payload', '1')
    assert done.stdout == '1'
    lines = done.stderr.splitlines()
    assert any(line.startswith('START RequestId: ') for line in lines)
    assert 'seen' in lines
    assert any(line.startswith('REPORT RequestId: ') for line in lines)
    assert lines[-1].startswith('took ') and lines[-1].endswith(' ms')


def test_invoke_function_error(lambd, deployed):
    name = deployed({'app.py': 'def handler(event, context):\n    raise Exception("no")\n'}, *NEW)
    done = lambd('invoke', name, check=False)
    assert done.returncode == 3
    assert json.loads(done.stdout)['errorMessage'] == 'no'


def test_invoke_refused(lambd, deployed):
    done = lambd('invoke', 'no-such-function', check=False)
    assert done.returncode == 1
    assert done.stdout == ''
    assert done.stderr == ('lambd: ResourceNotFoundException: Function not found: '
                           'arn:aws:lambda:us-east-1:000000000000:function:no-such-function:$LATEST\n')
    name = deployed(ECHO, *NEW)
    done = lambd('invoke', name, '--payload', '{', check=False)
    assert done.returncode == 1
    assert 'InvalidRequestContentException' in done.stderr


def test_invoke_qualifier_and_dry_run(lambd, deployed, client):
    name = deployed(ECHO, *NEW)
    client.publish_version(FunctionName=name)
    assert lambd('invoke', name, '--qualifier', '1', '--payload', '7').stdout == '7'
    assert lambd('invoke', f'{name}:1', '--payload', '7').stdout == '7'
    assert lambd('invoke', name, '--dry-run').stdout == ''


def test_rm_several(lambd, deployed):
    names = [deployed(ECHO, *NEW), deployed(ECHO, *NEW)]
    done = lambd('rm', names[0], 'no-such-function', names[1], check=False)
    assert done.returncode == 1
    assert 'no-such-function' in done.stderr
    assert not set(names) & {f['FunctionName'] for f in json.loads(lambd('list', '--json').stdout)}


def test_no_daemon(lambd):
    for verb in (['list'], ['invoke', 'f'], ['rm', 'f'], ['deploy', str(ROOT / 'examples/hello'), '--name', 'f']):
        endpoint = f'http://127.0.0.1:{free_port()}'
        done = lambd(*verb, endpoint=endpoint, check=False)
        assert done.returncode == 4
        assert len(done.stderr.splitlines()) == 1
        assert endpoint in done.stderr and 'lambd serve' in done.stderr


def test_something_else_at_the_endpoint(lambd, tmp_path):
    import http.server
    import threading

    class Other(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b'<html>')

        def log_message(self, *_):
            pass
    with http.server.HTTPServer(('127.0.0.1', 0), Other) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        done = lambd('list', '--endpoint', f'http://127.0.0.1:{server.server_port}', check=False)
        server.shutdown()
    assert done.returncode == 1
    assert 'is it a lambd?' in done.stderr


def test_endpoint_option_wins(lambd, daemon):
    assert lambd('list', '--endpoint', daemon.endpoint, endpoint='http://127.0.0.1:1').returncode == 0
    env = {'AWS_ENDPOINT_URL_LAMBDA': daemon.endpoint}
    assert lambd('list', endpoint='http://127.0.0.1:1', env=env).returncode == 0
    done = lambd('list', '--endpoint', 'nonsense', check=False)
    assert (done.returncode, len(done.stderr.splitlines())) == (2, 1)


def test_region(lambd, deployed):
    name = deployed(ECHO, *NEW)
    assert name not in lambd('list', '--region', 'eu-west-1').stdout
    assert name not in lambd('list', env={'AWS_REGION': 'eu-west-1'}).stdout


@pytest.mark.parametrize('verb', VERBS)
def test_help(lambd, verb):
    text = lambd(verb, '--help').stdout
    assert text.startswith(f'Usage: lambd {verb}')
    assert verb in lambd('--help').stdout


def test_version(lambd):
    assert lambd('version').stdout.startswith('lambd ')


@pytest.mark.parametrize('arguments', [
    [], ['nonsense'], ['deploy'], ['deploy', '.', '--nonsense'], ['deploy', '.', '--name'], ['invoke'],
    ['invoke', 'a', 'b'], ['rm'], ['list', 'x'], ['deploy', '.', '--name', 'f', '--memory', '1'],
    ['deploy', '.', '--name', 'f', '--env', 'NOVALUE'], ['deploy', '/nonexistent', '--name', 'f'],
])
def test_bad_usage(lambd, arguments):
    done = lambd(*arguments, check=False)
    assert done.returncode == 2
    assert done.stdout == ''
    if arguments:
        assert len(done.stderr.splitlines()) == 1


def test_doctor(lambd):
    """One line for each check, the same ones with --json, and an exit code that scripts can use."""
    text = lambd('doctor', check=False)
    document = json.loads(lambd('doctor', '--json', check=False).stdout)
    assert len(text.stdout.splitlines()) == len(document['checks'])
    states = [check['state'] for check in document['checks']]
    assert set(states) <= {'ok', 'info', 'degraded', 'missing'}
    assert document['state'] in states
    assert text.returncode == (1 if 'missing' in states else 0)
    assert len({check['id'] for check in document['checks']}) == len(states)
    assert {'python', 'node', 'java', 'ruby', 'dotnet'} <= {check['id'] for check in document['checks'] if check['state'] == 'ok'}
    for line, check in zip(text.stdout.splitlines(), document['checks']):
        assert line.split(None, 1) == [check['state'], '; '.join(filter(None, [check['text'], check['remedy']]))]
        assert check['remedy'] or check['state'] in ('ok', 'info')


def test_doctor_misses_a_client(program, tmp_path):
    """Where there was no JDK when lambd was built, a JVM alone does not do."""
    shutil.copy(program, tmp_path / 'lambd')
    for language in ('python', 'node', 'ruby', 'dotnet'):
        (tmp_path / 'runtimes' / language).mkdir(parents=True)
    done = subprocess.run([tmp_path / 'lambd', 'doctor', '--json'], stdout=subprocess.PIPE, check=False)
    checks = {check['id']: check for check in json.loads(done.stdout)['checks']}
    assert checks['java']['state'] == 'info'
    assert checks['java']['text'].startswith('java* functions cannot run: there is /usr/')
    assert 'built without its client' in checks['java']['text']
    assert checks['java']['remedy'] == 'install the package default-jdk-headless, and build lambd again'
    assert checks['dotnet']['state'] == 'ok'
