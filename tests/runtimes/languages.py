# SPDX-License-Identifier: Apache-2.0
"""
The languages of the conformance suite: one entry each, and a folder functions/<name>.

The cases are in cases.py (what can be seen of a function from outside, whoever calls it) and in
test_clients.py (what only the other end of the runtime channel sees).
"""

import glob
import os
import shutil
from dataclasses import dataclass, field
from typing import Callable

import builds
from builds import FUNCTIONS, ROOT


def python_interpreter():
    """The newest system Python, as lambd takes it; LAMBD_TEST_PYTHON names another one."""
    return os.environ.get("LAMBD_TEST_PYTHON") or newest("/usr/bin/python3.*")


def node_interpreter():
    """The system's node; LAMBD_TEST_NODE names another one."""
    if "LAMBD_TEST_NODE" in os.environ:
        return os.environ["LAMBD_TEST_NODE"]
    found = shutil.which("node", path="/usr/bin:/usr/local/bin") or shutil.which("node")
    assert found, "no node on this machine"
    return found


def newest(pattern):
    """Of the programs that end in .N the one with the highest N."""
    found = [path for path in glob.glob(pattern) if path.rpartition(".")[2].isdigit()]
    assert found, f"no {pattern} on this machine"
    return max(found, key=lambda path: int(path.rpartition(".")[2]))


def python_command():
    # -B: these tests must not leave byte code in the source tree.
    return [python_interpreter(), "-S", "-s", "-B", str(ROOT / "runtimes/python/bootstrap.py")]


def node_command():
    return [node_interpreter(), str(ROOT / "runtimes/node/bootstrap.js")]


def ruby_command():
    options = "--disable=gems,did_you_mean,error_highlight"
    return [newest("/usr/bin/ruby3.*"), options, str(ROOT / "runtimes/ruby/bootstrap.rb")]


def dotnet_command():
    return ["/usr/bin/mono", str(builds.dotnet_client())]


def java_command():
    """As the jail starts it for a function of 256 MB."""
    client = builds.java_client()
    java = os.environ.get("LAMBD_TEST_JAVA", "/usr/bin/java")
    options = ("-XX:MaxRAM=256m", f"-XX:Flags={client}/jvm.flags")
    encoding = ("-Dfile.encoding=UTF-8", "-Dsun.jnu.encoding=UTF-8")
    return [java, *options, *encoding, "-jar", f"{client}/bootstrap.jar"]


def source_folder(language):
    """The function of a language that needs no compiler."""
    return FUNCTIONS / language.name


@dataclass(frozen=True, eq=False)
class Language:
    """What the suite has to know of a language. Error types are written with {} for the class."""

    name: str
    title: str
    runtime: str  # the API's identifier
    command: Callable[[], list] = None  # starts our client; None: a custom runtime, without channel
    handler: str = "cases.{}"  # of a case
    build: Callable = source_folder  # the unpacked package
    error_type: str = "{}"
    told_type: str = "{}"  # in the header
    trace_key: str = "stackTrace"
    memory_limit: object = "128"  # as the context tells it: text or a number
    absent_module: str = "absent.handler"  # a handler whose file does not exist
    import_error: str = "Runtime.ImportModuleError"
    told_import_error: str = "Runtime.ImportModuleError"
    missing_error: str = "Runtime.HandlerNotFound"
    malformed_error: str = "Runtime.MalformedHandlerName"
    syntax_error: str = "Runtime.UserCodeSyntaxError"
    init_exit: int = 1
    start_variables: dict = field(default_factory=dict)  # what the jail adds to the environment
    app: str = "app.py"  # a file with the functions of handler app.<function>
    deep: str = ""  # the text of such a file, whose handler answers "deep"
    paths_are_of_frames: bool = True  # does the X-Ray cause list the files of the trace?
    traces_have_files: bool = True  # do the frames of the X-Ray cause name them?
    writes_null: bool = True  # of a member that is null
    starts_in_package: bool = False  # the process cannot change its directory
    request_key: str = "requestId"  # of JSON records
    lines_name_request: bool = True  # does a line of the logger?
    reads_client_env: bool = True  # does the context have what the caller says of its device?
    streams_have_prelude: bool = False  # status and headers, for function URLs
    is_long: bool = False  # takes long or needs another toolchain: only with ./check --all
    without: dict = field(default_factory=dict)  # test: why it does not apply

    @property
    def execution_env(self):
        return f"AWS_Lambda_{self.runtime}"


NO_ASYNC = "no asynchronous handlers"
NO_STREAM = dict.fromkeys(("test_streaming", "test_streamed_frames"), "no response streaming")
COMPILED = "the compiler finds them"
NO_JSON = "there is no JSON in bash"
HANDLERS_OF_INVOCATIONS = "what cannot be used as handler is an error of the invocation"
FREE_HANDLER = "the handler string is free text"

