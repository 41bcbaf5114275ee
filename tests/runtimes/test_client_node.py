# SPDX-License-Identifier: Apache-2.0
"""What only the Node.js client does."""

import base64
import json
import re
import subprocess

import channel_peer
import pytest
from channel_peer import REQUEST_ID
from languages import ROOT, node_interpreter

NODE_22 = {"AWS_EXECUTION_ENV": "AWS_Lambda_nodejs22.x"}
NODE_24 = {"AWS_EXECUTION_ENV": "AWS_Lambda_nodejs24.x"}
TEXT_TIME = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z"
TYPE_KEY = "Lambda-Runtime-Function-Error-Type"
BODY_KEY = "Lambda-Runtime-Function-Error-Body"
MODE_KEY = "Lambda-Runtime-Function-Response-Mode"


@pytest.fixture
def run(write_function):
    """Write app.js (or the given files), start it and initialise it."""

    def start(source, variables=None, handler="app.handler", files=None):
        files = {"app.js": source, **(files or {})}
        environment = write_function("node", files, handler, variables)
        answer = environment.init()
        assert answer.kind == "NEXT", (answer, environment.wait())
        environment.init_logs = answer.logs
        return environment

    return start


@pytest.fixture
def fail_init(write_function):
    """Start a function that must not initialise; returns the answer and the exit status."""

    def start(files, handler="app.handler", variables=None):
        environment = write_function("node", files, handler, variables)
        answer = environment.init()
        assert answer.kind == "INIT_ERROR", answer
        return answer, environment.wait()[0]

    return start


HANDLERS = {
    "async": "async (event) => event",
    "promise": "(event) => Promise.resolve(event)",
    "thenable": "(event) => ({ then: (done) => done(event) })",
    "timer": "(event) => new Promise((done) => setTimeout(() => done(event), 5))",
    "callback": "(event, context, callback) => callback(null, event)",
    "late callback": "(event, context, callback) => { setTimeout(callback, 5, null, event); }",
    "async callback": "async (event, context, callback) => event",
    "succeed": "(event, context) => { context.succeed(event); }",
    "done": "(event, context) => { setImmediate(() => context.done(null, event)); }",
}


@pytest.mark.parametrize("form", HANDLERS)
def test_handler_forms(run, form):
    environment = run(f"exports.handler = {HANDLERS[form]};", NODE_22)
    for event in (1, {"a": "b"}, None):
        assert environment.invoke(event).json == event


@pytest.mark.parametrize("form", ["async", "promise", "thenable", "timer"])
def test_handler_forms_from_24_on(run, form):
    environment = run(f"exports.handler = {HANDLERS[form]};", NODE_24)
    assert environment.invoke({"a": 1}).json == {"a": 1}


@pytest.mark.parametrize(
    "expression,payload",
    [
        ("undefined", "null"),
        ("() => 1", "null"),
        ("{ a: undefined, b: new Date(0) }", '{"b":"1970-01-01T00:00:00.000Z"}'),
        ("NaN", "null"),
        ("[1, 'é']", '[1,"é"]'),
        ("'\\ud800'", '"\\ud800"'),
    ],
)
def test_results(run, expression, payload):
    answer = run(f"exports.handler = async () => ({expression});").invoke({})
    assert answer.payload.decode() == payload


@pytest.mark.parametrize("expression", ["10n", "loop"])
def test_result_without_json(run, expression):
    environment = run(
        f"const loop = []; loop.push(loop); exports.handler = async () => {expression};"
    )
    answer = environment.invoke({})
    assert answer.json["errorMessage"] == "Unable to stringify response body"
    assert answer.json["errorType"] == "Error"


def test_sync_return_value_is_ignored_until_22(run):
    environment = run("exports.handler = (event) => 'ignored';", NODE_22)
    assert environment.invoke({}).payload == b"null"
    assert environment.invoke({}).payload == b"null"


def test_sync_return_value_counts_from_24_on(run):
    assert run("exports.handler = (event) => 'used';", NODE_24).invoke({}).json == "used"


