# SPDX-License-Identifier: Apache-2.0
"""The Java runtime client, for what other languages do not have."""

import json
import shutil

import pytest
from channel_peer import REQUEST_ID, TRACE_ID

TYPE_KEY = "Lambda-Runtime-Function-Error-Type"
ORDER = {
    "customer": "Ada",
    "lines": [{"price": 1.25, "count": 4}, {"price": 10, "count": 1}],
    "kind": "GIFT",
    "paid": True,
    "extras": {"ribbon": 2},
    "unknown": {"is": ["ignored"]},
}


@pytest.fixture
def language():
    return "java"


@pytest.fixture
def start(environments, language, facts):
    """Start any handler string and initialise it."""

    def start(handler, variables=None, package=None):
        environment = environments(language, package or facts.build(facts), handler, variables)
        answer = environment.init()
        assert answer.kind == "NEXT", answer
        return environment

    return start


def fault_of(environment):
    """The error of a handler that cannot be used: the caller is told, and the process lives on."""
    answers = [environment.invoke({}) for _ in range(2)]
    assert [answer.kind for answer in answers] == ["ERROR", "ERROR"]
    assert answers[0].metadata == {TYPE_KEY: "Runtime.BadFunctionCode"}
    assert answers[0].logs[0].text.startswith(answers[0].json["errorMessage"])
    return answers[0].json


# What handlers can be


@pytest.mark.parametrize(
    "handler,event,result",
    [
        ("Forms$Upper", b'"text"', b'"TEXT"'),
        ("Forms$Upper::handleRequest", b'"text"', b'"TEXT"'),
        ("Forms$Copy", b"not \x00 JSON", b"<not \x00 JSON>"),
        ("Forms$Copy::handleRequest", b"x", b"<x>"),
        ("Forms$Nothing", b"1", b"null"),
        ("Forms$NotPublic::handler", b"1", b'"called"'),
        ("Forms::pick", b'"x"', b'"two"'),
        ("Forms::none", b"not JSON", b'"called"'),
        ("Forms::context", b"not JSON", f'"{REQUEST_ID}"'.encode()),
        ("Forms::twice", b"21", b"42"),
        ("Forms::not", b"true", b"false"),
        ("Forms::half", b"3", b"1.5"),
        ("Forms::copy", b"\xff", b"\xff"),
        ("Forms::copyWithContext", b"", b"suite"),
        ("Forms::write", b"", b'"written"'),
        ("Forms::read", b"\xe2\x82\xac", b"null"),
    ],
)
def test_forms(start, handler, event, result):
    answer = start(f"cases.{handler}").invoke(raw=event)
    assert (answer.kind, answer.payload) == ("RESPONSE", result)


def test_types_that_are_two_classes_away(start):
    answer = start("cases.Forms$FirstOrder").invoke([ORDER])
    assert answer.json["customer"] == "Ada!"


@pytest.mark.parametrize(
    "handler,message,error_type",
    [
        ("", "Invalid handler: `'", None),
        ("cases.Cases::", "Invalid handler: `cases.Cases::'", None),
        ("::echo", "Invalid handler: `::echo'", None),
        ("absent.Class::x", "Class not found: absent.Class", "java.lang.ClassNotFoundException"),
        ("nodots", "Class not found: nodots", "java.lang.ClassNotFoundException"),
        (
            "cases.Cases",
            "Class does not implement an appropriate handler interface: cases.Cases",
            None,
        ),
        (
            "cases.Forms$Raw",
            "Class cases.Forms$Raw does not implement RequestHandler with concrete type parameters",
            None,
        ),
        (
            "cases.Forms$Open",
            "Class cases.Forms$Open does not implement RequestHandler with concrete type parameters: "
            "parameter T has no upper bound.",
            None,
        ),
        (
            "cases.Forms::absent",
            "No public method named absent with appropriate method signature found on class cases.Forms",
            None,
        ),
        (
            "cases.Forms::secret",
            "No public method named secret with appropriate method signature found on class cases.Forms",
            None,
        ),
        (
            "cases.Forms::odd",
            "No public method named odd with appropriate method signature found on class cases.Forms",
            None,
        ),
        (
            "cases.Forms$WithArgument::handler",
            "Class cases.Forms$WithArgument has no public zero-argument constructor",
            "java.lang.Exception",
        ),
        (
            "cases.Forms$Inner::handler",
            "Class cases.Forms$Inner cannot be instantiated because it is a non-static inner class",
            "java.lang.Exception",
        ),
    ],
)
def test_handlers_that_cannot_be(start, handler, message, error_type):
    fault = {"errorMessage": message} | ({"errorType": error_type} if error_type else {})
    assert fault_of(start(handler)) == fault


