# SPDX-License-Identifier: Apache-2.0
"""
What every language's runtime client does alike: the cases of cases.py, and what only the other
end of the channel sees.
"""

import json
import time

import pytest
from cases import *  # noqa: F403
from cases import MEGABYTE, case
from channel_peer import REQUEST_ID, TRACE_ID

TYPE_KEY = "Lambda-Runtime-Function-Error-Type"
CAUSE_KEY = "Lambda-Runtime-Function-XRay-Error-Cause"


@case("Large payloads")
def test_every_frame_size_around_the_buffers(suite):
    environment = suite("echo")
    for size in (*range(65000, 65600, 37), *range(21700, 21900, 11)):
        event = "é" * size
        assert environment.invoke(event).json == event


@case("Large payloads")
def test_frame_in_many_pieces(suite):
    environment = suite("echo")
    event = {"key": "v" * 100000}
    for pieces in (1, 2, 3, 50, 700):
        assert environment.invoke(event, pieces=pieces).json == event
    assert environment.invoke({"small": 1}, pieces=400).json == {"small": 1}


@case("Large payloads")
def test_response_over_the_limit_goes_out_whole(suite):
    """lambd refuses it, but the runtime lives on."""
    environment = suite("big")
    assert len(environment.invoke(7 * MEGABYTE).payload) == 7 * MEGABYTE + 2
    assert environment.invoke(1).json == "x"


@case("Environment")
def test_environment_is_exactly_the_block(suite):
    variables = {"WITH_EQUALS": "a=b=c", "UNICODE": "naïve €", "EMPTY": ""}
    environment = suite("environment", variables)
    assert environment.invoke({}).json == environment.variables


@case("Environment")
def test_process_that_knew_no_function(environments, language, facts):
    """A pooled process starts with next to nothing and learns everything from INIT."""
    environment = environments(
        language,
        facts.build(facts),
        facts.handler.format("environment"),
        {"MINE": "1", "PATH": "/bin"},
        first_variables={"PATH": "/usr/bin:/bin", "GONE": "1", "MINE": "0"},
    )
    assert environment.init().kind == "NEXT"
    assert environment.invoke({}).json == environment.variables


@case("Environment")
def test_process_behind_a_wrapper(environments, language, facts):
    """An empty block: the environment is what a wrapper has made of the function's."""
    environment = environments(language, facts.build(facts), facts.handler.format("environment"), {"MINE": "wrapped"})
    assert environment.init({}).kind == "NEXT"
    assert environment.invoke({}).json.items() >= environment.variables.items()


@case("Environment")
def test_trace_variable_lives_for_one_invocation(suite):
    environment = suite("environment")
    assert environment.invoke({}, Trace_Id=TRACE_ID).json["_X_AMZN_TRACE_ID"] == TRACE_ID
    assert "_X_AMZN_TRACE_ID" not in environment.invoke({}).json
    assert environment.invoke({}, Trace_Id="Root=2").json["_X_AMZN_TRACE_ID"] == "Root=2"


@case("Errors and stack traces")
def test_error_type_and_cause(suite, facts):
    environment = suite("fail")
    root = environment.variables["LAMBDA_TASK_ROOT"]
    answer = environment.invoke("böse")
    error_type = facts.error_type.format("CustomError")
    assert answer.metadata[TYPE_KEY] == facts.told_type.format("CustomError")
    cause = json.loads(answer.metadata[CAUSE_KEY])
    assert cause["working_directory"] == root
    (exception,) = cause["exceptions"]
    assert (exception["type"], exception["message"]) == (error_type, "böse")
    if facts.traces_have_files:
        assert any("cases" in frame["path"].lower() and frame["line"] for frame in exception["stack"])
    else:
        assert any("Cases" in frame["label"] for frame in exception["stack"])
    assert facts.paths_are_of_frames == any(path.startswith(root) for path in cause["paths"])


@case("Errors and stack traces")
def test_error_with_long_message(suite, facts):
    answer = suite("fail_long").invoke({})
    assert answer.json["errorMessage"] == "m" * 300000
    assert len(answer.metadata[CAUSE_KEY]) <= 32768
    (exception,) = json.loads(answer.metadata[CAUSE_KEY])["exceptions"]
    assert exception["type"] == facts.error_type.format("CustomError")
    # The log message is larger than one frame may be.
    assert len(answer.logs) >= 2
    assert "m" * 300000 in "".join(log.text for log in answer.logs)


