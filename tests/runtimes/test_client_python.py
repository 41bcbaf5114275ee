# SPDX-License-Identifier: Apache-2.0
"""What only the Python client does."""

import importlib.util
import json
import math
import re
import subprocess
import sys
from decimal import Decimal

import channel_peer
import pytest
from channel_peer import REQUEST_ID
from languages import ROOT

WARNING = re.compile(
    r"\[WARNING\]\t\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z\t\tLAMBDA_WARNING: Unhandled exception\. "
)
TEXT_TIME = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z"
CONTENT_TYPE = "Content-Type"


@pytest.fixture
def run(write_function):
    """Write app.py, start it and initialise it."""

    def start(source, variables=None, handler="app.handler", files=None):
        environment = write_function(
            "python", {"app.py": source, **(files or {})}, handler, variables
        )
        answer = environment.init()
        assert answer.kind == "NEXT", (answer, environment.wait())
        return environment

    return start


def returning(expression, imports=""):
    return f"{imports}\ndef handler(event, context):\n    return {expression}\n"


@pytest.mark.parametrize(
    "expression,imports,payload",
    [
        ("{'a': 1, 'b': [None, True]}", "", b'{"a": 1, "b": [null, true]}'),
        ("(1, 2)", "", b"[1, 2]"),
        ("Decimal('1.10')", "from decimal import Decimal", b"1.10"),
        ("{'p': Decimal('12345678901234567890.123'), 's': 'raw-'}",
         "from decimal import Decimal", b'{"p": 12345678901234567890.123, "s": "raw-"}'),
        ("[Decimal('NaN'), Decimal('-0')]", "from decimal import Decimal", b"[NaN, -0]"),
        ("float('nan')", "", b"NaN"),
        ("[float('inf'), float('-inf')]", "", b"[Infinity, -Infinity]"),
        ("{1: 2, None: 3, True: 4, 1.5: 5}", "", b'{"1": 4, "null": 3, "1.5": 5}'),
        ("{'text': 'é'.encode()}", "", b'{"text": "\xc3\xa9"}'),
        ("10 ** 30", "", b"1" + b"0" * 30),
        ("0.1", "", b"0.1"),
        ("IntEnum('E', 'a b').b", "from enum import IntEnum", b"2"),
    ],
    ids=str,
)
def test_results(run, expression, imports, payload):
    answer = run(returning(expression, imports)).invoke({})
    assert (answer.kind, answer.payload) == ("RESPONSE", payload)
    assert answer.metadata == {}


@pytest.mark.parametrize(
    "runtime,payload",
    [("python3.11", b'"\\u00e9\\ud83c\\udf89"'), ("python3.12", '"é🎉"'.encode())],
)
def test_ascii_until_3_11(run, runtime, payload):
    variables = {"AWS_EXECUTION_ENV": f"AWS_Lambda_{runtime}"}
    environment = run(returning("'é🎉'"), variables)
    assert environment.invoke({}).payload == payload


def test_bytes_are_sent_raw(run):
    answer = run(returning("b'\\x00\\xff raw'")).invoke({})
    assert answer.payload == b"\x00\xff raw"
    assert answer.metadata == {CONTENT_TYPE: "application/unknown"}


@pytest.mark.parametrize(
    "expression,reason",
    [
        ("{1, 2}", "Object of type set is not JSON serializable"),
        ("{'a': object()}", "Object of type object is not JSON serializable"),
        ("handler2()", "Object of type coroutine is not JSON serializable"),
        ("{(1, 2): 3}", "keys must be str, int, float, bool or None, not tuple"),
        ("loop", "Circular reference detected"),
        ("[b'\\x89PNG']", "'utf-8' codec can't decode byte 0x89 in position 0: invalid start byte"),
    ],
)
def test_marshal_error(run, expression, reason):
    imports = "async def handler2(): pass\nloop = []\nloop.append(loop)\n"
    environment = run(returning(f"{expression} if event else 'fine'", imports))
    for _ in range(2):
        answer = environment.invoke(1)
        assert answer.json == {
            "errorMessage": f"Unable to marshal response: {reason}",
            "errorType": "Runtime.MarshalError",
            "requestId": REQUEST_ID,
            "stackTrace": [],
        }
    assert environment.invoke(0).json == "fine"