LANGUAGES = {
    language.name: language
    for language in (
        Language(
            name="python",
            title="Python",
            runtime="python3.13",
            command=python_command,
            deep="def handler(event, context):\n    return 'deep'\n",
            without={"test_async": NO_ASYNC, **NO_STREAM},
        ),
        Language(
            name="node",
            title="Node.js",
            runtime="nodejs22.x",
            command=node_command,
            trace_key="trace",
            init_exit=129,
            app="app.js",
            deep="exports.handler = async () => 'deep';\n",
        ),
        Language(
            name="ruby",
            title="Ruby",
            runtime="ruby3.4",
            command=ruby_command,
            error_type="Function<{}>",
            told_type="Function<UserException>",
            import_error="Init<LoadError>",
            told_import_error="Init<LoadError>",
            malformed_error="Init<ArgumentError>",
            syntax_error="Init<SyntaxError>",
            init_exit=252,
            start_variables={"LC_ALL": "C.UTF-8"},
            app="app.rb",
            deep="def handler(event:, context:)\n  'deep'\nend\n",
            paths_are_of_frames=False,
            without={
                "test_deep_nesting": "AWS's client parses 100 levels at most",
                "test_missing_handler": "a missing method is an error of the invocation",
                "test_async": NO_ASYNC,
                **NO_STREAM,
            },
        ),
        Language(
            name="dotnet",
            title=".NET (Mono)",
            runtime="dotnet8",
            command=dotnet_command,
            handler="Cases::Cases.Functions::{}",
            build=builds.build_dotnet,
            memory_limit=256,
            absent_module="Absent::Cases.Functions::handler",
            import_error="LambdaValidationException",
            told_import_error="LambdaValidationException",
            missing_error="LambdaValidationException",
            malformed_error="LambdaValidationException",
            init_exit=101,
            paths_are_of_frames=False,
            traces_have_files=False,
            without={
                "test_deep_nesting": "System.Text.Json reads 64 levels at most",
                "test_error_with_long_message": "errors over 256 KB are replaced",
                "test_syntax_error": COMPILED,
                "test_handler_in_folder": "the assembly is in the root of the package",
                **NO_STREAM,
            },
        ),
        Language(
            name="java",
            title="Java",
            runtime="java17",
            command=java_command,
            handler="cases.Cases::{}",
            build=builds.build_java,
            error_type="cases.Cases${}",
            told_type="Runtime.UserException",
            memory_limit=256,
            absent_module="absent.Absent::handler",
            import_error="java.lang.ClassNotFoundException",
            paths_are_of_frames=False,
            writes_null=False,
            starts_in_package=True,
            request_key="AWSRequestId",
            lines_name_request=False,
            without={
                "test_trace_variable_lives_for_one_invocation": "since Java 17 it is a system property",
                "test_missing_module": HANDLERS_OF_INVOCATIONS,
                "test_missing_handler": HANDLERS_OF_INVOCATIONS,
                "test_malformed_handler": HANDLERS_OF_INVOCATIONS,
                "test_syntax_error": COMPILED,
                "test_handler_in_folder": "classes are named by their packages",
                "test_async": NO_ASYNC,
                **NO_STREAM,
            },
        ),
        Language(
            name="go",
            title="Go: aws-lambda-go",
            runtime="provided.al2023",
            handler="{}",
            build=builds.build_go,
            is_long=True,
            without={
                "test_stack_trace": "Go's errors have no trace",
                "test_init_error_is_told_to_the_caller": FREE_HANDLER,
            },
        ),
        Language(
            name="rust",
            title="Rust: lambda_runtime",
            runtime="provided.al2023",
            handler="{}",
            build=builds.build_rust,
            error_type="&alloc::boxed::Box<dyn core::error::Error"
            " + core::marker::Send + core::marker::Sync>",
            reads_client_env=False,
            streams_have_prelude=True,
            is_long=True,
            without={
                "test_deep_nesting": "serde_json parses 128 levels at most",
                "test_stack_trace": "Rust's errors have no trace",
                "test_unserialisable_result": "what cannot be serialised does not compile",
                "test_init_error_is_told_to_the_caller": FREE_HANDLER,
            },
        ),
        Language(
            name="bash",
            title="bash and curl",
            runtime="provided.al2023",
            handler="{}",
            is_long=True,
            without={
                "test_context": NO_JSON,
                "test_context_without_caller_data": NO_JSON,
                "test_environment": NO_JSON,
                "test_output_precedes_the_answer": NO_JSON,
                "test_unserialisable_result": NO_JSON,
                "test_stack_trace": "bash has no traces",
                "test_async": NO_ASYNC,
                "test_init_error_is_told_to_the_caller": FREE_HANDLER,
                **NO_STREAM,
            },
        ),
        Language(
            name="awslambdaric",
            title="Python: awslambdaric",
            runtime="provided.al2023",
            build=builds.build_awslambdaric,
            is_long=True,
            without={"test_async": NO_ASYNC, **NO_STREAM},
        ),
        Language(
            name="aws-lambda-ric",
            title="Node.js: aws-lambda-ric",
            runtime="provided.al2023",
            build=builds.build_aws_lambda_ric,
            trace_key="trace",
            is_long=True,
        ),
        Language(
            name="java-ric",
            title="Java: aws-lambda-java-runtime-interface-client",
            runtime="provided.al2023",
            handler="cases.Cases::{}",
            build=builds.build_java_ric,
            error_type="cases.Cases${}",
            memory_limit=256,
            absent_module="absent.Absent::handler",
            import_error="java.lang.ClassNotFoundException",
            writes_null=False,
            is_long=True,
            without={
                "test_async": NO_ASYNC,
                **NO_STREAM,
            },
        ),
    )
}

MANAGED = [language.name for language in LANGUAGES.values() if language.command]


def leave_out(config, items):
    """A case that a language does not have, for the reason in its entry, is not a test of it."""
    left_out = [item for item in items if does_not_apply(item)]
    items[:] = [item for item in items if not does_not_apply(item)]
    config.hook.pytest_deselected(items=left_out)


def does_not_apply(item):
    language = getattr(item, "callspec", None) and item.callspec.params.get("language")
    return language in LANGUAGES and item.originalname in LANGUAGES[language].without