def test_callback_waits_for_empty_event_loop(run):
    environment = run(
        "exports.handler = (event, context, callback) => {\n"
        "    setTimeout(() => console.log('work done'), 30);\n"
        "    context.callbackWaitsForEmptyEventLoop = event;\n"
        "    callback(null, context.callbackWaitsForEmptyEventLoop);\n"
        "};",
        NODE_22,
    )
    waiting = environment.invoke(True)
    assert (waiting.json, len(waiting.logs)) == (True, 1)
    hasty = environment.invoke(False)
    assert (hasty.json, len(hasty.logs)) == (False, 0)


def test_async_result_does_not_wait_for_timers(run):
    environment = run(
        "exports.handler = async () => { setInterval(() => {}, 1000); return 'now'; };", NODE_22
    )
    assert environment.invoke({}).json == "now"
    assert environment.invoke({}).json == "now"


def test_only_the_first_answer_counts(run):
    environment = run(
        "exports.handler = (event, context, callback) => {\n"
        "    context.succeed('first'); callback(null, 'second'); context.fail('third');\n"
        "    setTimeout(() => context.succeed('fourth'), 20);\n"
        "};",
        NODE_22,
    )
    assert environment.invoke({}).json == "first"
    assert environment.invoke({}).json == "first"


@pytest.mark.parametrize(
    "statement",
    ["callback(error)", "context.fail(error)", "context.done(error)", "throw error",
     "setImmediate(callback, error)"],
)
def test_failures_of_callback_handlers(run, statement):
    environment = run(
        "exports.handler = (event, context, callback) => {\n"
        f"    const error = new TypeError('no'); {statement};\n}};",
        NODE_22,
    )
    for _ in range(2):
        answer = environment.invoke({})
        assert (answer.kind, answer.json["errorType"]) == ("ERROR", "TypeError")


@pytest.mark.parametrize(
    "value,error_type,message",
    [
        ("'text'", "string", "text"),
        ("42", "number", "42"),
        ("{ toString: () => 'object text' }", "object", "object text"),
        ("undefined", "string", "handled"),
        ("null", "string", "handled"),
        ("Object.create(null)", "handled", "callback called with Error argument"),
        ("Object.assign(new Error('m'), { name: 'Mine' })", "Mine", "m"),
    ],
)
def test_thrown_values(run, value, error_type, message):
    answer = run(f"exports.handler = async () => {{ throw {value}; }};", NODE_22).invoke({})
    assert answer.json["errorType"] == error_type
    assert answer.json["errorMessage"].startswith(message)
    if error_type != "Mine":
        assert answer.json["trace"] == []


def test_error_report(run):
    environment = run(
        "exports.handler = async () => {\n"
        "    throw Object.assign(new RangeError('boom'), { code: 'E_BOOM', extra: 1 });\n};"
    )
    answer = environment.invoke({})
    file = environment.variables["LAMBDA_TASK_ROOT"] + "/app.js"
    assert list(answer.json) == ["errorType", "errorMessage", "trace"]
    assert answer.json["trace"][0] == "RangeError: boom"
    where = rf"    at (Runtime|exports)\.handler \({re.escape(file)}:2:\d+\)"
    assert re.fullmatch(where, answer.json["trace"][1])
    cause = json.loads(answer.metadata["Lambda-Runtime-Function-XRay-Error-Cause"])
    frame = cause["exceptions"][0]["stack"][0]
    assert (frame["path"], frame["line"]) == (file, 2)
    (log,) = answer.logs
    assert log.level == "ERROR"
    head, _, text = log.text.partition("\tInvoke Error \t")
    assert re.fullmatch(rf"{TEXT_TIME}\t{REQUEST_ID}\tERROR", head)
    logged = json.loads(text)
    assert list(logged) == ["errorType", "errorMessage", "code", "extra", "stack"]
    assert logged["stack"] == answer.json["trace"]


def test_error_report_json_format(run):
    environment = run(
        "exports.handler = async () => { throw new Error('boom'); };",
        {"AWS_LAMBDA_LOG_FORMAT": "JSON"},
    )
    (log,) = environment.invoke({}).logs
    assert log.is_json and log.level == "ERROR"
    message = log.record["message"]
    assert list(message) == ["errorType", "errorMessage", "stackTrace"]
    assert message["errorMessage"] == "boom"