def test_async_handler_is_not_awaited(run):
    answer = run("async def handler(event, context):\n    return 1\n").invoke({})
    assert answer.json["errorType"] == "Runtime.MarshalError"
    assert "coroutine" in answer.json["errorMessage"]


def test_unmarshal_error(run):
    answer = run(returning("event")).invoke(raw=b"{nope")
    message = "Expecting property name enclosed in double quotes: line 1 column 2 (char 1)"
    assert answer.json == {
        "errorMessage": f"Unable to unmarshal input: {message}",
        "errorType": "Runtime.UnmarshalError",
        "requestId": REQUEST_ID,
        "stackTrace": [],
    }


def test_client_context_that_is_not_json(run):
    answer = run(returning("event")).invoke({}, Client_Context="{")
    assert answer.json["errorType"] == "Runtime.LambdaContextUnmarshalError"
    assert answer.json["errorMessage"].startswith("Unable to parse Client Context JSON: ")


FAILING = """\
def inner():
    return 1/0

def handler(event, context):
    if event:
        print('before')
        return inner()
"""


def test_error_report(run):
    environment = run(FAILING)
    answer = environment.invoke(1)
    root = environment.variables["LAMBDA_TASK_ROOT"]
    assert answer.payload.decode() == json.dumps(
        {
            "errorMessage": "division by zero",
            "errorType": "ZeroDivisionError",
            "requestId": REQUEST_ID,
            "stackTrace": [
                f'  File "{root}/app.py", line 7, in handler\n    return inner()\n',
                f'  File "{root}/app.py", line 2, in inner\n    return 1/0\n',
            ],
        }
    )
    (log,) = answer.logs
    assert log.level == "ERROR" and not log.is_json
    assert log.text == (
        "[ERROR] ZeroDivisionError: division by zero\n"
        "Traceback (most recent call last):\n"
        f'\u00a0\u00a0File "{root}/app.py", line 7, in handler\n'
        "\u00a0\u00a0\u00a0\u00a0return inner()\n"
        f'\u00a0\u00a0File "{root}/app.py", line 2, in inner\n'
        "\u00a0\u00a0\u00a0\u00a0return 1/0"
    )
    cause = json.loads(answer.metadata["Lambda-Runtime-Function-XRay-Error-Cause"])
    assert cause == {
        "working_directory": root,
        "exceptions": [
            {
                "message": "division by zero",
                "type": "ZeroDivisionError",
                "stack": [
                    {"label": "handler", "path": f"{root}/app.py", "line": 7},
                    {"label": "inner", "path": f"{root}/app.py", "line": 2},
                ],
            }
        ],
        "paths": [f"{root}/app.py"],
    }
    assert environment.read_output() == "before\n"


def test_error_report_json_format(run):
    environment = run(FAILING, {"AWS_LAMBDA_LOG_FORMAT": "JSON"})
    (log,) = environment.invoke(1).logs
    assert log.is_json and log.level == "ERROR"
    record = log.record
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", record.pop("timestamp"))
    assert list(record) == ["log_level", "errorMessage", "errorType", "requestId", "stackTrace"]
    assert record["log_level"] == "ERROR" and record["errorType"] == "ZeroDivisionError"


def test_no_request_id_in_errors_before_3_9(run):
    environment = run(FAILING, {"AWS_EXECUTION_ENV": "AWS_Lambda_python3.8"})
    assert list(environment.invoke(1).json) == ["errorMessage", "errorType", "stackTrace"]


def test_deep_recursion_fits_a_frame(run):
    environment = run("def handler(event, context):\n    return handler(event, context)\n")
    answer = environment.invoke({})
    assert answer.json["errorType"] == "RecursionError"
    assert len(answer.metadata["Lambda-Runtime-Function-XRay-Error-Cause"]) <= 32768


