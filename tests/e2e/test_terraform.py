# SPDX-License-Identifier: Apache-2.0
"""Terraform with the AWS provider, as a user has it: found in PATH, the provider from Terraform's own places.

Terraform finds providers by its configuration; where they lie in a folder (no registry at hand), TF_PLUGIN_DIR names
that folder, or it is one called tf-plugins where add-on software is installed.
"""
import json
import os
import pathlib
import shutil
import subprocess

import pytest

from support.zips import make_zip

EXAMPLE = pathlib.Path(__file__).parent.parent.parent / 'examples/terraform'


def plugin_options():
    folder = os.environ.get('TF_PLUGIN_DIR') or next(pathlib.Path('/').glob('*/tf-plugins'), None)
    return [f'-plugin-dir={folder}'] if folder else []


@pytest.fixture
def terraform(tmp_path, daemon):
    program = shutil.which('terraform')
    if not program:
        pytest.skip('terraform is not installed')
    for file in EXAMPLE.glob('*.tf'):
        shutil.copy(file, tmp_path)
    env = {k: v for k, v in os.environ.items() if not k.startswith(('AWS_', 'TF_'))} | {
        'TF_IN_AUTOMATION': '1', 'CHECKPOINT_DISABLE': '1', 'TF_VAR_endpoint': daemon.endpoint,
        'TF_VAR_package': str(tmp_path / 'package.zip')}

    def run(*arguments, check=True):
        done = subprocess.run([program, *arguments], cwd=tmp_path, env=env, text=True, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False, timeout=300)
        assert not check or done.returncode == 0, done.stdout
        return done
    init = run('init', '-input=false', '-no-color', *plugin_options(), check=False)
    if init.returncode:
        pytest.skip(f'the AWS provider is not to be had: {init.stdout[-300:]}')
    return run


@pytest.mark.long
@pytest.mark.timeout(600)
def test_create_update_destroy(terraform, client, tmp_path):
    package = tmp_path / 'package.zip'
    code = 'import os\ndef handler(event, context):\n    return [%r, os.environ["GREETING"]]\n'
    apply = ['apply', '-auto-approve', '-input=false', '-no-color']

    package.write_bytes(make_zip({'app.py': code % 'one'}))
    terraform(*apply)
    name = 'terraform-example'
    configuration = client.get_function_configuration(FunctionName=name)
    assert (configuration['MemorySize'], configuration['Timeout']) == (256, 10)
    assert client.list_tags(Resource=configuration['FunctionArn'])['Tags'] == {'managed-by': 'terraform'}
    assert json.loads(client.invoke(FunctionName=name)['Payload'].read()) == ['one', 'hello']

    # Nothing changed: nothing to do. Exit code 2 would mean differences.
    assert terraform('plan', '-detailed-exitcode', '-input=false', '-no-color', check=False).returncode == 0

    package.write_bytes(make_zip({'app.py': code % 'two'}))
    terraform(*apply, '-var', 'greeting=goodbye')
    assert json.loads(client.invoke(FunctionName=name)['Payload'].read()) == ['two', 'goodbye']

    terraform('destroy', '-auto-approve', '-input=false', '-no-color', '-var', 'greeting=goodbye')
    with pytest.raises(client.exceptions.ResourceNotFoundException):
        client.get_function(FunctionName=name)
