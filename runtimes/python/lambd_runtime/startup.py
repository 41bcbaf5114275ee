# SPDX-License-Identifier: Apache-2.0
"""
From a bare interpreter to a loaded handler: environment, sys.path, logging hook, handler.

The interpreter is started with -S, because the site module takes a third of its start-up time;
what functions can notice of it is made up for here.
"""

import builtins
import os
import sys

EXECUTION_ENV_PREFIX = "AWS_Lambda_python"


class Fault(Exception):
    """An error of the runtime itself, reported under one of its Runtime.* names."""

    def __init__(self, error_type, message, trace=()):
        super().__init__(message)
        self.error_type = error_type
        self.message = message
        self.trace = list(trace)


def apply_environment(block):
    """Make the process environment equal to a block of KEY=VALUE entries, each ended by NUL.

    An empty block leaves it as it is: as a wrapper has made it.
    """
    if not block:
        return
    wanted = {}
    for entry in bytes(block).split(b"\0"):
        key, equals, value = entry.partition(b"=")
        if equals:
            wanted[os.fsdecode(key)] = os.fsdecode(value)
    for key in [key for key in os.environ if key not in wanted]:
        del os.environ[key]
    time_zone = os.environ.get("TZ")
    for key, value in wanted.items():
        if os.environ.get(key) != value:
            os.environ[key] = value
    if os.environ.get("TZ") != time_zone:
        from time import tzset

        tzset()


def requested_version():
    """The Python version that the function asked for; it may differ from the interpreter's."""
    name = os.environ.get("AWS_EXECUTION_ENV", "")
    if name.startswith(EXECUTION_ENV_PREFIX):
        major, _, minor = name[len(EXECUTION_ENV_PREFIX) :].partition(".")
        if major.isdigit() and minor.isdigit():
            return int(major), int(minor)
    return sys.version_info[:2]


def wants_json_logs():
    """Does the function's logging configuration ask for JSON?"""
    return os.environ.get("AWS_LAMBDA_LOG_FORMAT", "").upper() == "JSON"


def set_module_path(runtime_dir, version):
    """Order sys.path as AWS does: function, layers, PYTHONPATH, library, packages, client."""
    _make_up_for_site(runtime_dir)
    layers = "/opt/python"
    first = [os.environ.get("LAMBDA_TASK_ROOT", "/var/task")]
    for major, minor in dict.fromkeys((version, sys.version_info[:2])):
        first.append(f"{layers}/lib/python{major}.{minor}/site-packages")
    first.append(layers)
    # A process that knew the environment when it started has these on sys.path already.
    first += [path for path in os.environ.get("PYTHONPATH", "").split(":") if path]
    rest = [path for path in sys.path if path != runtime_dir]
    ordered = dict.fromkeys(first + rest)
    ordered.pop(runtime_dir, None)
    sys.path[:] = [*ordered, runtime_dir]


def _make_up_for_site(runtime_dir):
    if not sys.flags.no_site or hasattr(builtins, "exit"):
        return
    import site

    if os.environ.get("PYTHONPATH", runtime_dir) != runtime_dir:
        site.main()  # The function brings modules of its own, perhaps a sitecustomize.
        return
    site.setquit()
    site.sethelper()
    sys.path += [path for path in site.getsitepackages() if os.path.isdir(path)]


class LoggingHook:
    """
    A meta path finder that prepares the logging module as soon as the function imports it.

    Importing logging ahead of time would cost every cold start 8 ms. The library's own module is
    taken even when the function has a file of that name, as on AWS, where it is loaded before.
    """

    def __init__(self, library_path, prepare):
        self._library_path = library_path
        self._prepare = prepare
        self._loader = None

    def install(self):
        if "logging" in sys.modules:
            self._prepare()
        else:
            sys.meta_path.insert(0, self)

    def find_spec(self, name, _path=None, _target=None):
        if name != "logging":
            return None
        from importlib.machinery import PathFinder

        spec = PathFinder.find_spec(name, self._library_path)
        if spec is not None:
            self._loader = spec.loader
            spec.loader = self
        return spec

    def create_module(self, spec):
        return self._loader.create_module(spec)

    def exec_module(self, module):
        if self in sys.meta_path:
            sys.meta_path.remove(self)
        module.__loader__ = module.__spec__.loader = self._loader
        self._loader.exec_module(module)
        self._prepare()


def load_handler(name):
    """Import the module of a handler string and return the function. Fault: it cannot be."""
    try:
        module_name, function_name = name.rsplit(".", 1)
    except ValueError as error:
        raise Fault("Runtime.MalformedHandlerName", f"Bad handler '{name}': {error}") from None
    module = _import_handler_module(module_name)
    try:
        return getattr(module, function_name)
    except AttributeError:
        message = f"Handler '{function_name}' missing on module '{module_name}'"
        raise Fault("Runtime.HandlerNotFound", message) from None


def _import_handler_module(name):
    if name.split(".")[0] in sys.builtin_module_names:
        message = f"Cannot use built-in module {name} as a handler module"
        raise Fault("Runtime.BuiltInModuleConflict", message)
    from importlib import import_module

    try:
        return import_module(name.replace("/", "."))
    except ImportError as error:
        message = f"Unable to import module '{name}': {error}"
        raise Fault("Runtime.ImportModuleError", message) from error
    except SyntaxError as error:
        message = f"Syntax error in module '{name}': {error}"
        trace = f'  File "{error.filename}" Line {error.lineno}\n    {error.text}'
        raise Fault("Runtime.UserCodeSyntaxError", message, [trace]) from error