def test_error_without_message_and_with_unprintable_text(run):
    environment = run(
        "class Odd(Exception):\n"
        "    def __str__(self):\n        raise ValueError\n"
        "def handler(event, context):\n    raise Odd if event == 1 else ValueError('\\ud800')\n"
    )
    assert environment.invoke(1).json["errorMessage"] == "<unprintable Odd object>"
    assert environment.invoke(2).json["errorMessage"] == "\ud800"


def test_wrong_number_of_parameters(run):
    answer = run("def handler(event):\n    return 1\n").invoke({})
    message = "handler() takes 1 positional argument but 2 were given"
    assert (answer.json["errorType"], answer.json["errorMessage"]) == ("TypeError", message)
    assert len(answer.json["stackTrace"]) == 1


def test_error_when_descriptors_are_used_up(run):
    environment = run(
        "import os\n"
        "def handler(event, context):\n"
        "    files = []\n"
        "    try:\n"
        "        while True:\n            files.append(os.open('/dev/null', os.O_RDONLY))\n"
        "    except OSError as error:\n"
        "        handler.files = files\n        raise\n"
    )
    answer = environment.invoke({})
    assert answer.json["errorType"] == "OSError"
    assert "Too many open files" in answer.json["errorMessage"]


INIT_FAILURES = {
    "nodots": (
        "",
        "Runtime.MalformedHandlerName",
        "Bad handler 'nodots': not enough values to unpack (expected 2, got 1)",
    ),
    "absent.handler": (
        "",
        "Runtime.ImportModuleError",
        "Unable to import module 'absent': No module named 'absent'",
    ),
    "app.handler": (
        "import not_there_at_all\n",
        "Runtime.ImportModuleError",
        "Unable to import module 'app': No module named 'not_there_at_all'",
    ),
    "app.gone": ("", "Runtime.HandlerNotFound", "Handler 'gone' missing on module 'app'"),
    "sys.handler": (
        "",
        "Runtime.BuiltInModuleConflict",
        "Cannot use built-in module sys as a handler module",
    ),
}


@pytest.mark.parametrize("handler", INIT_FAILURES)
def test_init_failure(write_function, handler):
    source, error_type, message = INIT_FAILURES[handler]
    environment = write_function("python", source, handler)
    answer = environment.init()
    assert answer.kind == "INIT_ERROR"
    assert answer.payload.decode() == json.dumps(
        {"errorMessage": message, "errorType": error_type, "requestId": "", "stackTrace": []}
    )
    assert answer.metadata == {"Lambda-Runtime-Function-Error-Type": error_type}
    warning, error = answer.logs
    assert WARNING.match(warning.text) and warning.text.endswith("\n")
    assert error.text == f"[ERROR] {error_type}: {message}\nTraceback (most recent call last):"
    assert environment.wait() == (1, "", "")


def test_syntax_error_report(write_function):
    environment = write_function("python", "def handler(:\n    pass\n")
    answer = environment.init().json
    root = environment.variables["LAMBDA_TASK_ROOT"]
    assert answer["errorMessage"] == "Syntax error in module 'app': invalid syntax (app.py, line 1)"
    assert answer["stackTrace"] == [f'  File "{root}/app.py" Line 1\n    def handler(:\n']


def test_exception_at_import(write_function):
    environment = write_function("python", 'raise Exception("Runtime startup fails")\n')
    answer = environment.init()
    root = environment.variables["LAMBDA_TASK_ROOT"]
    assert answer.json["errorMessage"] == "Runtime startup fails"
    assert (answer.json["errorType"], answer.json["requestId"]) == ("Exception", "")
    trace = answer.json["stackTrace"]
    # Recorded on AWS: the frames of importlib stay, those of the runtime go.
    assert re.match(r'  File ".*/importlib/__init__\.py", line \d+, in import_module\n', trace[0])
    assert trace[-1] == (
        f'  File "{root}/app.py", line 1, in <module>\n'
        '    raise Exception("Runtime startup fails")\n'
    )
    assert environment.wait()[0] == 1


