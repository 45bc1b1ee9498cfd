"""Starts nodes, talks HTTP to them over plain sockets, and holds answers against docs/openapi.yaml.

Python 3.11 with Debian's python3-yaml and python3-jsonschema. TUTTI_BIN names the program under test.
"""
import ctypes
import json
import os
import re
import select
import signal
import socket
import subprocess
import sys
import tempfile
import time
import unittest

from contract import Contract

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
TOKEN = "adm1n-t0ken-for-tests-5f2c"


def binary():
    path = os.environ.get("TUTTI_BIN")
    if not path:
        raise RuntimeError("TUTTI_BIN must name the tutti program (ctest sets it)")
    return path


def wait_for(condition, what, seconds=20.0, pause=0.02):
    """The first true value of `condition()`; fails after `seconds`."""
    until = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > until:
            raise AssertionError(f"not within {seconds} s: {what}")
        time.sleep(pause)


class Node:
    """One `tutti node` on a free port. Its environment is clean but for what the test sets."""

    def __init__(self, env=None, token=TOKEN, ready=True, files=None, port="0",
                 arguments=(), prefix=()):
        self.token = token
        self.log_file = tempfile.NamedTemporaryFile(prefix="tutti-log-")
        environment = {"PATH": os.environ.get("PATH", "")}
        if port:  # else the config says it
            environment["PORT"] = port
        if token:
            environment["ADMIN_API_TOKEN"] = token
        environment.update(env or {})
        self.process = subprocess.Popen([*prefix, binary(), "node", *arguments], env=environment, stdin=subprocess.DEVNULL,
                                        stdout=self.log_file, stderr=self.log_file,
                                        preexec_fn=lambda: prepare_child(files))
        self.pid = self.process.pid
        self.host, self.port = "127.0.0.1", None
        if ready:
            try:
                self.wait_ready()
            except BaseException:
                self.close()
                raise

    def wait_ready(self):
        def line():
            if self.process.poll() is not None:
                raise AssertionError(f"the node ended with {self.process.returncode}:\n{self.log()}")
            return re.search(r"node\.ready .*?http=(\S+):(\d+)", self.log())

        found = wait_for(line, "the ready line")
        self.host, self.port = found.group(1), int(found.group(2))
        wait_for(lambda: self.get("/ready").status == 200, "/ready")

    def log(self):
        with open(self.log_file.name, encoding="utf-8") as f:
            return f.read()

    def log_lines(self):
        """Each line as JSON: all that a node writes must be."""
        return [json.loads(line) for line in self.log().splitlines()]

    def memory(self, field="VmRSS"):
        """Bytes."""
        with open(f"/proc/{self.pid}/status", encoding="ascii") as f:
            return int(re.search(rf"^{field}:\s+(\d+) kB", f.read(), re.M).group(1)) * 1024

    def signal(self, number):
        self.process.send_signal(number)

    def wait(self, seconds=40):
        return self.process.wait(seconds)

    def stop(self, seconds=40):
        """SIGTERM; the exit code."""
        if self.process.poll() is None:
            self.signal(signal.SIGTERM)
        return self.wait(seconds)

    def close(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self.log_file.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def connect(self, timeout=15):
        return Connection(self.host, self.port, timeout)

    def request(self, method, target, body=None, headers=None, auth=True, timeout=15):
        with self.connect(timeout) as c:
            c.send(request_bytes(method, target, body, headers, self.token if auth else None,
                                 extra={"Connection": "close"}))
            return c.answer(method, target)

    def get(self, target, **more):
        return self.request("GET", target, **more)

    def post(self, target, body=None, **more):
        return self.request("POST", target, body, **more)

    def delete(self, target, **more):
        return self.request("DELETE", target, **more)

    def submit(self, type, payload=None, **fields):
        """The id of an accepted job."""
        body = {"type": type, **({} if payload is None else {"payload": payload}), **fields}
        answer = self.post("/jobs", body)
        if answer.status != 202:
            raise AssertionError(f"{body}: {answer}")
        return answer.json()["id"]

    def job(self, id):
        answer = self.get("/jobs/" + id)
        assert answer.status == 200, answer
        return answer.json()

    def wait_job(self, id, *statuses, seconds=20):
        wanted = statuses or ("succeeded", "dead", "cancelled")

        def reached():
            job = self.job(id)
            return job if job["status"] in wanted else None

        return wait_for(reached, f"job {id} {wanted}", seconds)

    def metrics(self):
        answer = self.get("/metrics")
        assert answer.status == 200, answer
        return Metrics(answer.text())


LIBC = ctypes.CDLL(None)


def prepare_child(files):
    LIBC.prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG: no node outlives a test that was killed
    if files:
        import resource
        hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(files, hard), hard))