def test_console_text(run):
    environment = run(
        "exports.handler = async () => {\n"
        "    console.log('a %s', 'b', { c: 1 }); console.info('i'); console.warn('w');\n"
        "    console.error('e\\nf'); console.debug('d'); console.trace('t');\n};"
    )
    logs = environment.invoke({}).logs
    assert [log.level for log in logs] == ["INFO", "INFO", "WARN", "ERROR", "DEBUG", "TRACE"]
    assert re.fullmatch(rf"{TEXT_TIME}\t{REQUEST_ID}\tINFO\ta b {{ c: 1 }}\n", logs[0].text)
    assert logs[3].text.endswith("\tERROR\te\nf\n")
    assert not any(log.is_json for log in logs)


def test_console_during_init_has_no_request_id(run):
    environment = run("console.log('early'); exports.handler = async () => 1;")
    (log,) = environment.init_logs
    assert re.fullmatch(rf"{TEXT_TIME}\tundefined\tINFO\tearly\n", log.text)


def test_console_json(run):
    environment = run(
        "exports.handler = async () => {\n"
        "    console.log('Hello'); console.warn({ key: [1] }); console.error(new TypeError('x'));\n"
        "    console.info('with', new TypeError('y')); const loop = {}; loop.l = loop;\n"
        "    console.log(loop);\n};",
        {"AWS_LAMBDA_LOG_FORMAT": "JSON"},
    )
    hello, value, error, mixed, loop = environment.invoke({}, Aws_Tenant_Id="t").logs
    assert all(log.is_json for log in (hello, value, error, mixed, loop))
    assert list(hello.record) == ["timestamp", "level", "requestId", "tenantId", "message"]
    assert (hello.record["message"], hello.record["requestId"]) == ("Hello", REQUEST_ID)
    assert re.fullmatch(TEXT_TIME, hello.record["timestamp"])
    assert (value.record["message"], value.level) == ({"key": [1]}, "WARN")
    assert error.record["message"]["errorType"] == "TypeError"
    assert mixed.record["errorMessage"] == "y" and mixed.record["stackTrace"]
    assert "Circular" in loop.record["message"]


ES_HANDLER = "export const handler = async (event) => ({ got: event, url: import.meta.url });\n"


@pytest.mark.parametrize(
    "files",
    [
        {"app.mjs": ES_HANDLER},
        {"app.js": ES_HANDLER, "package.json": '{"type": "module"}'},
        {"odd #%?/app.mjs": ES_HANDLER},
        {"app.mjs": "const late = await Promise.resolve(1);\n" + ES_HANDLER},
    ],
    ids=["mjs", "package.json", "odd folder", "top-level await"],
)
def test_es_modules(write_function, files):
    folder = "odd #%?/" if "odd #%?/app.mjs" in files else ""
    environment = write_function("node", files, f"{folder}app.handler")
    assert environment.init().kind == "NEXT"
    answer = environment.invoke(5).json
    assert answer["got"] == 5 and answer["url"].startswith("file:///")


def test_es_module_error_trace(write_function):
    files = {"app.mjs": "export const handler = async () => {\n  throw new Error('boom');\n};\n"}
    environment = write_function("node", files)
    environment.init()
    answer = environment.invoke({})
    root = environment.variables["LAMBDA_TASK_ROOT"]
    assert answer.json["trace"][1] == f"    at Runtime.handler (file://{root}/app.mjs:2:9)"
    cause = json.loads(answer.metadata["Lambda-Runtime-Function-XRay-Error-Cause"])
    assert cause["paths"][0] == f"{root}/app.mjs"