def test_init_failure_json_format(write_function):
    variables = {"AWS_LAMBDA_LOG_FORMAT": "JSON"}
    environment = write_function("python", "1/0\n", variables=variables)
    warning, error = environment.init().logs
    assert warning.record["level"] == "WARNING" and warning.is_json
    assert warning.record["message"].startswith("LAMBDA_WARNING: ")
    assert error.record["errorType"] == "ZeroDivisionError"


@pytest.mark.parametrize("status", [0, 3])
def test_exit_at_import(write_function, status):
    environment = write_function("python", f"import sys\nprint('bye')\nsys.exit({status})\n")
    assert environment.init().kind == "EXIT"
    assert environment.wait() == (status, "bye\n", "")


def test_exit_with_message(run):
    environment = run("import sys\ndef handler(event, context):\n    sys.exit('reason')\n")
    assert environment.invoke({}).kind == "EXIT"
    assert environment.wait() == (1, "", "reason\n")


def test_keyboard_interrupt_ends_the_process(run):
    environment = run("def handler(event, context):\n    raise KeyboardInterrupt\n")
    assert environment.invoke({}).kind == "EXIT"
    assert environment.wait()[0] != 0


LOGGING = """\
import logging
{top}
def handler(event, context):
{body}
"""


def logging_function(body, top=""):
    return LOGGING.format(body="\n".join("    " + line for line in body.split("\n")), top=top)


def test_logging_text(run):
    body = "logger.info('hello %s', 'you')\nlogger.debug('no')\nlogging.error('two\\nlines')"
    top = "logger = logging.getLogger()\nlogger.setLevel(logging.INFO)"
    first, second = run(logging_function(body, top)).invoke({}).logs
    assert re.fullmatch(rf"\[INFO\]\t{TEXT_TIME}\t{REQUEST_ID}\thello you\n", first.text)
    assert re.fullmatch(rf"\[ERROR\]\t{TEXT_TIME}\t{REQUEST_ID}\ttwo\nlines\n", second.text)
    assert first.level == "" and not first.is_json


def test_logging_default_level_is_warning(run):
    body = "logging.info('no')\nlogging.getLogger('a.b').warning('yes')"
    (log,) = run(logging_function(body)).invoke({}).logs
    assert log.text.endswith("\tyes\n")


def test_basic_config_has_no_effect(run):
    top = "logging.basicConfig(level=logging.DEBUG, format='mine %(message)s')"
    answer = run(logging_function("logging.info('no')\nlogging.error('yes')", top)).invoke({})
    (log,) = answer.logs
    assert log.text.startswith("[ERROR]\t")


def test_logging_during_init_has_no_request_id(write_function):
    environment = write_function("python", logging_function("pass", "logging.warning('early')"))
    (log,) = environment.init().logs
    assert re.fullmatch(rf"\[WARNING\]\t{TEXT_TIME}\t\tearly\n", log.text)
    assert log.invocation == 0


def test_logging_exception_stays_together(run):
    body = "try:\n    1/0\nexcept Exception:\n    logging.exception('failed')"
    (log,) = run(logging_function(body)).invoke({}).logs
    assert "\tfailed\nTraceback (most recent call last):\n" in log.text.replace("\n\n", "\n")
    assert "ZeroDivisionError: division by zero" in log.text


def test_logging_formatter_of_the_function(run):
    top = (
        "handler_of_root = logging.getLogger().handlers[0]\n"
        "handler_of_root.setFormatter(logging.Formatter('%(aws_request_id)s|%(message)s'))"
    )
    (log,) = run(logging_function("logging.error('x')", top)).invoke({}).logs
    assert log.text == f"{REQUEST_ID}|x"


