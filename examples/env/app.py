# SPDX-License-Identifier: Apache-2.0
"""Prints an environment variable of the function; the line goes to its log."""
import os


def handler(event, context):
    greeting = os.environ.get('GREETING', 'GREETING is not set')
    print(greeting)
    return greeting
