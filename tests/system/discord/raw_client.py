"""Starts tutti-sim and talks to it by hand: REST, control routes, and a WebSocket that can also misbehave.

Standard library only, and nothing of tutti: what is wrong in one must not be wrong in the other.
"""
import base64
import ctypes
import http.client
import json
import os
import select
import signal
import socket
import struct
import subprocess
import time
import zlib

GUILD = 700000000000000001
CHANNEL = 720000000000000000
GENERAL, LOUNGE, MUSIC, SMALL, LOCKED, STAGE, HIDDEN = (CHANNEL + slot for slot in range(7))
BOT = 800000000000000001
USER = 900000000000000001
INTENTS = 129
AGENT = "DiscordBot (https://example.org, 1)"
LIBC = ctypes.CDLL(None)


class Simulator:
    """One tutti-sim on free ports."""

    def __init__(self, *arguments, fast=True):
        binary = os.environ.get("TUTTI_SIM_BIN")
        if not binary:
            raise RuntimeError("TUTTI_SIM_BIN must name the tutti-sim program (ctest sets it)")
        command = [binary, "--discord", "127.0.0.1:0", "--control", "127.0.0.1:0", *arguments]
        self.process = subprocess.Popen(command + (["--fast"] if fast else []), stdout=subprocess.PIPE,
                                        preexec_fn=lambda: LIBC.prctl(1, signal.SIGKILL))
        line = self.process.stdout.readline()
        if not line:
            raise AssertionError(f"tutti-sim ended with {self.process.wait(10)}")
        self.addresses = json.loads(line)
        self.discord = self.addresses["discord"]

    def close(self):
        self.process.terminate()
        try:
            code = self.process.wait(10)
        finally:
            self.process.kill()
            self.process.stdout.close()
        assert code == 0, f"tutti-sim ended with {code}"

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def control(self, method, path, body=None, timeout=20, expect=None):
        status, _, text = request(self.addresses["control"], method, path, body, timeout=timeout)
        answer = json.loads(text)
        if expect is not None:
            assert status == expect, (method, path, status, answer)
            return answer
        assert status < 400, (method, path, status, answer)
        return answer

    def rest(self, method, path, body=None, token="sim-token", headers=None, raw=None):
        """Status, headers, body as JSON (or text)."""
        fields = {"User-Agent": AGENT}
        if token:
            fields["Authorization"] = "Bot " + token
        fields.update(headers or {})
        status, answered, text = request(self.discord, method, "/api/v10" + path, body, fields, raw=raw)
        parsed = json.loads(text) if answered.get("content-type") == "application/json" else text
        return status, answered, parsed

    def fault(self, fault, **more):
        return self.control("POST", "/sim/faults", {"service": "discord", "fault": fault, **more})

    def heal(self):
        self.control("DELETE", "/sim/faults")

    def summary(self):
        return self.control("GET", "/sim/summary")

    def breaches(self, kind):
        return self.summary()["breaches"].get(kind, 0)

    def log(self, event=None):
        events = self.control("GET", "/sim/log?limit=50000")["events"]
        return [one for one in events if event in (None, one["event"])]

    def interact(self, body, user=USER, expect=None, timeout=20):
        return self.control("POST", f"/sim/users/{user}/interactions", {"guildId": str(GUILD), **body}, timeout, expect)

    def move(self, user, channel, guild=GUILD):
        body = {"channelId": None if channel is None else str(channel)}
        return self.control("PUT", f"/sim/guilds/{guild}/voice/{user}", body)

    def gateway(self, query="?v=10&encoding=json", path="/", **more):
        return Gateway(self.discord, path + query, **more)


def request(base, method, path, body=None, headers=None, timeout=20, raw=None):
    host = base.removeprefix("http://")
    connection = http.client.HTTPConnection(host, timeout=timeout)
    try:
        fields = dict(headers or {})
        data = raw
        if body is not None:
            data = json.dumps(body).encode()
            fields.setdefault("Content-Type", "application/json")
        connection.request(method, path, data, fields)
        answer = connection.getresponse()
        text = answer.read().decode()
        return answer.status, {k.lower(): v for k, v in answer.getheaders()}, text
    finally:
        connection.close()


def wait_for(condition, what, seconds=15.0, pause=0.02):
    until = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > until:
            raise AssertionError(f"not within {seconds} s: {what}")
        time.sleep(pause)


class Closed(Exception):
    """The server has ended the connection. `code` 1006: without a close frame."""

    def __init__(self, code):
        super().__init__(f"closed with {code}")
        self.code = code


