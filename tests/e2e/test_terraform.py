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

HERE = pathlib.Path(__file__).parent
EXAMPLE = HERE.parent.parent / 'examples/terraform'
EVERYTHING = HERE / 'terraform'
APPLY = ['apply', '-auto-approve', '-input=false', '-no-color']
PLAN = ['plan', '-detailed-exitcode', '-input=false', '-no-color']  # exits with 2 when there are differences
DESTROY = ['destroy', '-auto-approve', '-input=false', '-no-color']


def plugin_options():
    folder = os.environ.get('TF_PLUGIN_DIR') or next(pathlib.Path('/').glob('*/tf-plugins'), None)
    return [f'-plugin-dir={folder}'] if folder else []


@pytest.fixture
def terraform(request, tmp_path, daemon):
    """terraform(command …) in a copy of the folder that the test is parameterised with."""
    program = shutil.which('terraform')
    if not program:
        pytest.skip('terraform is not installed')
    for file in request.param.glob('*.tf'):
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
@pytest.mark.parametrize('terraform', [EXAMPLE], indirect=True, ids=['example'])
def test_create_update_destroy(terraform, client, tmp_path):
    package = tmp_path / 'package.zip'
    code = 'import os\ndef handler(event, context):\n    return [%r, os.environ["GREETING"]]\n'

    package.write_bytes(make_zip({'app.py': code % 'one'}))
    terraform(*APPLY)
    name = 'terraform-example'
    configuration = client.get_function_configuration(FunctionName=name)
    assert (configuration['MemorySize'], configuration['Timeout']) == (256, 10)
    assert client.list_tags(Resource=configuration['FunctionArn'])['Tags'] == {'managed-by': 'terraform'}
    assert json.loads(client.invoke(FunctionName=name)['Payload'].read()) == ['one', 'hello']
    assert terraform(*PLAN, check=False).returncode == 0

    package.write_bytes(make_zip({'app.py': code % 'two'}))
    terraform(*APPLY, '-var', 'greeting=goodbye')
    assert json.loads(client.invoke(FunctionName=name)['Payload'].read()) == ['two', 'goodbye']

    terraform(*DESTROY, '-var', 'greeting=goodbye')
    with pytest.raises(client.exceptions.ResourceNotFoundException):
        client.get_function(FunctionName=name)


def check_everything(client, changed):
    name, live = 'terraform-all', {'FunctionName': 'terraform-all', 'Qualifier': 'live'}
    word = 'changed' if changed else 'first'
    function = client.get_function(FunctionName=name)
    assert function['Concurrency']['ReservedConcurrentExecutions'] == (20 if changed else 10)
    assert function['Configuration']['Description'] == word
    assert [layer['Arn'].split(':')[-1] for layer in function['Configuration']['Layers']] == ['2' if changed else '1']
    assert client.get_alias(FunctionName=name, Name='live')['Description'] == word
    weights = client.get_alias(FunctionName=name, Name='weighted').get('RoutingConfig')
    assert weights == ({'AdditionalVersionWeights': {'2': 0.25}} if changed else None)
    # The provider itself adds a statement for the public URL.
    statements = {each['Sid']: each for each in json.loads(client.get_policy(**live)['Policy'])['Statement']}
    statement = statements['bucket']
    assert statement['Condition']['ArnLike'] == {'AWS:SourceArn': f'arn:aws:s3:::{word}'}
    assert client.get_function_url_config(**live)['Cors']['MaxAge'] == (86400 if changed else 3600)
    assert client.get_function_event_invoke_config(**live)['MaximumEventAgeInSeconds'] == (120 if changed else 60)
    provisioned = client.get_provisioned_concurrency_config(**live)
    assert provisioned['RequestedProvisionedConcurrentExecutions'] == (2 if changed else 1)
    mapping, = client.list_event_source_mappings(
        EventSourceArn='arn:aws:sqs:us-east-1:000000000000:queue')['EventSourceMappings']
    assert mapping['BatchSize'] == (5 if changed else 10)
    runtime = client.get_runtime_management_config(FunctionName=name)
    assert runtime['UpdateRuntimeOn'] == ('FunctionUpdate' if changed else 'Auto')
    assert client.get_function_recursion_config(FunctionName=name)['RecursiveLoop'] == (
        'Allow' if changed else 'Terminate')


@pytest.mark.long
@pytest.mark.timeout(900)
@pytest.mark.parametrize('terraform', [EVERYTHING], indirect=True, ids=['everything'])
def test_every_resource(terraform, client, tmp_path):
    """Apply, the plan is empty, change, apply, the plan is empty, destroy."""
    (tmp_path / 'package.zip').write_bytes(make_zip({'app.py': 'def handler(event, context):\n    return event\n'}))
    for changed in (False, True):
        variables = ['-var', f'changed={str(changed).lower()}']
        terraform(*APPLY, *variables)
        check_everything(client, changed)
        plan = terraform(*PLAN, *variables, check=False)
        assert plan.returncode == 0, plan.stdout
    terraform(*DESTROY, '-var', 'changed=true')
    with pytest.raises(client.exceptions.ResourceNotFoundException):
        client.get_function(FunctionName='terraform-all')
    assert client.list_event_source_mappings(FunctionName='terraform-all')['EventSourceMappings'] == []