@case("Errors and stack traces")
def test_event_that_is_not_json(suite):
    environment = suite("echo")
    for raw in (b"", b"{", b"[1,]", b"nope", b"1 2", b'"\xff"'):
        answer = environment.invoke(raw=raw)
        if raw == b'"\xff"' and answer.kind == "RESPONSE":
            continue  # Node.js replaces bytes that are not UTF-8.
        assert answer.kind == "ERROR", raw
    assert environment.invoke(1).json == 1


@case("Channel and processes")
def test_end_of_channel_ends_the_process(suite):
    environment = suite("echo")
    environment.invoke(1)
    status, _, errors = environment.end()
    assert (status, errors) == (0, "")


@case("Channel and processes")
def test_end_of_channel_before_init(environments, language):
    environment = environments(language, "/", "cases.echo")
    status, _, errors = environment.end()
    assert (status, errors) == (0, "")


@case("Logs: text")
def test_log_is_one_event(suite, facts):
    before = time.time_ns() // 1000
    answer = suite("log").invoke("one\ntwo\n three")
    (log,) = answer.logs
    assert "one\ntwo\n three\n" in log.text
    assert (REQUEST_ID in log.text) == facts.lines_name_request
    assert log.invocation == 1 and not log.is_json
    # Node.js has a millisecond clock.
    assert before - 1000 <= log.time_us <= time.time_ns() // 1000


@case("Logs: text")
def test_long_log_is_cut_between_characters(suite):
    text = "a" + "é" * 300000
    answer = suite("log").invoke(text)
    assert len(answer.logs) == 3
    assert "\ufffd" not in "".join(log.text for log in answer.logs)
    assert text in "".join(log.text for log in answer.logs)


@case("Logs: JSON and levels")
@pytest.mark.parametrize("level,texts", [("WARN", 1), ("ERROR", 0), ("TRACE", 2)])
def test_json_log_level(suite, facts, level, texts):
    variables = {"AWS_LAMBDA_LOG_FORMAT": "JSON", "AWS_LAMBDA_LOG_LEVEL": level}
    answer = suite("log_warning", variables).invoke({})
    assert len(answer.logs) == texts
    for log in answer.logs:
        assert log.is_json
        assert log.record[facts.request_key] == REQUEST_ID
    if texts == 1:
        assert answer.logs[0].level == "WARN"
        assert answer.logs[0].record["message"] == "high enough"


@case("Channel and processes")
def test_children_do_not_inherit_the_channel(suite):
    environment = suite("children")
    links = environment.invoke({}).json
    assert links
    assert f"socket:[{environment.client_inode}]" not in links


@pytest.fixture
def start_handler(environments, language, facts):
    """Start the language's function with any handler string; the caller sends INIT."""
    return lambda handler: environments(language, facts.build(facts), handler)


@case("Init errors")
def test_missing_module(start_handler, facts):
    environment = start_handler(facts.absent_module)
    answer = environment.init()
    assert answer.kind == "INIT_ERROR"
    assert answer.json["errorType"] == facts.import_error
    assert answer.metadata[TYPE_KEY] == facts.told_import_error
    assert environment.wait()[0] == facts.init_exit


@case("Init errors")
def test_missing_handler(start_handler, facts):
    answer = start_handler(facts.handler.format("absent")).init()
    assert answer.json["errorType"] == facts.missing_error


@case("Init errors")
def test_malformed_handler(start_handler, facts):
    answer = start_handler("nodots").init()
    assert answer.json["errorType"] == facts.malformed_error


@case("Init errors")
def test_syntax_error(write_function, language, facts):
    environment = write_function(language, "this is ) not code\n")
    answer = environment.init()
    assert answer.json["errorType"] == facts.syntax_error
    assert answer.logs


@case("Handler forms")
def test_handler_in_folder(write_function, language, facts):
    files = {f"src/inner/{facts.app}": facts.deep}
    environment = write_function(language, files, "src/inner/app.handler")
    assert environment.init().kind == "NEXT"
    assert environment.invoke({}).json == "deep"


@case("Context object")
def test_context_of_the_caller(suite):
    environment = suite("describe")
    identity = {"cognitoIdentityId": "eu:1", "cognitoIdentityPoolId": "eu:2"}
    described = environment.invoke(
        {}, Cognito_Identity=json.dumps(identity), Aws_Tenant_Id="tenant-1"
    ).json
    assert described["tenantId"] == "tenant-1"
    assert (described["identityId"], described["identityPoolId"]) == ("eu:1", "eu:2")


@case("Streaming")
def test_streamed_frames(suite):
    answer = suite("stream").invoke(["one", "two", "three"])
    assert len(answer.parts) >= 2
    assert answer.payload == b"onetwothree"
    assert answer.metadata["Lambda-Runtime-Function-Response-Mode"] == "streaming"
