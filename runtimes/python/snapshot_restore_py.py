# SPDX-License-Identifier: Apache-2.0
"""
The module with which functions register their SnapStart hooks, as AWS's Python runtimes offer it.

Hooks run only in environments that are started from a snapshot; registering is always allowed.
"""

_before_snapshot = []
_after_restore = []


def register_before_snapshot(func, *args, **kwargs):
    """Call func before the snapshot is taken. Works as a decorator, too."""
    _before_snapshot.append((func, args, kwargs))
    return func


def register_after_restore(func, *args, **kwargs):
    """Call func after an environment was restored. Works as a decorator, too."""
    _after_restore.append((func, args, kwargs))
    return func


def get_before_snapshot():
    """The hooks as (function, arguments, keyword arguments), in the order of registration."""
    return _before_snapshot


def get_after_restore():
    """The hooks as (function, arguments, keyword arguments), in the order of registration."""
    return _after_restore
