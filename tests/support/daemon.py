# SPDX-License-Identifier: Apache-2.0
"""A real lambd daemon under test: its own port and state directory, watched for sanitizer reports."""
import json
import os
import pathlib
import queue
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time

READY_SECONDS = 60  # a bound, not a wait: with sanitizers on a busy machine a start takes a few seconds
STOP_SECONDS = 60
LOG_SECONDS = 30


def free_port():
    with socket.socket() as probe:
        probe.bind(('127.0.0.1', 0))
        return probe.getsockname()[1]


class Daemon:
    """Start, kill, restart and stop one daemon. The state directory lives as long as this object."""

    def __init__(self, program, uid=None):
        self.program = pathlib.Path(program)
        self.uid = uid  # None: as who we are
        # The daemon gives up root and must still reach this, which pytest's own folders (mode 700) would prevent.
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix='lambd-test-'))
        self.folder.chmod(0o755)
        self.state_dir = self.folder / 'state'
        self.reports = self.folder / 'sanitizer'
        self.reports.mkdir()
        self.reports.chmod(0o777)
        if uid is not None:
            os.chown(self.folder, uid, uid)
        self.port = free_port()
        self.variables = {}  # of its environment, besides the usual ones
        self.process = None
        self.output = []  # lines of stdout and stderr

    @property
    def endpoint(self):
        return f'http://127.0.0.1:{self.port}'

    def command(self, *options, port=None, state_dir=None):
        command = [str(self.program), 'serve', '--listen', f'127.0.0.1:{port or self.port}',
                   '--state-dir', str(state_dir or self.state_dir), *options]
        return self.as_user(command)

    def as_user(self, command):
        if self.uid is None:
            return command
        return ['setpriv', f'--reuid={self.uid}', f'--regid={self.uid}', '--clear-groups', *command]

    def doctor(self):
        """{check: state}: what lambd doctor says to the user that this daemon runs as."""
        done = subprocess.run(self.as_user([str(self.program), 'doctor', '--json']), env=self.environment(), text=True,
                              stdout=subprocess.PIPE, check=False)
        return {check['id']: check['state'] for check in json.loads(done.stdout)['checks']}

    def environment(self):
        env = {k: v for k, v in os.environ.items() if not k.startswith(('AWS_', 'LAMBD_', 'XDG_'))}
        log = f'log_path={self.reports}/report'
        env['ASAN_OPTIONS'] = f'{log}:exitcode=99:detect_stack_use_after_return=0'
        env['UBSAN_OPTIONS'] = f'{log}:print_stacktrace=1:halt_on_error=1:exitcode=99'
        env['HOME'] = str(self.folder)
        return env | self.variables

    def start(self, *options):
        """Start and wait for the line Ready."""
        assert self.process is None
        self.output = []
        self.process = subprocess.Popen(
            self.command(*options), env=self.environment(), stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors='replace')
        lines = queue.Queue()
        threading.Thread(target=self._read, args=(self.process.stdout, lines), daemon=True).start()
        while True:
            try:
                line = lines.get(timeout=READY_SECONDS)
            except queue.Empty:
                self.kill()
                raise AssertionError(f'no Ready. within {READY_SECONDS} s:\n{self.text()}') from None
            if line is None:
                status = self.process.wait()
                self.process = None
                raise AssertionError(f'lambd serve ended with {status} instead of getting ready:\n'
                                     f'{self.text()}\n{self.sanitizer_text()}')
            if line.strip() == 'Ready.':
                return self

    def _read(self, stream, lines):
        for line in stream:
            self.output.append(line)
            lines.put(line)
        lines.put(None)

    def text(self):
        return ''.join(self.output)

    def check_alive(self):
        status = self.process.poll()
        assert status is None, f'the daemon died with {status}:\n{self.text()}\n{self.sanitizer_text()}'

    def kill(self):
        """kill -9, the whole point of which is that nothing can be tidied up."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        self.process = None

    def stop(self):
        """SIGTERM; the exit must be clean."""
        if self.process is None:
            return
        self.process.send_signal(signal.SIGTERM)
        try:
            status = self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(f'still there {STOP_SECONDS} s after SIGTERM:\n{self.text()}') from None
        self.process = None
        assert status == 0, f'exit code {status} after SIGTERM:\n{self.text()}\n{self.sanitizer_text()}'

    def restart(self, *options):
        self.stop()
        return self.start(*options)

    def run_to_end(self, *options, **changes):
        """Run a daemon that is expected to refuse: (exit code, output)."""
        done = subprocess.run(self.command(*options, **changes), env=self.environment(), text=True,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              timeout=READY_SECONDS, check=False)
        return done.returncode, done.stdout

    def log_events(self, name):
        """[(time, stream, message)]: what the log file of the function of that name holds by now."""
        events = []
        for path in (self.state_dir / 'logs').rglob(f'{name}.log'):
            for line in path.read_bytes().decode(errors='replace').split('\n')[:-1]:
                if line.startswith('\t'):
                    events[-1][2] += '\n' + line[1:]
                else:
                    events.append(line.split('\t', 2))
        return [tuple(event) for event in events]

    def wait_for_log(self, word):
        """Wait until a function's log file holds a word; the file's text."""
        end = time.monotonic() + LOG_SECONDS
        while time.monotonic() < end:
            for path in (self.state_dir / 'logs').rglob('*.log'):
                text = path.read_text(errors='replace')
                if word in text:
                    return text
            time.sleep(0.02)  # polling for an event in a file, bounded
        raise AssertionError(f'{word!r} is in no log file below {self.state_dir}')

    def sanitizer_text(self):
        return '\n'.join(f'{path.name}:\n{path.read_text(errors="replace")}'
                         for path in sorted(self.reports.iterdir()))

    def close(self):
        """Stop, look for sanitizer reports, remove the state directory."""
        try:
            self.stop()
            reports = self.sanitizer_text()
            assert not reports, f'sanitizer reports:\n{reports}'
        finally:
            if self.process is not None:
                self.kill()
            shutil.rmtree(self.folder, ignore_errors=True)
