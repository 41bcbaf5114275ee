# SPDX-License-Identifier: Apache-2.0
"""
Packages of the functions that have to be built.

They are made anew for each run; what takes minutes is kept by the build tools below
build-check/functions, so the first run is the slow one.
"""

import atexit
import functools
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FUNCTIONS = Path(__file__).resolve().parent / "functions"
KEPT = ROOT / "build-check/functions"

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


def fresh_folder():
    """An empty folder that goes away with this process."""
    folder = tempfile.mkdtemp(prefix="lambd-functions-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    os.chmod(folder, 0o755)
    return Path(folder)


def write_bootstrap(package, command):
    bootstrap = package / "bootstrap"
    bootstrap.write_text(f"#!/bin/sh\nexec {command}\n")
    bootstrap.chmod(0o755)


@functools.cache
def dotnet_client():
    """Our client, compiled as the build of lambd does it."""
    out = fresh_folder()
    run(ROOT / "runtimes/dotnet/assemble", out)
    return out / "bootstrap.exe"


@functools.cache
def build_dotnet(_language):
    package = fresh_folder()
    command = ("mcs", "-nologo", "-target:library", f"-out:{package}/Cases.dll")
    run(*command, FUNCTIONS / "dotnet/Cases.cs")
    return package


@functools.cache
def java_client():
    """Our client, compiled as the build of lambd does it."""
    out = fresh_folder()
    run(ROOT / "runtimes/java/assemble", out)
    return out


@functools.cache
def build_java(_language):
    package = fresh_folder()
    sources = sorted((FUNCTIONS / "java").rglob("*.java"))
    run("javac", "--release", "17", "-cp", java_client() / "bootstrap.jar", "-d", package, *sources)
    return package


@functools.cache
def build_go(_language):
    package = fresh_folder()
    output = package / "bootstrap"
    run(
        *("go", "build", "-trimpath", "-tags", "lambda.norpc", "-o", output, "."),
        cwd=FUNCTIONS / "go",
        CGO_ENABLED="0",
        GOFLAGS="-mod=readonly",
    )
    return package


@functools.cache
def build_rust(_language):
    package = fresh_folder()
    target = KEPT / "rust"
    run(
        *("cargo", "build", "--release", "--locked", "--target-dir", target),
        cwd=FUNCTIONS / "rust",
    )
    shutil.copy(target / "release/bootstrap", package)
    return package


@functools.cache
def build_awslambdaric(_language):
    """The Python cases with AWS's client from PyPI."""
    package = fresh_folder()
    pip = (sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check")
    run(*pip, "--target", package, AWSLAMBDARIC)
    shutil.copy(FUNCTIONS / "python/cases.py", package)
    write_bootstrap(package, '/usr/bin/python3 -m awslambdaric "$_HANDLER"')
    return package


@functools.cache
def build_aws_lambda_ric(_language):
    """The Node.js cases with AWS's client from npm, whose native part npm compiles here."""
    package = fresh_folder()
    tools = KEPT / "aws-lambda-ric"
    tools.mkdir(parents=True, exist_ok=True)
    # The client's own build steps are scripts of its package.
    npm = ("npm", "install", "--no-audit", "--no-fund", "--no-save", "--prefix", tools)
    # Node's headers are the system's, like node; the build would fetch them from elsewhere.
    run(*npm, AWS_LAMBDA_RIC, cwd=tools, npm_config_nodedir="/usr")
    client = package / "node_modules/aws-lambda-ric"
    for part in ("bin", "dist"):
        shutil.copytree(tools / "node_modules/aws-lambda-ric" / part, client / part)
    shutil.copy(tools / "node_modules/aws-lambda-ric/package.json", client)
    shutil.copy(FUNCTIONS / "node/cases.js", package)
    write_bootstrap(package, 'node node_modules/aws-lambda-ric/bin/index.mjs "$_HANDLER"')
    return package


@functools.cache
def java_of_aws():
    """What Maven makes of functions/java-aws: classes, and dependency with all jars."""
    project = fresh_folder() / "project"
    shutil.copytree(FUNCTIONS / "java-aws", project)
    run("mvn", "-q", "-B", "compile", "dependency:copy-dependencies", cwd=project)
    return project / "target"


@functools.cache
def build_java_events(_language=None):
    """Functions of AWS's event classes, as they are deployed: without a runtime."""
    package = fresh_folder()
    shutil.copytree(java_of_aws() / "classes", package, dirs_exist_ok=True)
    (package / "lib").mkdir()
    for jar in (java_of_aws() / "dependency").glob("*.jar"):
        if jar.name.startswith(("aws-lambda-java-core", "aws-lambda-java-events", "joda-time")):
            shutil.copy(jar, package / "lib")
    return package


@functools.cache
def build_java_ric(language):
    """The Java cases, and those of events, with AWS's client from Maven Central."""
    package = fresh_folder()
    shutil.copytree(build_java(language), package, dirs_exist_ok=True)
    shutil.copytree(java_of_aws() / "classes", package, dirs_exist_ok=True)
    shutil.copytree(java_of_aws() / "dependency", package / "lib")
    main = "com.amazonaws.services.lambda.runtime.api.client.AWSLambda"
    options = "-XX:MaxRAM=256m -Dfile.encoding=UTF-8 -Dsun.jnu.encoding=UTF-8"
    write_bootstrap(package, f'java {options} -cp "lib/*" {main} "$_HANDLER"')
    return package
