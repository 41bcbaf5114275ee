# SPDX-License-Identifier: Apache-2.0
"""What only the Ruby client does."""

import json
import re
import time

import pytest
from channel_peer import REQUEST_ID

HANDLER = "def handler(event:, context:)\n  {}\nend\n"
JSON_LOGS = {"AWS_LAMBDA_LOG_FORMAT": "JSON"}


@pytest.fixture
def run(write_function):
    """Write a function, initialise it; the body of its handler, or a whole file."""

    def start(body, variables=None, files=None, handler="app.handler"):
        source = body if "def " in body else HANDLER.format(body)
        files = {"app.rb": source, **(files or {})}
        environment = write_function("ruby", files, handler, variables)
        environment.init_answer = environment.init()
        assert environment.init_answer.kind == "NEXT", environment.init_answer
        return environment

    return start


@pytest.mark.parametrize("name", ["Top", "Outer::Inner", "Outer::Inner::Deep"])
def test_class_methods(run, name):
    source = (
        "class Top; def self.go(event:, context:) = [name, event]; end\n"
        "module Outer; class Inner < Top; class Deep < Top; end; end; end\n"
    )
    environment = run(source, handler=f"app.{name}.go")
    assert environment.invoke(1).json == [name, 1]


def test_handler_with_too_many_parts(write_function):
    environment = write_function("ruby", HANDLER, "app.A.B.go")
    answer = environment.init()
    assert answer.json["errorType"] == "Init<ArgumentError>"
    assert answer.json["errorMessage"].startswith(
        'Invalid handler ["app", "A", "B", "go"], must be of form FILENAME.METHOD or '
    )
    assert environment.wait()[0] == 252


def test_error_body_and_log(run):
    environment = run("raise ArgumentError, 'boom'")
    answer = environment.invoke({})
    root = environment.variables["LAMBDA_TASK_ROOT"]
    assert list(answer.json) == ["errorMessage", "errorType", "stackTrace"]
    assert answer.json["errorType"] == "Function<ArgumentError>"
    assert answer.metadata["Lambda-Runtime-Function-Error-Type"] == "Function<ArgumentError>"
    assert answer.json["stackTrace"] == [f"{root}/app.rb:2:in `handler'"]
    heading, body = answer.logs
    assert heading.text == "Error raised from handler method\n"
    assert json.loads(body.text) == answer.json
    assert environment.invoke({}).kind == "ERROR"


@pytest.mark.parametrize(
    "body,error_type",
    [
        ("absent_variable", "NameError"),
        ("nil.absent", "NoMethodError"),
        ("exit 3", "SystemExit"),
        ("raise Exception, 'x'", "Exception"),
        ("def handler(event:, context:) = handler(event: 1, context: 1)", "SystemStackError"),
    ],
)
def test_critical_error_ends_the_process(run, body, error_type):
    environment = run(body)
    answer = environment.invoke({})
    assert answer.kind == "ERROR"
    assert answer.json["errorType"] == f"Function<{error_type}>"
    assert answer.logs[0].text == "Critical exception from handler\n"
    assert len(answer.json["stackTrace"]) <= 100
    assert environment.wait()[0] == 255


def test_missing_method_is_told_by_the_invocation(run):
    answer = run("1", handler="app.absent").invoke({})
    assert answer.json["errorType"] == "Function<NoMethodError>"
    assert answer.json["errorMessage"].startswith("undefined method `absent'")
    assert answer.json["stackTrace"]


def test_deeply_nested_event_is_refused(run):
    environment = run("event")
    answer = environment.invoke(raw=b"[" * 101 + b"]" * 101)
    assert answer.json["errorType"] == "Runtime<JSON::NestingError>"
    assert environment.invoke(raw=b"[" * 100 + b"]" * 100).kind == "RESPONSE"


@pytest.mark.parametrize("statement", ["raise 'startup'", "exit 3", "raise Exception, 'startup'"])
def test_init_error(write_function, statement):
    environment = write_function("ruby", f"{statement}\n")
    answer = environment.init()
    assert answer.kind == "INIT_ERROR"
    assert answer.json["errorType"].startswith("Init<")
    assert answer.logs[0].text == "Init error when loading handler \n"
    assert environment.wait()[0] == 252