@pytest.mark.parametrize(
    "files,handler",
    [
        ({"app.cjs": "exports.handler = async () => 'ok';"}, "app.handler"),
        ({"app.js": "exports.a = { b: { c: async () => 'ok' } };"}, "app.a.b.c"),
        ({"app": "exports.handler = async () => 'ok';"}, "app.handler"),
        ({"node_modules/pkg/index.js": "exports.handler = async () => 'ok';"}, "pkg.handler"),
        ({"sub/app.js": "exports.handler = async () => 'ok';", "package.json": '{"type":"module"}',
          "sub/package.json": "{}"}, "sub/app.handler"),
        ({"app.js": "module.exports = class { static async handler() { return 'ok'; } };"},
         "app.handler"),
    ],
)
def test_module_lookup(write_function, files, handler):
    environment = write_function("node", files, handler)
    assert environment.init().kind == "NEXT"
    assert environment.invoke({}).json == "ok"


INIT_FAILURES = {
    "nodots": ("", "Runtime.MalformedHandlerName", "Bad handler"),
    "../app.handler": (
        "",
        "Runtime.MalformedHandlerName",
        "'../app.handler' is not a valid handler name. "
        "Use absolute paths when specifying root directories in handler names.",
    ),
    "app.handler": (
        "require('not-there');",
        "Runtime.ImportModuleError",
        "Error: Cannot find module 'not-there'\n"
        "Require stack:\n- {root}/app.js\n- {runtime}/index.mjs",
    ),
    "absent.handler": (
        "",
        "Runtime.ImportModuleError",
        "Error: Cannot find module 'absent'\nRequire stack:\n- {runtime}/index.mjs",
    ),
    "app.gone": ("", "Runtime.HandlerNotFound", "app.gone is undefined or not exported"),
    "app.text": ("exports.text = 'x';", "Runtime.HandlerNotFound", "app.text is not a function"),
    "app.thrown": ("throw new RangeError('early');", "RangeError", "early"),
}


@pytest.mark.parametrize("handler", INIT_FAILURES)
def test_init_failure(fail_init, tmp_path, handler):
    source, error_type, message = INIT_FAILURES[handler]
    answer, status = fail_init(source, handler)
    assert answer.json["errorType"] == answer.metadata[TYPE_KEY] == error_type
    expected = message.format(root=tmp_path, runtime=ROOT / "runtimes/node")
    assert answer.json["errorMessage"] == expected
    assert status == 129
    assert "\tundefined\tERROR\tUncaught Exception \t{" in answer.logs[-1].text


def test_syntax_error_report(fail_init):
    answer, status = fail_init("const = ;")
    assert answer.json["errorType"] == "Runtime.UserCodeSyntaxError"
    assert answer.json["errorMessage"].startswith("SyntaxError: Unexpected token")
    assert status == 129


def test_syntax_error_in_es_module(fail_init):
    answer, _ = fail_init({"app.mjs": "const = ;"})
    assert answer.json["errorType"] == "Runtime.UserCodeSyntaxError"


def test_streaming_request_is_malformed(fail_init):
    answer, _ = fail_init(
        "exports.handler = async () => 1;"
        "exports.handler[Symbol.for('aws.lambda.runtime.handler.streaming')] = 'request';"
    )
    assert answer.json["errorType"] == "Runtime.MalformedStreamingHandler"
    assert answer.json["errorMessage"] == "Only response streaming is supported."


def test_callback_handler_is_refused_from_24_on(fail_init):
    source = "exports.handler = (event, context, callback) => callback(null, 1);"
    answer, _ = fail_init(source, variables=NODE_24)
    assert answer.json["errorType"] == "Runtime.CallbackHandlerDeprecated"


def test_callback_warning(run):
    source = "exports.handler = (event, context, callback) => callback(null, 1);"
    (log,) = run(source, NODE_22).init_logs
    assert log.level == "WARN" and "AWS_LAMBDA_NODEJS_DISABLE_CALLBACK_WARNING" in log.text
    silenced = {**NODE_22, "AWS_LAMBDA_NODEJS_DISABLE_CALLBACK_WARNING": "1"}
    assert run(source, silenced).init_logs == []


def test_unhandled_rejection_in_handler(run):
    environment = run(
        "exports.handler = async () => {\n"
        "    Promise.reject(new Error('lost'));\n"
        "    await new Promise((done) => setTimeout(done, 1000));\n};"
    )
    answer = environment.invoke({})
    assert answer.kind == "ERROR"
    assert answer.json["errorType"] == "Runtime.UnhandledPromiseRejection"
    assert answer.json["errorMessage"] == "Error: lost"
    assert "\tERROR\tUnhandled Promise Rejection \t{" in answer.logs[-1].text
    assert environment.wait()[0] == 128


