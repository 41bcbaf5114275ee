# SPDX-License-Identifier: Apache-2.0
"""What every language's runtime client does alike."""

import json
import time

import pytest
from channel_peer import ARN, FUNCTIONS, REQUEST_ID, TRACE_ID

MEGABYTE = 1 << 20
TYPE_KEY = "Lambda-Runtime-Function-Error-Type"
CAUSE_KEY = "Lambda-Runtime-Function-XRay-Error-Cause"


@pytest.mark.parametrize(
    "event",
    [
        None,
        True,
        0,
        -12,
        1.5,
        1e300,
        "",
        "text",
        "ümläut € 漢字 🎉 \u2028 \x7f",
        "quote \" backslash \\ slash / newline \n tab \t nul \x00",
        [],
        {},
        [[], {}, [None, [1, [2, [3]]]]],
        {"": "", "a": {"b": {"c": []}}, "ключ": "значение"},
        {"constructor": 1, "length": 2},
    ],
    ids=repr,
)
def test_echo(suite, event):
    environment = suite("echo")
    answer = environment.invoke(event)
    assert answer.kind == "RESPONSE"
    assert answer.json == event
    assert answer.metadata.get("Content-Type", "application/json") == "application/json"


def test_white_space_around_event(suite):
    answer = suite("echo").invoke(raw=b' \r\n\t{ "a" : 1 } \n')
    assert answer.json == {"a": 1}


def test_deep_nesting(suite):
    event = json.loads("[" * 200 + "]" * 200)
    assert suite("echo").invoke(event).json == event