def test_stream_results_go_out_raw(run):
    environment = run("StringIO.new(\"\\x00\\xff raw\".b)")
    answer = environment.invoke({})
    assert answer.payload == b"\x00\xff raw"
    assert answer.metadata["Content-Type"] == "application/unknown"


def test_functions_can_redefine_the_marshaller(run):
    source = (
        "class AwsLambda::Marshaller\n"
        "  def self.marshall_request(request) = request.body.length\n"
        "  def self.marshall_response(value) = [\"<#{value}>\", 'text/xml']\n"
        "end\n"
    )
    answer = run(source + HANDLER.format("event + 1")).invoke(raw=b'"abc"')
    assert answer.payload == b"<6>"
    assert answer.metadata["Content-Type"] == "text/xml"


def test_context(run):
    body = (
        "[context.class, context.deadline_ms - context.get_remaining_time_in_millis,"
        " context.client_context, context.identity]"
    )
    environment = run(body)
    before_ms = time.time_ns() // 1000000
    answer = environment.invoke(
        {}, Client_Context='{"client": {"x": 1}}', Cognito_Identity='{"any": "key"}'
    )
    name, now_ms, client_context, identity = answer.json
    assert name == "LambdaContext"
    assert before_ms <= now_ms <= time.time_ns() // 1000000
    assert (client_context, identity) == ({"client": {"x": 1}}, {"any": "key"})


def test_time_that_is_over(run):
    assert run("context.get_remaining_time_in_millis").invoke({}, Deadline_Ms="1").json == 0


def test_puts_is_one_event(run):
    answer = run("puts 'one', [\"two\\nthree\", nil, 4]\nputs").invoke({})
    assert [log.text for log in answer.logs] == ["one\ntwo\nthree\n\n4\n", "\n"]
    assert all((log.level, log.is_json) == ("", False) for log in answer.logs)


def test_puts_of_other_encodings(run):
    answer = run("puts \"\\xff\".b, 'ä'.encode('ISO-8859-1')").invoke({})
    assert [log.text for log in answer.logs] == ["\ufffd\nä\n"]


def test_logger_line(run):
    answer = run("Logger.new($stderr, progname: 'app').warn('careful')").invoke({})
    (log,) = answer.logs
    pattern = r"W, \[\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6} #\d+\]  WARN " + REQUEST_ID
    assert re.fullmatch(pattern + " -- app: careful\n", log.text), log.text


def test_required_logger_is_the_same(run):
    source = "require 'logger'\n" + HANDLER.format("Logger.new($stdout).info { 'block' }")
    (log,) = run(source).invoke({}).logs
    assert log.text.endswith(" -- : block\n")


def test_file_named_like_the_logger_is_not_loaded(run):
    source = "require 'logger'\n" + HANDLER.format("Logger.new($stdout).info('library')")
    (log,) = run(source, files={"logger.rb": "raise 'not this one'\n"}).invoke({}).logs
    assert log.text.endswith(" -- : library\n")


def test_logger_of_a_file_is_left_alone(run, tmp_path):
    environment = run(f"Logger.new('{tmp_path}/log').error('kept')")
    assert environment.invoke({}).logs == []
    assert "kept" in (tmp_path / "log").read_text()


def test_json_logger(run):
    body = (
        "log = Logger.new($stdout, progname: 'app')\n"
        "log.info('plain')\n"
        "begin; raise ArgumentError, 'bad'; rescue => e; log.error(e); end"
    )
    plain, error = run(body, JSON_LOGS).invoke({}).logs
    assert (plain.is_json, plain.level, error.level) == (True, "INFO", "ERROR")
    assert plain.record | {"timestamp": ""} == {
        "timestamp": "",
        "level": "INFO",
        "message": "plain",
        "requestId": REQUEST_ID,
        "logger": "app",
    }
    assert error.record["errorType"] == "ArgumentError"
    assert error.record["errorMessage"] == error.record["message"] == "bad"
    assert "app.rb:handler:4" in error.record["location"]
    assert error.record["stackTrace"]


