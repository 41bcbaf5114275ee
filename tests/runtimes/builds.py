# SPDX-License-Identifier: Apache-2.0
"""
Packages of the functions that have to be built, below build-check/functions.

The build tools keep what they made there, so the first run is the slow one.
"""

import functools
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FUNCTIONS = Path(__file__).resolve().parent / "functions"
BUILDS = ROOT / "build-check/functions"

AWSLAMBDARIC = "awslambdaric==4.2.2"
AWS_LAMBDA_RIC = "aws-lambda-ric@3.3.0"


def run(*command, cwd=None, **environment):
    subprocess.run(
        [str(word) for word in command],
        cwd=cwd,
        env=os.environ | environment,
        check=True,
        timeout=1200,
    )


def fresh_package(name):
    """An empty folder for the package, beside which the tools keep their own."""
    package = BUILDS / name / "package"
    shutil.rmtree(package, ignore_errors=True)
    package.mkdir(parents=True)
    return package


def write_bootstrap(package, command):
    bootstrap = package / "bootstrap"
    bootstrap.write_text(f"#!/bin/sh\nexec {command}\n")
    bootstrap.chmod(0o755)


@functools.cache
def dotnet_client():
    """Our client, compiled as the build of lambd does it."""
    out = BUILDS / "dotnet/runtime"
    run(ROOT / "runtimes/dotnet/assemble", out)
    return out / "bootstrap.exe"


@functools.cache
def build_dotnet(language):
    package = fresh_package(language.name)
    command = ("mcs", "-nologo", "-target:library", f"-out:{package}/Cases.dll")
    run(*command, FUNCTIONS / "dotnet/Cases.cs")
    return package


@functools.cache
def build_go(language):
    package = fresh_package(language.name)
    output = package / "bootstrap"
    run(
        *("go", "build", "-trimpath", "-tags", "lambda.norpc", "-o", output, "."),
        cwd=FUNCTIONS / "go",
        CGO_ENABLED="0",
        GOFLAGS="-mod=readonly",
    )
    return package


@functools.cache
def build_rust(language):
    package = fresh_package(language.name)
    target = BUILDS / language.name / "target"
    run(
        *("cargo", "build", "--release", "--locked", "--target-dir", target),
        cwd=FUNCTIONS / "rust",
    )
    shutil.copy(target / "release/bootstrap", package)
    return package


@functools.cache
def build_awslambdaric(language):
    """The Python cases with AWS's client from PyPI."""
    package = fresh_package(language.name)
    pip = (sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check")
    run(*pip, "--target", package, AWSLAMBDARIC)
    shutil.copy(FUNCTIONS / "python/cases.py", package)
    write_bootstrap(package, '/usr/bin/python3 -m awslambdaric "$_HANDLER"')
    return package


@functools.cache
def build_aws_lambda_ric(language):
    """The Node.js cases with AWS's client from npm, whose native part npm compiles here."""
    package = fresh_package(language.name)
    tools = BUILDS / language.name / "npm"
    tools.mkdir(exist_ok=True)
    # The client's own build steps are scripts of its package.
    run("npm", "install", "--no-audit", "--no-fund", "--no-save", AWS_LAMBDA_RIC, cwd=tools)
    client = package / "node_modules/aws-lambda-ric"
    for part in ("bin", "dist"):
        shutil.copytree(tools / "node_modules/aws-lambda-ric" / part, client / part)
    shutil.copy(tools / "node_modules/aws-lambda-ric/package.json", client)
    shutil.copy(FUNCTIONS / "node/cases.js", package)
    write_bootstrap(package, 'node node_modules/aws-lambda-ric/bin/index.mjs "$_HANDLER"')
    return package
