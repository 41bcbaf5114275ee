# SPDX-License-Identifier: Apache-2.0
"""
The Python runtime client of lambd.

Reading order: client (start-up and the invocation loop), channel (frames), startup (environment,
sys.path, the handler), context, marshal (JSON), errors (error reports), logs (the logging module).

A cold start pays for every module imported here, so: no `re`, `enum`, `json`, `logging`,
`traceback`, `typing` at module level. errors and logs are imported when they are first needed.
Nothing of the function may be read at import time either: the modules are also imported by a
process that is forked later, before anybody knows the function.
"""