def test_logging_module_of_the_function_is_ignored(run):
    files = {"logging.py": "raise RuntimeError('wrong module')\n"}
    (log,) = run(logging_function("logging.error('right')"), files=files).invoke({}).logs
    assert log.text.endswith("\tright\n")


def test_logging_imported_late_and_found_before(run):
    environment = run(
        "import importlib.util\n"
        "spec = importlib.util.find_spec('logging')\n"
        "def handler(event, context):\n"
        "    import logging\n"
        "    logging.error('late')\n"
        "    return [type(logging.__loader__).__name__, len(logging.getLogger().handlers)]\n"
    )
    for _ in range(2):
        answer = environment.invoke({})
        assert answer.json == ["SourceFileLoader", 1]
        assert len(answer.logs) == 1


def test_logging_json(run):
    body = "logging.warning('hi %s', 'é', extra={'order': 7, 'none': None})"
    variables = {"AWS_LAMBDA_LOG_FORMAT": "JSON", "AWS_LAMBDA_LOG_LEVEL": "INFO"}
    environment = run(logging_function(body), variables)
    (log,) = environment.invoke({}, Aws_Tenant_Id="t1").logs
    assert log.is_json and log.level == "WARN" and log.text.endswith("\n")
    record = log.record
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", record.pop("timestamp"))
    assert record == {
        "level": "WARNING",
        "message": "hi é",
        "logger": "root",
        "requestId": REQUEST_ID,
        "tenantId": "t1",
        "order": 7,
    }
    assert list(record)[:4] == ["level", "message", "logger", "requestId"]


def test_logging_json_exception(run):
    body = "try:\n    1/0\nexcept Exception:\n    logging.getLogger('x').exception('failed')"
    environment = run(logging_function(body), {"AWS_LAMBDA_LOG_FORMAT": "JSON"})
    (log,) = environment.invoke({}).logs
    record = log.record
    assert list(record) == [
        "timestamp",
        "level",
        "message",
        "logger",
        "stackTrace",
        "errorType",
        "errorMessage",
        "requestId",
        "location",
    ]
    assert record["errorType"] == "ZeroDivisionError" and record["logger"] == "x"
    assert record["location"].endswith("app.py:handler:7")


def test_context_log_and_repr(run):
    environment = run(
        "def handler(event, context):\n"
        "    context.log('raw')\n"
        "    context.extra = 1\n"
        "    return [repr(context), list(vars(context)), repr(context.identity)]\n"
    )
    answer = environment.invoke({})
    (log,) = answer.logs
    assert (log.text, log.level) == ("raw", "")
    text, names, identity = answer.json
    assert text.startswith(f"LambdaContext([aws_request_id={REQUEST_ID},log_group_name=/aws/")
    assert names[0] == "aws_request_id" and "extra" in names
    assert identity == "CognitoIdentity([cognito_identity_id=None,cognito_identity_pool_id=None])"


def test_module_path(run):
    environment = run(
        "import sys\ndef handler(event, context):\n    return sys.path\n",
        {"AWS_EXECUTION_ENV": "AWS_Lambda_python3.13", "PYTHONPATH": "/extra/one:/extra/two"},
    )
    path = environment.invoke({}).json
    assert path[0] == environment.variables["LAMBDA_TASK_ROOT"]
    assert path[1] == "/opt/python/lib/python3.13/site-packages"
    assert path.index("/opt/python") < path.index("/extra/one") < path.index("/extra/two")
    library = next(at for at, name in enumerate(path) if re.search(r"/python3\.\d+$", name))
    assert path.index("/extra/two") < library
    packages = [at for at, name in enumerate(path) if name.endswith("/dist-packages")]
    assert all(at > library for at in packages)
    assert path[-1].endswith("/runtimes/python")
    assert len(set(path)) == len(path)


def test_sitecustomize_of_the_function(run, tmp_path):
    environment = run(
        returning("__import__('builtins').customized"),
        {"PYTHONPATH": str(tmp_path / "site")},
        files={"site/sitecustomize.py": "import builtins\nbuiltins.customized = 'yes'\n"},
    )
    assert environment.invoke({}).json == "yes"