@pytest.mark.parametrize(
    "handler,message,error_type",
    [
        ("BadConstructor", "startup", "java.lang.IllegalStateException"),
        ("BadStatic", "Error loading class cases.Forms$BadStatic", "java.lang.ExceptionInInitializerError"),
    ],
)
def test_init_errors(environments, language, facts, handler, message, error_type):
    environment = environments(language, facts.build(facts), f"cases.Forms${handler}::handler")
    answer = environment.init()
    assert answer.kind == "INIT_ERROR"
    assert answer.json == {"errorMessage": message, "errorType": error_type}
    assert answer.metadata[TYPE_KEY] == "Runtime.BadFunctionCode"
    (log,) = answer.logs
    assert log.text.startswith(f"{message}: {error_type}\n")
    assert f"cases.Forms${handler}" in log.text and "lambd.runtime" not in log.text
    assert environment.wait()[0] == 1


# Errors


def test_error_body(start):
    answer = start("cases.Forms::nested").invoke({})
    body = answer.json
    assert list(body) == ["errorMessage", "errorType", "stackTrace"]
    assert (body["errorMessage"], body["errorType"]) == ("outer", "java.lang.IllegalStateException")
    assert body["stackTrace"][0].startswith("cases.Forms.nested(Forms.java:")
    assert not any("lambd.runtime" in line for line in body["stackTrace"])
    (log,) = answer.logs
    assert log.text.startswith("outer: java.lang.IllegalStateException\njava.lang.IllegalStateException: outer\n\tat cases")
    assert "Caused by: java.lang.IllegalArgumentException: inner\n" in log.text
    assert "Suppressed: java.io.IOException: suppressed\n" in log.text
    assert "lambd.runtime" not in log.text


def test_interface_is_called_without_reflection(start):
    body = start("cases.Forms$Throwing").invoke("x").json
    assert [line.partition("(")[0] for line in body["stackTrace"]] == ["cases.Forms$Throwing.handleRequest"] * 2


@pytest.mark.parametrize(
    "method,message,error_type",
    [
        ("checked", "checked", "java.io.IOException"),
        ("silent", "java.lang.NullPointerException", "java.lang.NullPointerException"),
    ],
)
def test_errors_of_methods(start, method, message, error_type):
    answer = start(f"cases.Forms::{method}").invoke({})
    assert (answer.json["errorMessage"], answer.json["errorType"]) == (message, error_type)
    assert answer.metadata[TYPE_KEY] == "Runtime.UserException"


@pytest.mark.parametrize("method,error_type", [("overflow", "StackOverflowError"), ("exhaust", "OutOfMemoryError")])
def test_errors_of_the_machine_end_the_process(start, method, error_type):
    environment = start(f"cases.Forms::{method}")
    answer = environment.invoke({})
    assert (answer.kind, answer.json["errorType"]) == ("ERROR", f"java.lang.{error_type}")
    assert environment.wait()[0] == 0


def test_event_that_does_not_fit(start):
    environment = start("cases.Values::order")
    for event in ("[1, 2]", '"text"', '{"lines": [{"count": "x"}]}', '{"lines": [{"count": {}}]}', "{]", "1 2"):
        answer = environment.invoke(raw=event.encode())
        assert answer.json["errorMessage"] == "An error occurred during JSON parsing", event
        assert answer.json["errorType"] == "java.lang.RuntimeException"
    # What is wrong is in the log.
    assert '"lines": ' in environment.invoke({"lines": [{"count": "x"}]}).logs[0].text


