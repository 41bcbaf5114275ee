#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Write src/model/<service>/ from the AWS service model of the installed botocore package.

    tools/codegen/codegen.py            write the files
    tools/codegen/codegen.py --check    change nothing; fail when a file would change

The version of botocore is fixed in requirements.txt beside this file, because another one has
another model.
"""

import argparse
import os
import re
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from emit import emit  # noqa: E402
from overrides import SERVICES  # noqa: E402
from service import Service  # noqa: E402

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.join(HERE, "..", "..", "src", "model")


def read(path):
    try:
        with open(path, encoding="utf-8") as f:
            return f.read()
    except FileNotFoundError:
        return None


def check_version():
    """A sentence when the installed botocore is not the one that the model is taken from."""
    import botocore

    wanted = re.search(r"^botocore==(\S+)$", read(os.path.join(HERE, "requirements.txt")), re.M)[1]
    if botocore.__version__ == wanted:
        return None
    return f"src/model is made from botocore {wanted}, but {botocore.__version__} is installed"


def generate():
    """(path, text) of every generated file."""
    for name, config in SERVICES.items():
        for file_name, text in emit(Service(name, config)).items():
            yield os.path.normpath(os.path.join(ROOT, name, file_name)), text


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="fail when a file would change")
    args = parser.parse_args()
    complaint = check_version()
    if complaint:
        print(complaint, file=sys.stderr)
        return 2
    stale = [(path, text) for path, text in generate() if read(path) != text]
    if args.check:
        for path, _ in stale:
            print(f"{os.path.relpath(path)} is not what tools/codegen writes", file=sys.stderr)
        return 1 if stale else 0
    for path, text in stale:
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8") as f:
            f.write(text)
        print(f"wrote {os.path.relpath(path)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
