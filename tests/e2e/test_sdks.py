# SPDX-License-Identifier: Apache-2.0
"""The same tour through the API with the SDKs of other languages, each built from its registry: tests/e2e/clients."""
import json
import os
import pathlib
import shutil
import subprocess

import pytest

from support.functions import PYTHON
from support.zips import make_zip

CLIENTS = pathlib.Path(__file__).parent / 'clients'
CODE = 'def handler(event, context):\n    return event\n'
BUILD_SECONDS = 600
TOUR_SECONDS = 300

# What every tour prints.
STEPS = [
    ('create', 'Pending'),
    ('active', 'SUCCESS'),
    ('invoke', {'n': 1}),
    ('updated', 'SUCCESS'),
    ('publish', '1'),
    ('published', 'SUCCESS'),
    ('alias', '1'),
    ('invoke alias', '1'),
    ('policy', {'Service': 's3.amazonaws.com'}),
    ('concurrency', 5),
    ('event invoke', 1),
    ('url', 'NONE'),
    ('layer', 1),
    ('layers', 1),
    ('mapping', 10),
    ('mapping found', 1),
    ('code signing', 'Warn'),
    ('tags', {'team': 'one'}),
    ('pages', 3),
    ('missing', ['ResourceNotFoundException', 404]),
    ('deleted', 3),
]


def build_javascript(folder):
    subprocess.run(['npm', 'install', '--no-audit', '--no-fund', '--no-package-lock'], cwd=folder, check=True,
                   timeout=BUILD_SECONDS)
    return ['node', folder / 'tour.js']


def build_go(folder):
    subprocess.run(['go', 'build', '-o', 'tour', '.'], cwd=folder, check=True, timeout=BUILD_SECONDS,
                   env=os.environ | {'CGO_ENABLED': '0'})
    return [folder / 'tour']


def build_java(folder):
    subprocess.run(['mvn', '-q', '-B', 'package'], cwd=folder, check=True, timeout=BUILD_SECONDS)
    return ['java', '-cp', f'{folder}/target/tour.jar:{folder}/target/dependency/*', 'tour.Tour']


@pytest.mark.long
@pytest.mark.timeout(BUILD_SECONDS + TOUR_SECONDS)
@pytest.mark.parametrize('language,build', [('javascript', build_javascript), ('go', build_go), ('java', build_java)],
                         ids=['javascript', 'go', 'java'])
def test_tour(language, build, daemon, tmp_path):
    folder = tmp_path / 'client'
    shutil.copytree(CLIENTS / language, folder)
    command = build(folder)
    package = tmp_path / 'package.zip'
    package.write_bytes(make_zip({'app.py': CODE}))
    env = {k: v for k, v in os.environ.items() if not k.startswith('AWS_')} | {'RUNTIME': PYTHON}
    done = subprocess.run([*command, daemon.endpoint, package, f'tour-{language}'], env=env, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=TOUR_SECONDS, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    steps = [json.loads(line) for line in done.stdout.splitlines()]
    assert [(each['step'], each['value']) for each in steps] == STEPS