def test_unhandled_rejection_during_init(fail_init):
    answer, status = fail_init("Promise.reject('x'); exports.handler = async () => 1;\n"
                               "const end = Date.now() + 5; while (Date.now() < end);\n"
                               "module.exports = new Proxy(exports, { get: () => undefined });\n")
    # Whichever is noticed first, the loading or the rejection, it is one report and an exit.
    assert (answer.json["errorType"], status) in {
        ("Runtime.HandlerNotFound", 129),
        ("Runtime.UnhandledPromiseRejection", 128),
    }


def test_uncaught_exception_in_handler(run):
    environment = run(
        "exports.handler = () => { setImmediate(() => { throw new TypeError('thrown'); }); };"
    )
    answer = environment.invoke({})
    assert (answer.kind, answer.json["errorType"]) == ("ERROR", "TypeError")
    assert "\tERROR\tUncaught Exception \t{" in answer.logs[-1].text
    assert environment.wait()[0] == 129


def test_uncaught_exception_between_invocations(run):
    environment = run(
        "exports.handler = async () => { setTimeout(() => { throw new Error('late'); }, 20); };"
    )
    assert environment.invoke({}).payload == b"null"
    assert environment.wait()[0] == 129


@pytest.mark.parametrize(
    "variables,handler,kind",
    [
        (NODE_22, "async () => { await new Promise(() => {}); }", "ERROR"),
        (NODE_22, "() => new Promise(() => {})", "RESPONSE"),
        (NODE_22, "(event, context, callback) => {}", "RESPONSE"),
        (NODE_24, "() => new Promise(() => {})", "ERROR"),
    ],
)
def test_empty_event_loop(run, variables, handler, kind):
    environment = run(f"exports.handler = {handler};", variables)
    for _ in range(2):
        answer = environment.invoke({})
        assert answer.kind == kind
        if kind == "ERROR":
            assert answer.json["errorType"] == "Runtime.NodeJsExit"
            assert answer.json["errorMessage"].startswith(
                "The Lambda runtime client detected an unexpected Node.js exit code. This is most "
                "commonly caused by a Promise that was never settled."
            )
        else:
            assert answer.payload == b"null"


def test_top_level_await_that_never_settles(write_function):
    files = {"app.mjs": "await new Promise(() => {});\nexport const handler = 1;\n"}
    environment = write_function("node", files)
    assert environment.init().kind == "EXIT"
    assert environment.wait()[0] == 13


def test_timers_and_signals_go_on_between_invocations(run):
    environment = run(
        "process.on('SIGTERM', () => { process.stdout.write('bye'); process.exit(7); });\n"
        "const kill = () => process.kill(process.pid, 'SIGTERM');\n"
        "exports.handler = async () => { setTimeout(kill, 20); };"
    )
    environment.invoke({})
    assert environment.wait()[:2] == (7, "bye")


def test_context_members(run):
    source = "exports.handler = async (event, context) => Object.keys(context);"
    common = {"functionVersion", "functionName", "memoryLimitInMB", "logGroupName",
              "logStreamName", "clientContext", "identity", "invokedFunctionArn", "awsRequestId",
              "tenantId", "getRemainingTimeInMillis"}
    legacy = {"callbackWaitsForEmptyEventLoop", "succeed", "fail", "done"}
    assert set(run(source, NODE_22).invoke({}).json) == common | legacy
    assert set(run(source, NODE_24).invoke({}).json) == common


def test_context_that_is_not_json(run):
    environment = run("exports.handler = async () => 1;")
    answer = environment.invoke({}, Client_Context="{")
    assert answer.json["errorMessage"].startswith("Cannot parse ClientContext as json: ")


