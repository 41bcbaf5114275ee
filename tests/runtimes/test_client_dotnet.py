# SPDX-License-Identifier: Apache-2.0
"""What only the .NET client does. The handlers are in functions/dotnet."""

import json

import pytest
from channel_peer import REQUEST_ID, TRACE_ID

ORDER = {
    "CUSTOMER": "Ada",
    "Lines": [{"price": 1.25, "count": 4}, {"price": 10, "count": 1}],
    "At": "2026-01-02T03:04:05Z",
    "Kind": "gift",
    "unknown": {"is": "ignored"},
}


@pytest.fixture
def language():
    return "dotnet"


@pytest.fixture
def fail_to_start(environments, language, facts):
    """The init error of a handler string."""

    def start(handler):
        answer = environments(language, facts.build(facts), handler).init()
        assert answer.kind == "INIT_ERROR"
        assert list(answer.json)[:3] == ["errorType", "errorMessage", "stackTrace"]
        return answer

    return start


@pytest.mark.parametrize(
    "handler,message",
    [
        ("", "Empty lambda function handler. The valid format is 'ASSEMBLY::TYPE::METHOD'."),
        (
            "Cases::X",
            "Invalid lambda function handler: 'Cases::X'. "
            "The valid format is 'ASSEMBLY::TYPE::METHOD'.",
        ),
        (
            "Cases::X:: ",
            "Invalid lambda function handler: 'Cases::X:: ', the method is missing. "
            "The valid format is 'ASSEMBLY::TYPE::METHOD'.",
        ),
        (
            "Absent::X::y",
            "Could not find the specified handler assembly with the file name 'Absent'. "
            "The assembly should be located in the root of your uploaded .zip file.",
        ),
        ("Cases::Cases.Absent::y", "Unable to load type 'Cases.Absent' from assembly 'Cases'."),
        (
            "Cases::Cases.Functions::absent",
            "Unable to find method 'absent' in type 'Cases.Functions' from assembly 'Cases': "
            "Found no methods matching method name 'absent'.",
        ),
        (
            "Cases::Cases.Functions::three",
            "Method 'three' of type 'Cases.Functions' is not supported: "
            "the method has more than 2 parameters.",
        ),
        (
            "Cases::Cases.Functions::two",
            "Method 'two' of type 'Cases.Functions' is not supported: the method has 2 parameters, "
            "but the second parameter is not of type 'Amazon.Lambda.Core.ILambdaContext'.",
        ),
        (
            "Cases::Cases.Functions::overloaded",
            "The method 'overloaded' in type 'Cases.Functions' appears to have a number of "
            "overloads. To call this method please specify a complete method signature. Possible "
            "candidates are:\nVoid overloaded(Int32)\nVoid overloaded(System.String).",
        ),
    ],
)
def test_handlers_that_cannot_be(fail_to_start, handler, message):
    answer = fail_to_start(handler)
    assert answer.json["errorType"] == "LambdaValidationException"
    assert answer.json["errorMessage"] == message


def test_constructor_that_throws(fail_to_start):
    answer = fail_to_start("Cases::Cases.Broken::handler")
    assert answer.json["errorType"] == "InvalidOperationException"
    assert answer.json["errorMessage"] == "startup"
    assert answer.json["stackTrace"][0].startswith("at Cases.Broken..ctor ()")


def test_plain_classes(suite):
    answer = suite("receipt").invoke(ORDER)
    assert answer.json == {
        "Customer": "Ada",
        "Total": [5.0, 10],
        "At": "2026-01-02T03:04:05.0000000Z",
        "Kind": 1,
    }


def test_method_named_by_its_signature(environments, language, facts):
    handler = "Cases::Cases.Functions::Void overloaded(System.String)"
    environment = environments(language, facts.build(facts), handler)
    assert environment.init().kind == "NEXT"
    assert environment.invoke("text").payload == b"null"


def test_streams(suite):
    assert suite("stream").invoke(raw=b"not \x00 JSON").payload == b"<not \x00 JSON>"


def test_task_without_a_result(suite):
    environment = suite("plain_task")
    assert environment.invoke(ORDER).payload == b"null"
    answer = environment.invoke({"Lines": []})
    assert answer.json["errorType"] == "CustomError"
    assert answer.json["stackTrace"]


def test_nested_errors(suite):
    answer = suite("nested").invoke({})
    body = answer.json
    assert list(body) == ["errorType", "errorMessage", "stackTrace", "cause", "causes"]
    assert body["errorType"] == "AggregateException"
    assert body["cause"]["errorType"] == "CustomError"
    assert [cause["errorMessage"] for cause in body["causes"]] == ["one", "two"]


def test_error_over_256_kb(suite):
    answer = suite("fail").invoke("m" * 300000)
    assert answer.json == {
        "errorType": "CustomError",
        "errorMessage": "Exception exceeded maximum payload size of 256KB.",
    }


def test_stack_trace_has_no_frames_of_the_runtime(suite):
    trace = suite("fail").invoke("x").json["stackTrace"]
    assert len(trace) == 1
    assert trace[0].startswith("at Cases.Functions.fail (System.String message)")


@pytest.mark.parametrize(
    "event", ['{"Lines": 1}', '{"At": "never"}', '"text"', '{"Lines": [{"count": "x"}]}']
)
def test_event_of_another_type(suite, event):
    assert suite("receipt").invoke(raw=event.encode()).kind == "ERROR"


def test_console_lines_are_records(suite):
    (log,) = suite("say").invoke("two\nlines").logs
    time, request_id, level, message = log.text.split("\t")
    assert time.endswith("Z") and len(time) == 24
    assert (request_id, level, message) == (REQUEST_ID, "info", "two\nlines\n")


def test_json_console(suite):
    environment = suite("say", {"AWS_LAMBDA_LOG_FORMAT": "JSON"})
    (log,) = environment.invoke("hello").logs
    assert (log.is_json, log.level) == (True, "INFO")
    record = json.loads(log.text)
    assert list(record) == ["timestamp", "level", "requestId", "message"]
    assert (record["level"], record["message"]) == ("Information", "hello")


def test_context_of_a_device(suite):
    client = {
        "app_package_name": "example.app",
        "app_title": "App",
        "app_version_code": "12",
        "app_version_name": "1.2",
        "installation_id": "1",
    }
    answer = suite("application").invoke(
        {}, Client_Context=json.dumps({"client": client}), Trace_Id=TRACE_ID
    )
    assert answer.json == [*client.values(), TRACE_ID]


def test_member_of_the_context_that_is_not_known(suite):
    answer = suite("newer").invoke({})
    assert answer.json["errorType"] == "MissingMethodException"
    assert "NewerThanThisRuntime" in answer.json["errorMessage"]


def test_serializer_of_the_function(suite):
    assert suite("serialized").invoke(raw=b"[1, 2]").payload == b"<Int32 6>"
