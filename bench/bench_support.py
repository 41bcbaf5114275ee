# SPDX-License-Identifier: Apache-2.0
"""What the benchmarks share: a daemon of their own and the load generator."""
import base64
import http.client
import io
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import zipfile

CLEAN = {"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8"}


def zip_of(name, data, mode=0o644):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        info = zipfile.ZipInfo(name)
        info.external_attr = (0o100000 | mode) << 16
        archive.writestr(info, data)
    return base64.b64encode(out.getvalue()).decode()


class Daemon:
    def __init__(self, build, extra=()):
        self.build, self.extra = build, extra
        self.state = tempfile.mkdtemp(prefix="lambd-bench-")
        os.chmod(self.state, 0o755)
        self.start()

    def start(self):
        start = time.monotonic()
        self.process = subprocess.Popen(
            [f"{self.build}/src/server/lambd-server", "--listen", "127.0.0.1:0", "--state-dir", f"{self.state}/s",
             *self.extra],
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=CLEAN)
        self.port = None
        for line in self.process.stdout:
            if " on port " in line:
                self.port = int(line.split(" on port ")[1].split(",")[0])
            if line.strip() == "Ready.":
                break
        self.ready_ms = (time.monotonic() - start) * 1000
        if self.port is None:
            sys.exit("lambd did not become ready")
        self.connection = http.client.HTTPConnection("127.0.0.1", self.port)

    def call(self, method, path, body=None):
        self.connection.request(method, path, body)
        answer = self.connection.getresponse()
        return answer.status, answer.read()

    def create(self, name, runtime, handler, code, **more):
        body = json.dumps({"FunctionName": name, "Runtime": runtime, "Handler": handler, "MemorySize": 512,
                           "Role": "arn:aws:iam::000000000000:role/r", "Code": {"ZipFile": code}} | more)
        status, text = self.call("POST", "/2015-03-31/functions", body)
        if status != 201:
            sys.exit(f"create {name}: {status} {text!r}")
        while json.loads(self.call("GET", f"/2015-03-31/functions/{name}/configuration")[1])["State"] != "Active":
            pass

    def invoke(self, name):
        start = time.monotonic()
        status, text = self.call("POST", f"/2015-03-31/functions/{name}/invocations", '{"a":1}')
        taken = (time.monotonic() - start) * 1000
        if status != 200 or json.loads(text) != {"a": 1}:
            sys.exit(f"invoke {name}: {status} {text!r}")
        return taken

    def wait_for(self, what, count):
        """Until so many are there: boxesPrepared, stemCells."""
        while json.loads(self.call("GET", "/_lambd/health")[1])[what] < count:
            time.sleep(0.001)

    def resident_kb(self):
        with open(f"/proc/{self.process.pid}/status") as status:
            return int(next(line for line in status if line.startswith("VmRSS")).split()[1])

    def end(self, how=signal.SIGTERM):
        """The state stays: start() goes on with it."""
        self.connection.close()
        self.process.send_signal(how)
        self.process.wait()

    def stop(self):
        self.end()
        shutil.rmtree(self.state, ignore_errors=True)


def load(build, url, connections, seconds, body='{"a":1}', method="POST"):
    out = subprocess.run([f"{build}/bench/load", "-c", str(connections), "-d", str(seconds), "-w", "1", "-m", method,
                          *(["-b", body] if body else []), url],
                         capture_output=True, text=True, check=True).stdout
    return json.loads(out)


def ms(value):
    return f"{value:.2f} ms" if value < 100 else f"{value:.0f} ms"
