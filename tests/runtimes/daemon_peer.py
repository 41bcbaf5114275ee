# SPDX-License-Identifier: Apache-2.0
"""A function in a daemon, as cases.py wants to see it: the counterpart of channel_peer.py."""

import base64
import json
import re

from channel_peer import Answer


class Deployed:
    """One deployed handler. Its first invocation starts its environment."""

    def __init__(self, function, facts, handler, variables):
        self._function = function
        self.function_name = function.name
        self.arn = function.arn
        self._last = None
        self.variables = {
            "_HANDLER": handler,
            "LAMBDA_TASK_ROOT": "/var/task",
            "AWS_LAMBDA_FUNCTION_NAME": function.name,
            "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(facts.memory_limit),
            **variables,
        }

    def invoke(self, event=None, *, raw=None, Client_Context=None):
        arguments = {"payload": event if raw is None else raw, "tail": True}
        if event is None and raw is None:
            arguments["payload"] = b"null"
        if Client_Context is not None:
            arguments["ClientContext"] = base64.b64encode(Client_Context.encode()).decode()
        response = self._function.invoke(**arguments)
        self._last = response
        kind = self._kind(response)
        return Answer(
            kind, response.payload, request_id=response.request_id, logs=[response.log]
        )

    def stream(self, event):
        """The parts of a streamed answer."""
        answer = self._function.client.invoke_with_response_stream(
            FunctionName=self.function_name, Payload=json.dumps(event)
        )
        events = list(answer["EventStream"])
        assert events.pop() == {"InvokeComplete": {}}
        return [event["PayloadChunk"]["Payload"] for event in events]

    @staticmethod
    def _kind(response):
        if response.error is None:
            return "RESPONSE"
        return "EXIT" if response.json.get("errorType") == "Runtime.ExitError" else "ERROR"

    def printed(self, answer):
        """What the function wrote until its answer came: the lines between START and END."""
        (log,) = answer.logs
        return re.search(r"START [^\n]*\n(.*?\n?)END RequestId", log, re.DOTALL)[1]

    def check_exit(self, status):
        """The last invocation must have ended so; a signal is negative."""
        message = self._last.json["errorMessage"]
        if status < 0:
            assert message.endswith("Runtime exited with error: signal: killed"), message
        elif status == 0:
            assert message.endswith("Runtime exited without providing a reason"), message
        else:
            assert message.endswith(f"Runtime exited with error: exit status {status}"), message