def request_bytes(method, target, body=None, headers=None, token=None, extra=None):
    """`body`: bytes as they are, text as UTF-8, anything else as JSON with its media type."""
    fields = {"Host": "localhost"}
    fields.update(extra or {})
    if token:
        fields["Authorization"] = "Bearer " + token
    data = b""
    if body is not None:
        if isinstance(body, bytes):
            data = body
        elif isinstance(body, str):
            data = body.encode()
        else:
            data = json.dumps(body).encode()
        fields["Content-Type"] = "application/json"
        fields["Content-Length"] = str(len(data))
    for name, value in (headers or {}).items():
        fields = {k: v for k, v in fields.items() if k.lower() != name.lower()}
        if value is not None:
            fields[name] = value
    head = f"{method} {target} HTTP/1.1\r\n" + "".join(f"{k}: {v}\r\n" for k, v in fields.items())
    return head.encode("latin-1") + b"\r\n" + data


class Malformed(AssertionError):
    """The server sent something that is not HTTP."""


class Closed(ConnectionError):
    """The connection ended before an answer began."""


class Answer:
    def __init__(self, method, target, status, reason, headers, body):
        self.method, self.target, self.status, self.reason = method, target, status, reason
        self.headers, self.body = headers, body  # header names in lower case, each a list

    def header(self, name):
        values = self.headers.get(name.lower(), [])
        return values[0] if values else None

    def text(self):
        return self.body.decode("utf-8")

    def json(self):
        return json.loads(self.text())

    def pointers(self):
        return [e["pointer"] for e in self.json().get("errors", [])]

    def __repr__(self):
        return f"{self.method} {self.target[:80]} -> {self.status} {self.headers} {self.body[:600]!r}"


class Connection:
    """A strict reader: any answer that is not well-formed HTTP/1.1 raises Malformed."""

    def __init__(self, host, port, timeout=15):
        self.socket = socket.create_connection((host, port), timeout)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.buffer = b""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.socket.close()

    def send(self, data):
        self.socket.sendall(data)

    def fill(self):
        """False at the end."""
        try:
            data = self.socket.recv(262144)
        except ConnectionResetError:
            data = b""
        self.buffer += data
        return bool(data)

    def line(self):
        while b"\r\n" not in self.buffer:
            if len(self.buffer) > 65536:
                raise Malformed("an endless line")
            if not self.fill():
                if self.buffer:
                    raise Malformed(f"cut off: {self.buffer[:200]!r}")
                raise Closed("no answer")
        line, self.buffer = self.buffer.split(b"\r\n", 1)
        return line

    def exactly(self, count):
        parts, have = [self.buffer], len(self.buffer)
        while have < count:
            data = self.socket.recv(262144)
            if not data:
                raise Malformed(f"{have} bytes of {count}")
            parts.append(data)
            have += len(data)
        whole = b"".join(parts)
        self.buffer = whole[count:]
        return whole[:count]

    def head(self):
        line = self.line().decode("latin-1")
        m = re.fullmatch(r"HTTP/1\.1 ([1-5]\d\d) ([\x20-\x7e]*)", line)
        if not m:
            raise Malformed(f"status line {line!r}")
        headers = {}
        while True:
            try:
                field = self.line().decode("latin-1")
            except Closed as e:
                raise Malformed("cut off in the head") from e
            if not field:
                return int(m.group(1)), m.group(2), headers
            f = re.fullmatch(r"([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*(.*?)[ \t]*", field)
            if not f:
                raise Malformed(f"field {field!r}")
            headers.setdefault(f.group(1).lower(), []).append(f.group(2))

    def answer(self, method="GET", target=""):
        status, reason, headers = self.head()
        while status == 100:
            status, reason, headers = self.head()
        if not reason:
            raise Malformed(f"{status} without a reason phrase")
        if len(headers.get("content-length", [])) > 1 or len(headers.get("content-type", [])) > 1:
            raise Malformed(f"repeated fields {headers}")
        if method == "HEAD" or status in (204, 304):
            body = b""
        elif headers.get("transfer-encoding") == ["chunked"]:
            if "content-length" in headers:
                raise Malformed("both framings")
            body = b"".join(self.chunks())
        elif "content-length" in headers:
            body = self.exactly(int(headers["content-length"][0]))
        else:
            raise Malformed(f"no framing: {headers}")
        return Answer(method, target, status, reason, headers, body)

    def chunks(self):
        while True:
            size = int(self.line(), 16)
            if size == 0:
                self.line()
                return
            yield self.exactly(size)
            if self.line():
                raise Malformed("a chunk is longer than it says")

    def at_end(self, seconds=10):
        """True when the server ends the connection and sends nothing before."""
        self.socket.settimeout(seconds)
        try:
            return not self.fill() and not self.buffer
        except (TimeoutError, socket.timeout):
            return False

    def readable(self, seconds):
        return bool(self.buffer) or bool(select.select([self.socket], [], [], seconds)[0])