@pytest.mark.parametrize("late", [False, True])
def test_node_path(write_function, tmp_path, late):
    layer = tmp_path / "layer/nodejs/node_modules"
    environment = write_function(
        "node",
        {
            "app.js": "exports.handler = async () => require('from-layer');",
            "layer/nodejs/node_modules/from-layer/index.js": "module.exports = 'layer';",
        },
        variables={"NODE_PATH": f"/nowhere:{layer}"},
        first_variables={"PATH": "/usr/bin:/bin"} if late else None,
    )
    assert environment.init().kind == "NEXT"
    assert environment.invoke({}).json == "layer"


def stream(body, before=""):
    return (
        f"{before}\nexports.handler = awslambda.streamifyResponse(async (event, stream, context) "
        f"=> {{\n{body}\n}});"
    )


def test_streaming(run):
    environment = run(
        stream(
            "stream.setContentType('text/plain');\nstream.write('one ');\n"
            "await new Promise((done) => setTimeout(done, 10));\n"
            "stream.write(Buffer.from('twö '));\nstream.write({ a: context.awsRequestId });\n"
            "stream.end('!');"
        )
    )
    for _ in range(2):
        answer = environment.invoke({})
        assert answer.kind == "RESPONSE" and len(answer.parts) >= 3
        assert answer.payload.decode() == 'one twö {"a":"%s"}!' % REQUEST_ID
        assert answer.metadata == {MODE_KEY: "streaming", "Content-Type": "text/plain"}


def test_streaming_empty(run):
    answer = run(stream("stream.end();")).invoke({})
    assert (answer.kind, answer.payload) == ("RESPONSE", b"")
    assert answer.metadata == {MODE_KEY: "streaming", "Content-Type": "application/octet-stream"}


@pytest.mark.parametrize("body", ["stream.write('body'); stream.end();", "stream.end('body');"])
def test_streaming_http_prelude(run, body):
    environment = run(
        stream(
            "const { HttpResponseStream } = awslambda;\n"
            "stream = HttpResponseStream.from(stream, { statusCode: 201 });\n" + body
        )
    )
    answer = environment.invoke({})
    assert answer.payload == b'{"statusCode":201}' + b"\0" * 8 + b"body"
    content_type = "application/vnd.awslambda.http-integration-response"
    assert answer.metadata["Content-Type"] == content_type


def test_streaming_pipeline_with_back_pressure(run):
    environment = run(
        stream(
            "const source = Readable.from((function* () {\n"
            "    for (let i = 0; i < 400; i++) yield Buffer.alloc(65536, i);\n})());\n"
            "await pipeline(source, stream);",
            "const { Readable } = require('stream');"
            "const { pipeline } = require('stream/promises');",
        )
    )
    answer = environment.invoke({})
    assert len(answer.payload) == 400 * 65536
    assert answer.payload[65536 * 399] == 399 % 256
    assert environment.invoke({}).kind == "RESPONSE"


def test_streaming_goes_on_after_return(run):
    environment = run(stream("setTimeout(() => { stream.write('late'); stream.end(); }, 20);"))
    assert environment.invoke({}).payload == b"late"


def test_streaming_error_before_the_first_byte(run):
    environment = run(stream("throw new TypeError('early');"))
    for _ in range(2):
        answer = environment.invoke({})
        assert (answer.kind, answer.json["errorType"]) == ("ERROR", "TypeError")


def test_streaming_error_in_the_middle(run):
    body = "stream.write('some'); await new Promise(setImmediate); throw new TypeError('mid');"
    environment = run(stream(body))
    for _ in range(2):
        answer = environment.invoke({})
        assert (answer.kind, answer.payload) == ("RESPONSE", b"some")
        assert answer.metadata[TYPE_KEY] == "TypeError"
        error = json.loads(base64.b64decode(answer.metadata[BODY_KEY]))
        assert (error["errorType"], error["errorMessage"]) == ("TypeError", "mid")
        assert "\tInvoke Error \t" in answer.logs[-1].text


def test_streaming_error_too_long_for_metadata(run):
    body = (
        "stream.setContentType('t'.repeat(100000)); stream.write('some');\n"
        "await new Promise(setImmediate); throw new Error('m'.repeat(300000));"
    )
    answer = run(stream(body)).invoke({})
    error = json.loads(base64.b64decode(answer.metadata[BODY_KEY]))
    assert error["errorMessage"].endswith("mmm...") and error["errorType"] == "Error"