def test_result_that_has_no_json(suite):
    answer = suite("unserialisable").invoke({})
    assert answer.json["errorMessage"] == "An error occurred during JSON serialization of response"
    assert "1000 levels" in answer.logs[0].text


def test_interruption_is_not_handed_on(start):
    environment = start("cases.Forms::interrupt")
    assert [environment.invoke({}).json for _ in range(2)] == [False, False]


# Values


def test_plain_classes(start):
    answer = start("cases.Values::order").invoke(ORDER)
    # In the order of the fields; what has a getter only comes last.
    assert list(answer.json)[:4] == ["customer", "lines", "kind", "extras"]
    assert answer.json == {name: value for name, value in ORDER.items() if name != "unknown"} | {"total": 15.00}


def test_members_that_are_null_are_left_out(start):
    answer = start("cases.Values::order").invoke({"customer": None, "kind": "UNKNOWN", "paid": None})
    assert answer.json == {"lines": [], "paid": False, "total": 0}


def test_one_value_is_a_list_and_a_list_of_one_a_value(start):
    environment = start("cases.Values::order")
    assert environment.invoke([{"lines": {"price": 2, "count": 2}}]).json["total"] == 4
    assert start("cases.Values::whole").invoke([7]).json == 7


def test_generic_members(start):
    assert start("cases.Values::firstLine").invoke({"items": [ORDER]}).json == ORDER["lines"][0]


def test_records(start):
    environment = start("cases.Values::point")
    assert environment.invoke({"x": 1, "names": ["a"], "z": 0}).json == {"x": 2, "y": 0.0, "names": ["a"]}


def test_kinds_of_values(start):
    event = {
        "bytes": "AAH/",
        "letter": "é",
        "number": 1 << 60,
        "real": 0.5,
        "none": None,
        "optional": "there",
        "set": [3],
        "sorted": {"b": 1, "a": 2},
        "byKind": {"GIFT": "g"},
        "array": [1, 2],
        "nested": [["a"], []],
        "uuid": "01234567-89ab-cdef-0123-456789abcdef",
        "big": 1 << 100,
        "date": 1700000000123,
        "instant": "2026-01-02T03:04:05.5Z",
        "day": "2026-01-02",
        "time": [2026, 1, 2, 3, 4, 5],
        "any": {"deep": [1, 2.5, "x", None, True]},
    }
    answer = start("cases.Values::all").invoke(event)
    # Those of java.time are numbers, null is left out.
    event |= {"instant": 1767323045.5, "day": [2026, 1, 2]}
    del event["none"]
    assert answer.json == event
    assert b'"instant":1767323045.500000000' in answer.payload
    assert list(answer.json["sorted"]) == ["a", "b"]


def test_numbers_of_any_type(start):
    event = {"i": 1, "l": 1 << 40, "b": 1 << 70, "d": 1.0, "e": 1e3, "s": "", "t": True, "n": None, "o": {}, "a": []}
    kinds = "Integer Long BigInteger Double Double String Boolean null LinkedHashMap ArrayList"
    assert start("cases.Values::kinds").invoke(event).json == kinds


def test_numbers_for_texts_and_texts_for_numbers(start):
    assert start("cases.Values::text").invoke(raw=b"1.50").json == "1.50"
    assert start("cases.Values::text").invoke(raw=b"true").json == "true"
    environment = start("cases.Values::whole")
    assert [environment.invoke(event).json for event in ("12", 12.9, None, "")] == [12, 12, 0, 0]
    assert environment.invoke(1 << 40).kind == "ERROR"


@pytest.mark.parametrize(
    "what,result",
    [
        ("nan", b'"NaN"'),
        ("half pair", b'"\\uD83C!"'),
        ("empty", b"{}"),
        ("time", b"[2026,1,2,3,4]"),
        ("instant", b"1.005000000"),
    ],
)
def test_strange_results(start, what, result):
    assert start("cases.Values::strange").invoke(what).payload == result


