# SPDX-License-Identifier: Apache-2.0
"""Start-up of the runtime and the loop that runs one invocation after the other."""

import os
import sys

from lambd_runtime import startup
from lambd_runtime.channel import INIT, INVOKE, NO_METADATA, Channel, pack_metadata
from lambd_runtime.context import CurrentInvocation, FunctionFacts, LambdaContext
from lambd_runtime.marshal import CONTENT_TYPE_RAW, Marshaller

CHANNEL_FD = 3
EXIT_INIT_FAILED = 1
TRACE_VARIABLE = "_X_AMZN_TRACE_ID"
RAW_METADATA = pack_metadata([(b"Content-Type", CONTENT_TYPE_RAW)])


def preload():
    """
    Import what functions usually need, in a process that does not know its function yet.

    It reads nothing of the environment: logging gets its handler at INIT like in a fresh process.
    """
    import importlib
    import json

    from lambd_runtime import errors, logs

    # The first use of these costs more than all later ones.
    compile("def handler(event, context):\n    return event\n", "<rehearsal>", "exec")
    json.loads(json.dumps({"a": [1, 2.5, "b", None, True]}))
    return importlib, json, errors, logs


def main():
    """Run the environment until lambd closes the channel."""
    channel = Channel(CHANNEL_FD)
    if "_HANDLER" not in os.environ:
        preload()  # INIT may be long in coming, and then every millisecond counts
    try:
        kind, _, _, block = channel.receive()
        if kind != INIT:
            raise RuntimeError(f"frame of type {kind:#x} before INIT")
        Runtime(channel, block).run()
    except (EOFError, ConnectionError):
        # Nobody is left to answer. Exit handlers and threads of the function cannot matter.
        os._exit(0)


class Runtime:
    """The client of one function, from INIT on."""

    def __init__(self, channel, block):
        startup.apply_environment(block)
        version = startup.requested_version()
        self._channel = channel
        self._marshaller = Marshaller(ensure_ascii=version < (3, 12))
        self._with_request_id = version >= (3, 9)
        self._json_logs = startup.wants_json_logs()
        self._facts = FunctionFacts()
        LambdaContext.write_log = channel.log
        self._set_up_process(version)

    def _set_up_process(self, version):
        runtime_dir = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
        library_path = list(sys.path)
        startup.set_module_path(runtime_dir, version)
        os.chdir(os.environ.get("LAMBDA_TASK_ROOT", "/var/task"))
        # Whole lines leave at once; print() does not cost two system calls.
        sys.stdout.reconfigure(line_buffering=True)
        startup.LoggingHook(library_path, self._prepare_logging).install()

    def _prepare_logging(self):
        from lambd_runtime.logs import prepare_logging

        prepare_logging(self._channel)

    def run(self):
        """Load the handler, then serve. Ends by an exception, as EOFError or SystemExit."""
        try:
            handler = startup.load_handler(os.environ.get("_HANDLER", ""))
        except Exception as error:
            self._fail_init(error)
            sys.exit(EXIT_INIT_FAILED)
        flush_output()
        self._channel.ask_next()
        while True:
            kind, number, metadata, payload = self._channel.receive()
            if kind == INVOKE:
                self._channel.invocation = number
                self._invoke(handler, metadata, payload)
            del metadata, payload  # A large event must not lie around until the next one.

    def _invoke(self, handler, metadata, payload):
        try:
            context = self._start_invocation(metadata)
            event = self._decode_event(payload)
            result = handler(event, context)
            if isinstance(result, bytes):
                answer = RAW_METADATA, result
            else:
                answer = NO_METADATA, self._encode_result(result)
        except Exception as error:
            self._fail(error)
            return
        flush_output()
        self._channel.respond(*answer)

    def _start_invocation(self, metadata):
        get = metadata.get
        request_id = _text(get(b"Lambda-Runtime-Aws-Request-Id"))
        tenant_id = _text(get(b"Lambda-Runtime-Aws-Tenant-Id"))
        CurrentInvocation.request_id = request_id or ""
        CurrentInvocation.tenant_id = tenant_id
        trace_id = get(b"Lambda-Runtime-Trace-Id")
        if trace_id is not None:
            os.environ[TRACE_VARIABLE] = trace_id.decode()
        elif TRACE_VARIABLE in os.environ:
            del os.environ[TRACE_VARIABLE]
        return LambdaContext(
            self._facts,
            request_id,
            _text(get(b"Lambda-Runtime-Invoked-Function-Arn")),
            int(get(b"Lambda-Runtime-Deadline-Ms", 0)),
            tenant_id,
            self._decode_header(get(b"Lambda-Runtime-Client-Context"), "Client Context"),
            self._decode_header(get(b"Lambda-Runtime-Cognito-Identity"), "Cognito Identity"),
        )

    def _decode_header(self, value, name):
        if not value:
            return None
        try:
            return self._marshaller.decode(value)
        except ValueError as error:
            message = f"Unable to parse {name} JSON: {error}"
            raise startup.Fault("Runtime.LambdaContextUnmarshalError", message) from None

    def _decode_event(self, payload):
        try:
            return self._marshaller.decode(payload)
        except Exception as error:
            message = f"Unable to unmarshal input: {error}"
            raise startup.Fault("Runtime.UnmarshalError", message) from None

    def _encode_result(self, result):
        try:
            return self._marshaller.encode(result)
        except Exception as error:
            message = f"Unable to marshal response: {error}"
            raise startup.Fault("Runtime.MarshalError", message) from None

    def _fail(self, error):
        metadata, body = self._report(error, CurrentInvocation.request_id, with_cause=True)
        flush_output()
        self._channel.fail(metadata, body)

    def _fail_init(self, error):
        CurrentInvocation.request_id = ""
        from lambd_runtime.errors import log_init_warning

        flush_output()
        log_init_warning(self._channel, self._marshaller, self._json_logs)
        metadata, body = self._report(error, "", with_cause=False)
        self._channel.fail_init(metadata, body)

    def _report(self, error, request_id, with_cause):
        """Log an error; return the metadata and body of its frame."""
        try:
            from lambd_runtime import errors
        except OSError:
            # The function has used up the file descriptors, and this is the first error.
            return NO_METADATA, self._bare_report(error, request_id)
        report = errors.ErrorReport(error, request_id, self._with_request_id)
        errors.log_report(self._channel, self._marshaller, report, self._json_logs)
        body = errors.encode(self._marshaller, report.payload())
        return report.metadata(self._marshaller, with_cause), body

    def _bare_report(self, error, request_id):
        report = {"errorMessage": str(error), "errorType": type(error).__name__}
        return self._marshaller.encode({**report, "requestId": request_id, "stackTrace": []})


def _text(value):
    return None if value is None else value.decode()


def flush_output():
    """What the function printed goes out before its answer."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (AttributeError, OSError, ValueError):
            pass  # The function closed or replaced it; its output is its own affair.