def test_json_error_record(run):
    (log,) = run("raise 'boom'", JSON_LOGS).invoke({}).logs
    assert (log.is_json, log.level) == (True, "ERROR")
    assert log.record["errorType"] == "Function<RuntimeError>"
    assert log.record["requestId"] == REQUEST_ID


def test_libraries_that_need_no_require(run):
    values = (
        "URI('http://x/y').path",
        "Net::HTTP.name",
        "Time.now.utc.iso8601[-1]",
        "Time.parse('2026-01-02').day",
    )
    assert run(f"[{', '.join(values)}]").invoke({}).json == ["/y", "Net::HTTP", "Z", 2]


GEM = """
Gem::Specification.new do |s|
  s.name = 'greeter'
  s.version = '1.2.3'
  s.summary = s.authors = 'x'
  s.files = ['lib/greeter.rb']
end
"""


@pytest.mark.parametrize("statement", ["require 'greeter'", "gem 'greeter'; require 'greeter'"])
def test_gems_of_the_function(run, tmp_path, statement):
    gems = tmp_path / "vendor/bundle/ruby/3.4.0"
    files = {
        "vendor/bundle/ruby/3.4.0/specifications/greeter-1.2.3.gemspec": GEM,
        "vendor/bundle/ruby/3.4.0/gems/greeter-1.2.3/lib/greeter.rb": "GREETING = 'hello'\n",
    }
    statement = statement.replace("gem 'greeter'", "Gem; gem 'greeter'")
    source = f"{statement}\n" + HANDLER.format("[GREETING, Gem.loaded_specs.key?('greeter')]")
    environment = run(source, {"GEM_PATH": str(gems)}, files)
    assert environment.invoke({}).json == ["hello", True]


def test_libraries_that_were_loaded_at_the_start(run):
    options = {"RUBYOPT": "-rlogger -ruri -rtime -rrubygems"}
    body = "Logger.new($stdout).info('x')\n[URI('http://x/y').path, Time.parse('2026-01-02').day]"
    answer = run(body, options).invoke({})
    assert answer.json == ["/y", 2]
    assert [log.text.endswith(" -- : x\n") for log in answer.logs] == [True]


def test_rubygems_is_not_loaded_without_need(run):
    body = "$LOADED_FEATURES.grep(%r{/(rubygems|logger|net/http)\\.rb$})"
    assert run(body).invoke({}).json == []


def test_rubylib(run, tmp_path):
    files = {"extra/helper.rb": "HELP = 1\n"}
    source = "require 'helper'\n" + HANDLER.format("[HELP, $LOAD_PATH[1]]")
    environment = run(source, {"RUBYLIB": f"{tmp_path}/extra"}, files)
    assert environment.invoke({}).json == [1, environment.variables["LAMBDA_TASK_ROOT"]]


def test_encodings(run):
    body = "[ENV['NAME'].encoding, ENV['NAME'] + 'é', Encoding.default_external, ENV['LC_ALL']]"
    answer = run(body, {"NAME": "naïve"}).invoke({})
    assert answer.json == ["UTF-8", "naïveé", "UTF-8", None]


def test_forked_child_stays_off_the_channel(run):
    body = "pid = fork { puts 'from the child'; exit!(0) }\nProcess.wait(pid)\n$?.exitstatus"
    environment = run(body)
    answer = environment.invoke({})
    assert (answer.json, answer.logs) == (0, [])
    assert environment.read_output() == "from the child\n"


def test_log_in_a_signal_handler(run):
    body = "Signal.trap(:USR1) { puts 'caught' }\nProcess.kill(:USR1, Process.pid)\n1"
    environment = run(body)
    assert environment.invoke({}).json == 1
    assert environment.read_output() == "caught\n"


def test_threads_log_whole_frames(run):
    body = "4.times.map { |i| Thread.new { 50.times { puts i.to_s * 5000 } } }.each(&:join)\n1"
    answer = run(body).invoke({})
    assert len(answer.logs) == 200
    assert all(len(set(log.text)) == 2 for log in answer.logs)