def test_map_with_a_null_key(start):
    assert start("cases.Values::strange").invoke("null key").kind == "ERROR"


def test_depth(start):
    environment = start("cases.Cases::echo")
    assert environment.invoke(raw=b"[" * 1000 + b"]" * 1000).kind == "RESPONSE"
    assert environment.invoke(raw=b"[" * 1001 + b"]" * 1001).kind == "ERROR"
    assert environment.invoke(raw=b'{"a":' * 100000).kind == "ERROR"


def test_serializer_of_the_function(start, facts, tmp_path):
    package = tmp_path / "package"
    shutil.copytree(facts.build(facts), package)
    services = package / "META-INF/services"
    services.mkdir(parents=True)
    (services / "com.amazonaws.services.lambda.runtime.CustomPojoSerializer").write_text("cases.Values$Own\n")
    environment = start("cases.Forms$Upper", package=package)
    assert environment.invoke(raw=b"not JSON").payload == b"<JAVA.LANG.STRING NOT JSON>"


# The rest


def test_trace_is_a_property(start):
    environment = start("cases.Forms::trace")
    assert environment.invoke({}, Trace_Id=TRACE_ID).json == f"{TRACE_ID} {TRACE_ID}"
    assert environment.invoke({}).json == "null null"


def test_context_of_a_known_caller(suite):
    described = suite("describe").invoke(
        {},
        Cognito_Identity=json.dumps({"cognitoIdentityId": "i", "cognitoIdentityPoolId": "p"}),
        Aws_Tenant_Id="tenant",
        Client_Context=json.dumps({"custom": {"number": 1}, "client": {"app_title": "App"}}),
    ).json
    assert (described["identityId"], described["identityPoolId"], described["tenantId"]) == ("i", "p", "tenant")
    assert (described["custom"], described["appTitle"]) == ({"number": "1"}, "App")


def test_text_logs(start):
    logs = start("cases.Forms::log").invoke("x").logs
    assert [log.text for log in logs] == ["plain", "bytes", "[ERROR] leveled", "leveled bytes"]
    assert [log.level for log in logs] == ["", "", "ERROR", "DEBUG"]
    assert not any(log.is_json for log in logs)


def test_json_logs(start):
    variables = {"AWS_LAMBDA_LOG_FORMAT": "JSON", "AWS_LAMBDA_LOG_LEVEL": "INFO"}
    plain, _, leveled = start("cases.Forms::log", variables).invoke("x", Aws_Tenant_Id="t").logs
    assert list(plain.record) == ["timestamp", "message", "level", "AWSRequestId", "tenantId"]
    assert (plain.record["message"], plain.record["level"]) == ("plain", "UNDEFINED")
    assert (leveled.record["level"], leveled.level) == ("ERROR", "ERROR")
    assert len(plain.record["timestamp"]) == 24 and plain.record["timestamp"].endswith("Z")


def test_error_in_the_json_log(start):
    (log,) = start("cases.Forms::nested", {"AWS_LAMBDA_LOG_FORMAT": "JSON"}).invoke({}).logs
    assert (log.is_json, log.level) == (True, "ERROR")
    assert log.record["message"].startswith("outer: java.lang.IllegalStateException\n")


def test_process(start):
    assert start("cases.Forms::names").invoke({}).json == {
        "logger": "true",
        "loader": "true",
        "encoding": "UTF-8",
        "zone": "UTC",
    }


def test_memory_of_failed_look_ups(start):
    variables = {"AWS_LAMBDA_JAVA_NETWORKADDRESS_CACHE_NEGATIVE_TTL": "3"}
    environment = start("cases.Forms::security", variables)
    assert environment.invoke("networkaddress.cache.negative.ttl").json == "3"


def test_options_of_the_function_count(start):
    """They are weaker than the command line, where AWS's own defaults must not be."""
    environment = start("cases.Cases::echo", {"JAVA_TOOL_OPTIONS": "-XX:+UseG1GC -Xmx40m -XX:TieredStopAtLevel=4"})
    assert environment.invoke(1).json == 1