class EventStream:
    """GET /events as a list that grows."""

    def __init__(self, node, target="/events", last=None):
        self.connection = node.connect()
        headers = {} if last is None else {"Last-Event-ID": str(last)}
        self.connection.send(request_bytes("GET", target, headers=headers, token=node.token))
        self.status, _, self.headers = self.connection.head()
        self.events, self.comments, self.text = [], 0, ""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.connection.close()

    def read(self, enough, seconds=20):
        """Until `enough(events)`."""
        until = time.monotonic() + seconds
        while not enough(self.events):
            left = until - time.monotonic()
            if left <= 0 or not self.connection.readable(left):
                raise AssertionError(f"not within {seconds} s; events so far: {self.events[-5:]}")
            size = int(self.connection.line(), 16)
            if size == 0:
                raise Closed("the stream has ended")
            self.text += self.connection.exactly(size).decode()
            assert self.connection.line() == b""
            while "\n\n" in self.text:
                block, self.text = self.text.split("\n\n", 1)
                self.take(block)
        return self.events

    def take(self, block):
        event = {}
        for line in block.split("\n"):
            if line.startswith(":"):
                self.comments += 1
                continue
            name, _, value = line.partition(": ")
            if name not in ("id", "event", "data"):
                raise Malformed(f"event field {line!r}")
            event[name] = value
        if event:
            event["data"] = json.loads(event["data"])
            CONTRACT.check_schema("Missed" if event["event"] == "missed" else "Event", event["data"])
            if event["event"] != "missed":
                assert str(event["data"]["seq"]) == event["id"] and event["data"]["kind"] == event["event"], event
            self.events.append(event)


class Metrics:
    """A scrape, parsed strictly."""
    SAMPLE = re.compile(r'([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (\S+)(?: \d+)?')
    LABEL = re.compile(r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\]|\\.)*)",?')

    def __init__(self, text):
        self.types, self.samples = {}, {}
        for line in text.splitlines():
            if line.startswith("# TYPE "):
                _, _, name, kind = line.split(" ")
                assert name not in self.types, f"{name} comes twice"
                self.types[name] = kind
            elif line and not line.startswith("#"):
                m = self.SAMPLE.fullmatch(line)
                assert m, line
                labels = tuple(sorted(self.LABEL.findall(m.group(2) or "")))
                assert (m.group(1), labels) not in self.samples, line
                self.samples[m.group(1), labels] = float(m.group(3))

    def value(self, name, **labels):
        """The sum over all series that have these labels."""
        return sum(v for (n, have), v in self.samples.items()
                   if n == name and set(labels.items()) <= set(have))

    def series(self, name):
        return [dict(labels) for (n, labels) in self.samples if n == name]

    def label_values(self, name, label):
        return {s[label] for s in self.series(name) if label in s}


CONTRACT = Contract()


class Case(unittest.TestCase):
    """One node for the tests of a class: ENV is its environment."""
    ENV = {}
    AUTH = TOKEN
    maxDiff = 4000

    @classmethod
    def setUpClass(cls):
        cls.node = Node(cls.ENV, cls.AUTH)

    @classmethod
    def tearDownClass(cls):
        cls.node.close()

    def check(self, answer, status=None, server=False):
        CONTRACT.check(answer, server)
        if status is not None:
            self.assertEqual(answer.status, status, answer)
        return answer

    def call(self, method, target, body=None, status=None, server=False, **more):
        return self.check(self.node.request(method, target, body, **more), status, server)

    def assert_healthy(self):
        answer = self.call("GET", "/health", status=200)
        self.assertEqual(answer.json()["status"], "healthy", answer)


def note(text):
    """A measured figure, for people who read the log."""
    print("  " + text, file=sys.stderr, flush=True)


def main():
    unittest.main(verbosity=2)