def test_streaming_error_after_the_end(run):
    body = "stream.end('all'); await new Promise(setImmediate); throw new TypeError('too late');"
    answer = run(stream(body)).invoke({})
    assert (answer.kind, answer.payload) == ("RESPONSE", b"all")
    assert TYPE_KEY not in answer.metadata


@pytest.mark.parametrize("body", ["", "stream.write('x');"])
def test_streaming_without_end(run, body):
    answer = run(stream(body)).invoke({})
    error = answer.json if not body else json.loads(base64.b64decode(answer.metadata[BODY_KEY]))
    assert error["errorMessage"] == "Response stream is not finished."


def test_streaming_handler_without_promise(run):
    source = "exports.handler = awslambda.streamifyResponse((event, stream) => {});"
    answer = run(source).invoke({})
    assert answer.json["errorMessage"] == "Streaming does not support non-async handlers."


def test_streaming_content_type_too_late(run):
    answer = run(stream("stream.write('x'); await new Promise(setImmediate);"
                        "stream.setContentType('text/html');")).invoke({})
    assert answer.metadata[TYPE_KEY] == "Runtime.InvalidStreamingOperation"


def test_streaming_result_is_ignored_with_a_warning(run):
    answer = run(stream("stream.end('x'); return 5;")).invoke({})
    assert answer.payload == b"x"
    assert "Streaming handlers ignore return values." in answer.logs[0].text


def test_no_global_on_request(run):
    environment = run(
        "exports.handler = async () => typeof awslambda;",
        {"AWS_LAMBDA_NODEJS_NO_GLOBAL_AWSLAMBDA": "1"},
    )
    assert environment.invoke({}).json == "undefined"


def test_logs_are_in_order_around_a_large_response(run):
    """What the socket does not take at once must not be overtaken."""
    environment = run(
        "exports.handler = async (event) => {\n"
        "    setImmediate(() => { for (let i = 0; i < 50; i++) console.log(`after ${i}`); });\n"
        "    return 'x'.repeat(event);\n};"
    )
    answer = environment.invoke(6000000)
    assert len(answer.payload) == 6000002
    later = environment.invoke(10)
    texts = [log.text.rsplit("\t", 1)[1].strip() for log in later.logs]
    assert texts[:50] == [f"after {i}" for i in range(50)]


def test_many_logs_before_an_exit_all_arrive(run):
    environment = run(
        "exports.handler = async () => {\n"
        "    for (let i = 0; i < 2000; i++) console.log(`${i} ${'x'.repeat(1000)}`);\n"
        "    process.exit(3);\n};"
    )
    answer = environment.invoke({})
    assert answer.kind == "EXIT"
    assert [log.text.split("\t")[3].split()[0] for log in answer.logs] == [
        str(i) for i in range(2000)
    ]
    assert environment.wait()[0] == 3


def test_exit_while_a_stream_is_queued(run):
    """A crash in the middle of a stream that the reader is slow to take still ends in order."""
    environment = run(
        stream(
            "for (let i = 0; i < 100; i++) stream.write(Buffer.alloc(65536));\n"
            "setImmediate(() => { throw new Error('crash'); });\n"
            "await new Promise(() => {});"
        )
    )
    answer = environment.invoke({})
    assert answer.kind == "RESPONSE" and answer.metadata[TYPE_KEY] == "Error"
    assert len(answer.payload) < 100 * 65536
    assert environment.receive() is None
    assert environment.wait()[0] == 129


def test_assembled_client(write_function, monkeypatch, tmp_path):
    out = tmp_path / "runtime"
    subprocess.run([ROOT / "runtimes/node/assemble", out], check=True)
    command = [node_interpreter(), str(out / "bootstrap.js")]
    monkeypatch.setattr(channel_peer, "command_of", lambda language: command)
    environment = write_function("node", stream("stream.end('x');"))
    assert environment.init().kind == "NEXT"
    assert environment.invoke({}).payload == b"x"
