# SPDX-License-Identifier: Apache-2.0
"""
The part of the conformance suite that asks functions only what any caller could ask them.

test_clients.py runs it against our clients over the channel, tests/e2e/test_languages.py against a
daemon. Both bring the fixture "suite", which starts a handler of functions/<language> and returns
an object with invoke(), printed() and variables; and "facts", the entry of languages.py.
"""

import json
import re

import pytest

MEGABYTE = 1 << 20
LOG_STREAM = re.compile(r"\d{4}/\d\d/\d\d/\[\$LATEST\][0-9a-f]{32}")


def case(title):
    """The row of docs/runtimes.md that a test belongs to."""
    return pytest.mark.case(title)


@case("Echo and types")
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
        "quote \" backslash \\ slash / newline \n tab \t nul \x00",
        [],
        {},
        [[], {}, [None, [1, [2, [3]]]]],
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


@case("Echo and types")
def test_white_space_around_event(suite):
    answer = suite("echo").invoke(raw=b' \r\n\t{ "a" : 1 } \n')
    assert answer.json == {"a": 1}


@case("Echo and types")
def test_deep_nesting(suite):
    event = json.loads("[" * 200 + "]" * 200)
    assert suite("echo").invoke(event).json == event


@case("Echo and types")
def test_nothing_is_null(suite):
    answer = suite("nothing").invoke({})
    assert (answer.kind, answer.payload) == ("RESPONSE", b"null")


@case("Unicode")
@pytest.mark.parametrize(
    "event",
    ["ümläut € 漢字 🎉 \u2028 \x7f", {"": "", "a": {"b": {"c": []}}, "ключ": "значение"}],
    ids=repr,
)
def test_unicode(suite, event):
    assert suite("echo").invoke(event).json == event


@case("Unicode")
def test_large_unicode(suite):
    event = {"text": "🎉é" * 300000}
    assert suite("echo").invoke(event).json == event


@case("Large payloads")
@pytest.mark.parametrize("size", [65000, 65536, 131072, 6 * MEGABYTE - 100])
def test_large_payloads(suite, size):
    event = ("0123456789abcdef" * (size // 16 + 1))[:size]
    environment = suite("echo")
    assert environment.invoke(event).json == event
    assert environment.invoke("again").json == "again"


@case("Reuse")
def test_state_is_kept_between_invocations(suite):
    environment = suite("counter")
    assert [environment.invoke({}).json for _ in range(3)] == [1, 2, 3]


@case("Reuse")
def test_many_invocations(suite):
    environment = suite("echo")
    for number in range(500):
        assert environment.invoke(number).json == number


@case("Environment")
def test_environment(suite):
    variables = {"WITH_EQUALS": "a=b=c", "UNICODE": "naïve €", "MINE": "1"}
    environment = suite("environment", variables)
    assert environment.invoke({}).json.items() >= environment.variables.items()


@case("Environment")
def test_working_directory(suite):
    environment = suite("directory")
    assert environment.invoke({}).json == environment.variables["LAMBDA_TASK_ROOT"]


@case("Context object")
def test_context(suite, facts):
    environment = suite("describe")
    client_context = {
        "custom": {"k": "v"},
        "env": {"locale": "de"},
        "client": {
            "installation_id": "1",
            "app_title": "App",
            "app_version_name": "1.2",
            "app_version_code": "12",
            "app_package_name": "example.app",
        },
    }
    answer = environment.invoke({}, Client_Context=json.dumps(client_context))
    described = answer.json
    remaining = described.pop("remaining")
    assert 20000 < remaining <= 30000
    assert LOG_STREAM.fullmatch(described.pop("logStreamName"))
    expected = {
        "functionName": environment.function_name,
        "functionVersion": "$LATEST",
        "invokedFunctionArn": environment.arn,
        "memoryLimitInMB": facts.memory_limit,
        "awsRequestId": answer.request_id,
        "logGroupName": f"/aws/lambda/{environment.function_name}",
        "tenantId": None,
        "identityId": None,
        "identityPoolId": None,
        "custom": {"k": "v"},
        "env": {"locale": "de"} if facts.reads_client_env else {},
        "appTitle": "App",
    }
    if not facts.writes_null:
        expected = {name: value for name, value in expected.items() if value is not None}
    assert described == expected


@case("Context object")
def test_context_without_caller_data(suite):
    described = suite("describe").invoke({}).json
    for name in ("tenantId", "identityId", "identityPoolId", "custom", "env", "appTitle"):
        assert not described.get(name), name


@case("Errors and stack traces")
def test_error(suite, facts):
    environment = suite("fail")
    answer = environment.invoke("böse")
    assert answer.kind == "ERROR"
    assert answer.json["errorType"] == facts.error_type.format("CustomError")
    assert answer.json["errorMessage"] == "böse"
    # The process lives on.
    assert environment.invoke("again").json["errorMessage"] == "again"


@case("Errors and stack traces")
def test_stack_trace(suite, facts):
    trace = suite("fail").invoke("x").json[facts.trace_key]
    assert any("cases" in line.lower() for line in trace), trace


@case("Errors and stack traces")
def test_unserialisable_result(suite):
    environment = suite("unserialisable")
    assert environment.invoke({}).kind == "ERROR"
    assert environment.invoke({}).kind == "ERROR"


@case("Uncaught exits")
@pytest.mark.parametrize("status", [0, 1, 77])
def test_exit_in_handler(suite, status):
    environment = suite("leave")
    assert environment.invoke(status).kind == "EXIT"
    environment.check_exit(status)


@case("Uncaught exits")
def test_killed_in_handler(suite):
    environment = suite("kill")
    assert environment.invoke({}).kind == "EXIT"
    environment.check_exit(-9)


@case("Logs: text")
def test_output_precedes_the_answer(suite):
    environment = suite("say")
    answer = environment.invoke("hällo")
    assert "hällo\n" in environment.printed(answer)


@case("Logs: text")
def test_unfinished_output_precedes_the_answer(suite):
    environment = suite("say_part")
    answer = environment.invoke("no newline")
    assert "no newline" in environment.printed(answer)


@case("Async")
def test_async(suite):
    environment = suite("later")
    assert [environment.invoke(number).json for number in range(3)] == [0, 1, 2]


@case("Streaming")
def test_streaming(suite, facts):
    environment = suite("stream")
    for _ in range(2):
        streamed = b"".join(environment.stream(["one", "two", "three"]))
        prelude, _, text = streamed.rpartition(b"\0" * 8)
        assert text == b"onetwothree"
        assert bool(prelude) == facts.streams_have_prelude
