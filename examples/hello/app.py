# SPDX-License-Identifier: Apache-2.0
"""The smallest function: it answers the same to everybody."""


def handler(event, context):
    return {'statusCode': 200, 'body': 'Hello from Lambda!'}