def test_site_builtins(run):
    environment = run("def handler(event, context):\n    help\n    exit(5)\n")
    assert environment.invoke({}).kind == "EXIT"
    assert environment.wait()[0] == 5


def test_start_is_lean(run):
    """Each of these modules costs milliseconds of every cold start."""
    environment = run(
        "import sys\nloaded = set(sys.modules)\n"
        "def handler(event, context):\n    return sorted(loaded.intersection(event))\n"
    )
    heavy = ["re", "enum", "json", "logging", "traceback", "typing", "decimal", "datetime",
             "socket", "struct", "threading", "functools", "collections", "inspect", "tokenize"]
    assert environment.invoke(heavy).json == []


def test_threads_log_whole_frames(run):
    """Not through logging, which has a lock of its own. Each record is more than a socket takes."""
    environment = run(
        "import threading\n"
        "def work(context, number):\n"
        "    for at in range(10):\n"
        "        context.log(f'{number}-{at}-' + 'x' * 250000)\n"
        "def handler(event, context):\n"
        "    threads = [threading.Thread(target=work, args=(context, n)) for n in range(8)]\n"
        "    [thread.start() for thread in threads]\n"
        "    [thread.join() for thread in threads]\n"
        "    return 'done'\n"
    )
    answer = environment.invoke({})
    assert answer.json == "done"
    seen = {tuple(log.text.split("-")[:2]) for log in answer.logs}
    assert len(seen) == len(answer.logs) == 80


def test_forked_child_stays_off_the_channel(run):
    environment = run(
        "import logging, os, sys\n"
        "def handler(event, context):\n"
        "    pid = os.fork()\n"
        "    if pid == 0:\n"
        "        logging.error('from the child')\n"
        "        sys.stdout.flush()\n"
        "        os._exit(0)\n"
        "    os.waitpid(pid, 0)\n"
        "    logging.error('from the parent')\n"
        "    return 1\n"
    )
    answer = environment.invoke({})
    (log,) = answer.logs
    assert log.text.endswith("from the parent\n")
    assert "from the child" in environment.read_output()


def test_child_that_returns_from_the_handler(run):
    """It must not answer a second time, nor read the parent's invocations."""
    environment = run(
        "import os\n"
        "def handler(event, context):\n"
        "    pid = os.fork()\n"
        "    if pid:\n        os.waitpid(pid, 0)\n"
        "    return 'parent' if pid else 'child'\n"
    )
    for _ in range(3):
        assert environment.invoke({}).json == "parent"
    assert environment.end() == (0, "", "")


def test_closed_output_is_no_error(run):
    environment = run("import sys\ndef handler(event, context):\n    sys.stdout.close()\n")
    assert environment.invoke({}).payload == b"null"
    assert environment.invoke({}).payload == b"null"


def test_replaced_output_is_no_error(run):
    environment = run("import sys\ndef handler(event, context):\n    sys.stdout = None\n")
    assert environment.invoke({}).payload == b"null"


def test_snapshot_hooks_can_be_registered(run):
    environment = run(
        "import snapshot_restore_py as hooks\n"
        "@hooks.register_before_snapshot\n"
        "def before():\n    raise RuntimeError\n"
        "hooks.register_after_restore(print, 'x', end='')\n"
        "def handler(event, context):\n"
        "    return [len(hooks.get_before_snapshot()), hooks.get_after_restore()[0][1:]]\n"
    )
    assert environment.invoke({}).json == [1, [["x"], {"end": ""}]]