@pytest.mark.parametrize("size", [65000, 65536, 131072, 6 * MEGABYTE - 100])
def test_large_payloads(suite, size):
    event = ("0123456789abcdef" * (size // 16 + 1))[:size]
    environment = suite("echo")
    assert environment.invoke(event).json == event
    assert environment.invoke("again").json == "again"


def test_every_frame_size_around_the_buffers(suite):
    environment = suite("echo")
    for size in (*range(65000, 65600, 37), *range(21700, 21900, 11)):
        event = "é" * size
        assert environment.invoke(event).json == event


def test_large_unicode(suite):
    event = {"text": "🎉é" * 300000}
    assert suite("echo").invoke(event).json == event


def test_frame_in_many_pieces(suite):
    environment = suite("echo")
    event = {"key": "v" * 100000}
    for pieces in (1, 2, 3, 50, 700):
        assert environment.invoke(event, pieces=pieces).json == event
    assert environment.invoke({"small": 1}, pieces=400).json == {"small": 1}


def test_response_over_the_limit_goes_out_whole(suite):
    """lambd refuses it, but the runtime lives on."""
    environment = suite("big")
    assert len(environment.invoke(7 * MEGABYTE).payload) == 7 * MEGABYTE + 2
    assert environment.invoke(1).json == "x"


def test_nothing_is_null(suite):
    answer = suite("nothing").invoke({})
    assert (answer.kind, answer.payload) == ("RESPONSE", b"null")


def test_state_is_kept_between_invocations(suite):
    environment = suite("counter")
    assert [environment.invoke({}).json for _ in range(3)] == [1, 2, 3]


def test_environment_is_exactly_the_block(suite, language):
    variables = {"WITH_EQUALS": "a=b=c", "UNICODE": "naïve €", "EMPTY": ""}
    environment = suite("environment", variables)
    assert environment.invoke({}).json == environment.variables


def test_process_that_knew_no_function(environments, language):
    """A pooled process starts with next to nothing and learns everything from INIT."""
    environment = environments(
        language,
        FUNCTIONS / language,
        "cases.environment",
        {"MINE": "1", "PATH": "/bin"},
        first_variables={"PATH": "/usr/bin:/bin", "GONE": "1", "MINE": "0"},
    )
    assert environment.init().kind == "NEXT"
    assert environment.invoke({}).json == environment.variables


def test_trace_variable_lives_for_one_invocation(suite):
    environment = suite("environment")
    assert environment.invoke({}, Trace_Id=TRACE_ID).json["_X_AMZN_TRACE_ID"] == TRACE_ID
    assert "_X_AMZN_TRACE_ID" not in environment.invoke({}).json
    assert environment.invoke({}, Trace_Id="Root=2").json["_X_AMZN_TRACE_ID"] == "Root=2"


def test_working_directory(suite):
    environment = suite("directory")
    assert environment.invoke({}).json == environment.variables["LAMBDA_TASK_ROOT"]


def test_context(suite):
    environment = suite("describe")
    client_context = {
        "custom": {"k": "v"},
        "env": {"locale": "de"},
        "client": {"app_title": "App", "installation_id": "1"},
    }
    identity = {"cognitoIdentityId": "eu:1", "cognitoIdentityPoolId": "eu:2"}
    described = environment.invoke(
        {},
        Client_Context=json.dumps(client_context),
        Cognito_Identity=json.dumps(identity),
        Aws_Tenant_Id="tenant-1",
    ).json
    remaining = described.pop("remaining")
    assert 20000 < remaining <= 30000
    assert described == {
        "functionName": "suite",
        "functionVersion": "$LATEST",
        "invokedFunctionArn": ARN,
        "memoryLimitInMB": "128",
        "awsRequestId": REQUEST_ID,
        "logGroupName": "/aws/lambda/suite",
        "logStreamName": environment.variables["AWS_LAMBDA_LOG_STREAM_NAME"],
        "tenantId": "tenant-1",
        "identityId": "eu:1",
        "identityPoolId": "eu:2",
        "custom": {"k": "v"},
        "env": {"locale": "de"},
        "appTitle": "App",
    }


def test_context_without_caller_data(suite):
    described = suite("describe").invoke({}).json
    for name in ("tenantId", "identityId", "identityPoolId", "custom", "env", "appTitle"):
        assert described[name] is None, name


def test_error(suite):
    environment = suite("fail")
    root = environment.variables["LAMBDA_TASK_ROOT"]
    answer = environment.invoke("böse")
    assert answer.kind == "ERROR"
    assert answer.json["errorType"] == "CustomError"
    assert answer.json["errorMessage"] == "böse"
    assert answer.metadata[TYPE_KEY] == "CustomError"
    cause = json.loads(answer.metadata[CAUSE_KEY])
    assert cause["working_directory"] == root
    (exception,) = cause["exceptions"]
    assert (exception["type"], exception["message"]) == ("CustomError", "böse")
    assert any(frame["path"].startswith(root) and frame["line"] for frame in exception["stack"])
    assert any(path.startswith(root) for path in cause["paths"])
    # The process lives on.
    assert environment.invoke("again").json["errorMessage"] == "again"


def test_error_with_long_message(suite):
    answer = suite("fail_long").invoke({})
    assert answer.json["errorMessage"] == "m" * 300000
    assert len(answer.metadata[CAUSE_KEY]) <= 32768
    assert json.loads(answer.metadata[CAUSE_KEY])["exceptions"][0]["type"] == "CustomError"
    # The log message is larger than one frame may be.
    assert len(answer.logs) >= 2
    assert "m" * 300000 in "".join(log.text for log in answer.logs)


def test_unserialisable_result(suite):
    environment = suite("unserialisable")
    assert environment.invoke({}).kind == "ERROR"
    assert environment.invoke({}).kind == "ERROR"


def test_event_that_is_not_json(suite):
    environment = suite("echo")
    for raw in (b"", b"{", b"[1,]", b"nope", b"1 2", b'"\xff"'):
        answer = environment.invoke(raw=raw)
        if raw == b'"\xff"' and answer.kind == "RESPONSE":
            continue  # Node.js replaces bytes that are not UTF-8.
        assert answer.kind == "ERROR", raw
    assert environment.invoke(1).json == 1


def test_output_precedes_the_answer(suite):
    environment = suite("say")
    environment.invoke("hällo")
    assert environment.read_output() == "hällo\n"


def test_unfinished_output_precedes_the_answer(suite):
    environment = suite("say_part")
    environment.invoke("no newline")
    assert environment.read_output() == "no newline"


@pytest.mark.parametrize("status", [0, 1, 77])
def test_exit_in_handler(suite, status):
    environment = suite("leave")
    assert environment.invoke(status).kind == "EXIT"
    assert environment.wait()[0] == status


def test_killed_in_handler(suite):
    environment = suite("kill")
    assert environment.invoke({}).kind == "EXIT"
    assert environment.wait()[0] == -9


def test_end_of_channel_ends_the_process(suite):
    environment = suite("echo")
    environment.invoke(1)
    status, _, errors = environment.end()
    assert (status, errors) == (0, "")


def test_end_of_channel_before_init(environments, language):
    environment = environments(language, "/", "cases.echo")
    status, _, errors = environment.end()
    assert (status, errors) == (0, "")


def test_log_is_one_event(suite):
    before = time.time_ns() // 1000
    answer = suite("log").invoke("one\ntwo\n three")
    (log,) = answer.logs
    assert "one\ntwo\n three\n" in log.text
    assert REQUEST_ID in log.text
    assert log.invocation == 1 and not log.is_json
    # Node.js has a millisecond clock.
    assert before - 1000 <= log.time_us <= time.time_ns() // 1000


def test_long_log_is_cut_between_characters(suite):
    text = "a" + "é" * 300000
    answer = suite("log").invoke(text)
    assert len(answer.logs) == 3
    assert "\ufffd" not in "".join(log.text for log in answer.logs)
    assert text in "".join(log.text for log in answer.logs)


@pytest.mark.parametrize("level,texts", [("WARN", 1), ("ERROR", 0), ("TRACE", 2)])
def test_json_log_level(suite, level, texts):
    variables = {"AWS_LAMBDA_LOG_FORMAT": "JSON", "AWS_LAMBDA_LOG_LEVEL": level}
    answer = suite("log_warning", variables).invoke({})
    assert len(answer.logs) == texts
    for log in answer.logs:
        assert log.is_json
        assert log.record["requestId"] == REQUEST_ID
    if texts == 1:
        assert answer.logs[0].level == "WARN"
        assert answer.logs[0].record["message"] == "high enough"


def test_children_do_not_inherit_the_channel(suite):
    environment = suite("children")
    links = environment.invoke({}).json
    assert links
    assert f"socket:[{environment.client_inode}]" not in links


def test_missing_module(write_function, language):
    environment = write_function(language, {}, "absent.handler")
    answer = environment.init()
    assert answer.kind == "INIT_ERROR"
    assert answer.json["errorType"] == answer.metadata[TYPE_KEY] == "Runtime.ImportModuleError"
    assert environment.wait()[0] == {"python": 1, "node": 129}[language]


def test_missing_handler(write_function, language):
    environment = write_function(language, "", "app.absent")
    answer = environment.init()
    assert answer.json["errorType"] == "Runtime.HandlerNotFound"


def test_syntax_error(write_function, language):
    environment = write_function(language, "this is ) not code\n")
    answer = environment.init()
    assert answer.json["errorType"] == "Runtime.UserCodeSyntaxError"
    assert answer.logs


def test_malformed_handler(write_function, language):
    answer = write_function(language, "", "nodots").init()
    assert answer.json["errorType"] == "Runtime.MalformedHandlerName"


def test_handler_in_folder(write_function, language):
    source = {
        "python": "def handler(event, context):\n    return 'deep'\n",
        "node": "exports.handler = async () => 'deep';\n",
    }
    suffix = {"python": ".py", "node": ".js"}
    files = {"src/inner/app" + suffix[language]: source[language]}
    environment = write_function(language, files, "src/inner/app.handler")
    assert environment.init().kind == "NEXT"
    assert environment.invoke({}).json == "deep"


def test_many_invocations(suite):
    environment = suite("echo")
    for number in range(500):
        assert environment.invoke(number).json == number