class Gateway:
    """A gateway connection. Reads nothing by itself."""

    def __init__(self, base, target, agent=AGENT, hello=True):
        host, port = base.removeprefix("http://").split(":")
        self.socket = socket.create_connection((host, int(port)), 10)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.inflate = zlib.decompressobj() if "zlib-stream" in target else None
        self.buffer = b""
        self.seq = None
        self.session = None
        self.seen = []  # dispatches, oldest first
        key = base64.b64encode(os.urandom(16)).decode()
        self.socket.sendall((f"GET {target} HTTP/1.1\r\nHost: {host}:{port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                             f"User-Agent: {agent}\r\nSec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n\r\n").encode())
        while b"\r\n\r\n" not in self.buffer:
            self._fill(time.monotonic() + 10)
        head, self.buffer = self.buffer.split(b"\r\n\r\n", 1)
        assert b" 101 " in head.split(b"\r\n")[0], head
        self.hello = self.expect_op(10)["d"] if hello else None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.drop()

    def _fill(self, until):
        ready, _, _ = select.select([self.socket], [], [], max(0, until - time.monotonic()))
        if not ready:
            raise TimeoutError("nothing came")
        try:
            data = self.socket.recv(1 << 20)
        except ConnectionResetError:
            data = b""
        if not data:
            raise Closed(1006)
        self.buffer += data

    def _take(self, count, until):
        while len(self.buffer) < count:
            self._fill(until)
        out, self.buffer = self.buffer[:count], self.buffer[count:]
        return out

    def read_message(self, seconds=10):
        """Opcode and payload of the next message."""
        until = time.monotonic() + seconds
        while len(self.buffer) < 2:
            self._fill(until)
        first, size = self.buffer[0], self.buffer[1]
        self._take(2, until)
        assert first & 0x80, "the server does not fragment"
        if size == 126:
            size = struct.unpack(">H", self._take(2, until))[0]
        elif size == 127:
            size = struct.unpack(">Q", self._take(8, until))[0]
        payload = self._take(size, until)
        if first & 0xF == 8:
            code = struct.unpack(">H", payload[:2])[0] if size >= 2 else 1005
            self._frame(8, payload[:2])
            raise Closed(code)
        return first & 0xF, payload

    def read(self, seconds=10):
        kind, payload = self.read_message(seconds)
        if self.inflate:
            assert kind == 2 and payload.endswith(b"\x00\x00\xff\xff"), (kind, payload[-4:])
            payload = self.inflate.decompress(payload)
        elif kind == 2:
            payload = zlib.decompress(payload)
        frame = json.loads(payload)
        if frame["op"] == 0:
            self.seq = frame["s"]
            self.seen.append(frame)
        return frame

    def expect_op(self, op, seconds=10):
        """The next frame but for dispatches."""
        until = time.monotonic() + seconds
        while True:
            frame = self.read(max(0.01, until - time.monotonic()))
            if frame["op"] == op:
                return frame
            assert frame["op"] == 0, (op, frame)

    def event(self, name, seconds=10):
        """The `d` of the next dispatch of this name; others are passed over."""
        until = time.monotonic() + seconds
        while True:
            frame = self.read(max(0.01, until - time.monotonic()))
            if frame["op"] == 0 and frame["t"] == name:
                return frame["d"]

    def silent(self, seconds=0.4):
        """What comes meanwhile."""
        out = []
        until = time.monotonic() + seconds
        try:
            while True:
                out.append(self.read(max(0.01, until - time.monotonic())))
        except TimeoutError:
            return out

    def close_code(self, seconds=15):
        """Reads on until the server closes."""
        until = time.monotonic() + seconds
        try:
            while True:
                self.read_message(max(0.01, until - time.monotonic()))
        except Closed as end:
            self.socket.close()
            return end.code

    def _frame(self, opcode, payload):
        size = len(payload)
        length = (struct.pack(">B", 0x80 | size) if size < 126 else
                  struct.pack(">BH", 0xFE, size) if size < 65536 else struct.pack(">BQ", 0xFF, size))
        mask = os.urandom(4)
        masked = bytes(b ^ mask[i % 4] for i, b in enumerate(payload))
        self.socket.sendall(bytes([0x80 | opcode]) + length + mask + masked)

    def send(self, op, d=None):
        self.send_text(json.dumps({"op": op, "d": d}))

    def send_text(self, text):
        self._frame(1, text.encode() if isinstance(text, str) else text)

    def send_binary(self, data):
        self._frame(2, data)

    def close(self, code):
        """With a close frame; waits for the server's."""
        self._frame(8, struct.pack(">H", code))
        return self.close_code()

    def drop(self):
        self.socket.close()

    def identify(self, shard=(0, 1), token="sim-token", intents=INTENTS, **more):
        d = {"token": token, "intents": intents, "shard": shard and list(shard),
             "properties": {"os": "linux", "browser": "raw", "device": "raw"}, **more}
        self.send(2, {k: v for k, v in d.items() if v is not None})

    def login(self, guilds=1, **more):
        """Identify until all GUILD_CREATEs are here; READY's `d`."""
        self.identify(**more)
        ready = self.event("READY")
        self.session = ready["session_id"]
        self.guilds = [self.event("GUILD_CREATE") for _ in range(guilds)]
        return ready

    def resume(self, session, seq, token="sim-token"):
        self.session = session
        self.send(6, {"token": token, "session_id": session, "seq": seq})

    def beat(self):
        self.send(1, self.seq)
        return self.expect_op(11)

    def beat_for(self, seconds):
        """Waits, and stays alive."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            self.beat()
            time.sleep(min(0.5, max(0, until - time.monotonic())))

    def join(self, channel, guild=GUILD, mute=False):
        self.send(4, {"guild_id": str(guild), "channel_id": None if channel is None else str(channel),
                      "self_mute": mute, "self_deaf": True})

    def joined(self, channel, guild=GUILD):
        """Joins; VOICE_STATE_UPDATE, VOICE_SERVER_UPDATE, and which came first."""
        self.join(channel, guild)
        got = {}
        while len(got) < 2:
            frame = self.read()
            if frame["op"] == 0 and frame["t"] in ("VOICE_STATE_UPDATE", "VOICE_SERVER_UPDATE"):
                got.setdefault(frame["t"], frame["d"])
        return got["VOICE_STATE_UPDATE"], got["VOICE_SERVER_UPDATE"], next(iter(got))