def test_assembled_client(write_function, monkeypatch, tmp_path):
    """The byte-compiled folder works, and its byte code is used: the sources are gone."""
    out = tmp_path / "runtime"
    command = channel_peer.command_of("python")
    subprocess.run([ROOT / "runtimes/python/assemble", out, command[0]], check=True)
    for source in (out / "lambd_runtime").glob("*.py"):
        source.write_text("raise RuntimeError('the source was read')\n")
    command = [*command[:-1], str(out / "bootstrap.py")]
    monkeypatch.setattr(channel_peer, "command_of", lambda language: command)
    environment = write_function("python", logging_function("logging.error('x')\n1/0"))
    assert environment.init().kind == "NEXT"
    answer = environment.invoke({})
    assert answer.json["errorType"] == "ZeroDivisionError" and len(answer.logs) == 2
    assert not any(str(out) in line for line in answer.json["stackTrace"])


def test_time_zone_of_init(run):
    environment = run(
        "import time\ndef handler(event, context):\n    return time.tzname[0]\n",
        {"TZ": "Asia/Tokyo"},
    )
    assert environment.invoke({}).json == "JST"


def test_time_zone_of_late_init(write_function):
    environment = write_function(
        "python",
        "import time\ndef handler(event, context):\n    return time.tzname[0]\n",
        variables={"TZ": "Asia/Tokyo"},
        first_variables={"PATH": "/usr/bin:/bin"},
    )
    environment.init()
    assert environment.invoke({}).json == "JST"


def load_marshal(monkeypatch, with_c_parts):
    """The marshal module alone, with or without the C parts of json."""
    if not with_c_parts:
        monkeypatch.setitem(sys.modules, "_json", None)
    path = ROOT / "runtimes/python/lambd_runtime/marshal.py"
    spec = importlib.util.spec_from_file_location("marshal_under_test", path)
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    spec.loader.exec_module(module)
    return module.Marshaller(ensure_ascii=False)


@pytest.mark.parametrize("with_c_parts", [True, False])
def test_marshaller_agrees_with_json(monkeypatch, with_c_parts):
    marshaller = load_marshal(monkeypatch, with_c_parts)
    assert (marshaller._encode is not None) == with_c_parts
    for text in ("null", " [1, 2.5, -0, 1e5] ", '{"a": {"b": "\\u00e9"}}', '"x"', "-Infinity"):
        assert marshaller.decode(text.encode()) == json.loads(text)
    assert math.isnan(marshaller.decode(b"NaN"))
    for text in ("", "nul", "[1", "1 2", '{"a" 1}', '"\x01"', "[1,]", '"\\x"'):
        with pytest.raises(ValueError) as ours:
            marshaller.decode(text.encode())
        with pytest.raises(ValueError) as theirs:
            json.loads(text)
        assert str(ours.value) == str(theirs.value), text
    for value in (None, 1, "é\"", [1, {"k": (2.5, True)}], {1: 2}, 1e100, 10**40):
        assert marshaller.encode(value).decode() == json.dumps(value, ensure_ascii=False)
    assert marshaller.encode({"d": [Decimal("1.50"), Decimal("1E+3")]}) == b'{"d": [1.50, 1E+3]}'
    assert marshaller.encode("no more marks") == b'"no more marks"'


FORKING_PARENT = """\
import os, sys
sys.path.insert(0, {runtime!r})
from lambd_runtime import client
client.preload()
pid = os.fork()
if pid == 0:
    client.main()
os.close(3)
sys.exit(os.WEXITSTATUS(os.waitpid(pid, 0)[1]))
"""


def test_forked_from_a_process_that_knew_no_function(write_function, monkeypatch):
    source = FORKING_PARENT.format(runtime=str(ROOT / "runtimes/python"))
    command = [*channel_peer.command_of("python")[:-1], "-c", source]
    monkeypatch.setattr(channel_peer, "command_of", lambda language: command)
    environment = write_function(
        "python",
        logging_function("logging.warning('x')\nreturn dict(os.environ)", "import os"),
        variables={"AWS_LAMBDA_LOG_FORMAT": "JSON"},
        first_variables={"PATH": "/bin"},
    )
    assert environment.init().kind == "NEXT"
    answer = environment.invoke({})
    assert answer.json == environment.variables
    assert [log.record["message"] for log in answer.logs] == ["x"]
    assert environment.end() == (0, "", "")
