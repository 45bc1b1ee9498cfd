"""Hostile clients against a whole node, over raw sockets. Whatever comes, answers are well-formed, the node
stays healthy, and nobody else's request is touched. TUTTI_FUZZ_SEED repeats a run of the fuzz test."""
import os
import random
import resource
import socket
import time
import unittest

from support import TOKEN, Case, Closed, Connection, Malformed, Node, main, note, request_bytes, wait_for

GET = request_bytes("GET", "/queues", token=TOKEN)
SUBMIT = request_bytes("POST", "/jobs", {"type": "diag.echo"}, token=TOKEN)


class Raw(Case):
    def exchange(self, data, half_close=True, seconds=10):
        """All answers to these bytes, until the server ends the connection or falls silent."""
        out = []
        with self.node.connect(seconds) as c:
            try:
                c.send(data)
                if half_close:
                    c.socket.shutdown(socket.SHUT_WR)
            except (BrokenPipeError, ConnectionResetError):
                pass
            try:
                while True:
                    out.append(c.answer("GET", "?"))
            except Closed:
                pass
            except (TimeoutError, socket.timeout):
                self.fail(f"silence after {[a.status for a in out]}")
        return out

    def one(self, data, status):
        answers = self.exchange(data)
        self.assertEqual([a.status for a in answers], [status], answers)
        self.assertEqual(answers[0].header("content-type"), "application/problem+json")
        self.assertEqual(answers[0].json()["status"], status)
        self.assertEqual(answers[0].header("connection"), "close")

    def post(self, fields, body=b"", version="1.1", host=True):
        return (f"POST /jobs HTTP/{version}\r\n" + ("Host: x\r\n" if host else "") + f"X-Admin-Token: {TOKEN}\r\n"
                "Content-Type: application/json\r\n" + fields + "\r\n").encode("latin-1") + body

    def jobs(self):
        return self.node.metrics().value("tutti_jobs_submitted_total")


class Framing(Raw):
    BODY = b'{"type":"diag.echo"}'

    def test_truncated_everywhere(self):
        before = self.jobs()
        for cut in range(1, len(SUBMIT)):
            for answer in self.exchange(SUBMIT[:cut]):
                self.assertIn(answer.status, (400,), (cut, answer))
        self.assertEqual(self.jobs(), before)

    def test_no_http_at_all(self):
        for data in (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\x00" * 200, b"SSH-2.0-x\r\n\r\n", b"\x00" * 5000,
                     b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", b"GET /\r\n\r\n", b"GET  / HTTP/1.1\r\n\r\n", b" GET / HTTP/1.1\r\n\r\n",
                     b"GET / HTTP/1.1\nHost: x\n\n", b"GET / HTTP/1.1\r\nHost x\r\n\r\n", b"GET / HTTP/1.1\r\n: x\r\nHost: x\r\n\r\n",
                     b"GET / HTTP/1.1\r\nHost: x\r\n folded\r\n\r\n", b"GET / HTTP/1.1\r\nHost : x\r\n\r\n", b"\xff" * 100 + b"\r\n\r\n",
                     b"GET / HTTP/1.1\r\n\r\n", b"GET / HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n", b"GET http://y/ HTTP/1.1\r\nHost: x\r\n\r\n",
                     b"GET /\x00 HTTP/1.1\r\nHost: x\r\n\r\n", b"GET / HTTP/1.1\r\nHost: x\r\nA: b\x00c\r\n\r\n", b"GET \xc3\xa4 HTTP/1.1\r\nHost: x\r\n\r\n"):
            with self.subTest(data=data[:50]):
                answers = self.exchange(data)
                self.assertEqual(len(answers), 1, answers)
                self.assertIn(answers[0].status, (400, 505), answers)
        self.one(b"GET / HTTP/3.0\r\nHost: x\r\n\r\n", 505)
        self.one(b"CONNECT x:1 HTTP/1.1\r\nHost: x\r\n\r\n", 501)
        self.one(self.post("Expect: tea\r\n"), 417)

    def test_sizes(self):
        self.one(b"GET /" + b"a" * 9000 + b" HTTP/1.1\r\nHost: x\r\n\r\n", 414)
        self.one(b"GET /" + b"a" * 100_000, 414)
        self.one(b"GET / HTTP/1.1\r\nHost: x\r\nA: " + b"a" * 20_000 + b"\r\n\r\n", 431)
        self.one(b"GET / HTTP/1.1\r\nHost: x\r\n" + b"A: b\r\n" * 200 + b"\r\n", 431)
        self.one(b"GET / HTTP/1.1\r\nHost: x\r\n" + b"A" * 100_000, 431)

    def test_content_length(self):
        for value in ("-1", "+20", "0x14", "20, 20", "20 ", "1e1", "", "18446744073709551616", "99999999999999999999999", "20\t20", "2 0", "٢٠"):
            if value == "20 ":
                continue  # white space around a value is fine
            with self.subTest(value):
                fields = "Content-Length: ".encode() + value.encode() + b"\r\n"
                answers = self.exchange(self.post("", b"").removesuffix(b"\r\n") + fields + b"\r\n" + self.BODY)
                self.assertIn([a.status for a in answers], ([400], [413]), answers)
        self.one(self.post("Content-Length: 20\r\nContent-Length: 20\r\n", self.BODY), 400)
        self.one(self.post("Content-Length: 20\r\nContent-Length: 21\r\n", self.BODY), 400)

    def test_smuggling(self):
        """Whoever disagrees with us about where a request ends gets a 400 and a closed connection."""
        before = self.jobs()
        inner = SUBMIT
        length = f"Content-Length: {len(inner)}\r\n"
        chunked = b"0\r\n\r\n"
        for fields in (length + "Transfer-Encoding: chunked\r\n", "Transfer-Encoding: chunked\r\n" + length,
                       "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n", "Transfer-Encoding: chunked, chunked\r\n",
                       "Transfer-Encoding: identity\r\n", "Transfer-Encoding: xchunked\r\n", "Transfer-Encoding: gzip, chunked\r\n",
                       "Transfer-Encoding: chunked;q=1\r\n", "Transfer-Encoding:\r\n", "Transfer-Encoding: \x0bchunked\r\n",
                       "Transfer-Encoding : chunked\r\n", " Transfer-Encoding: chunked\r\n", "X: y\r\n Transfer-Encoding: chunked\r\n",
                       "X: y\nTransfer-Encoding: chunked\r\n", "Transfer-Encoding\r\n: chunked\r\n", "Transfer-Encoding: chunked\r\n\x00: x\r\n"):
            with self.subTest(fields=fields):
                answers = self.exchange(self.post(fields, chunked + inner))
                self.assertEqual(len(answers), 1, answers)
                self.assertIn(answers[0].status, (400, 501), answers)
        answers = self.exchange(self.post("Transfer-Encoding: chunked\r\n", chunked + inner, version="1.0"))
        self.assertEqual([a.status for a in answers], [400])
        # A GET with a body: the body is not the next request.
        answers = self.exchange(request_bytes("GET", "/queues", inner, token=TOKEN))
        self.assertEqual([a.status for a in answers], [200])
        answers = self.exchange(request_bytes("GET", "/nowhere", inner, token=TOKEN) + GET)
        self.assertEqual([a.status for a in answers], [404, 200])
        self.assertEqual(self.jobs(), before)

    def test_chunks(self):
        good = self.post("Transfer-Encoding: chunked\r\n")
        pieces = b"".join(b"1\r\n" + bytes([b]) + b"\r\n" for b in self.BODY)
        answers = self.exchange(good + pieces + b"0\r\n\r\n" + GET)
        self.assertEqual([a.status for a in answers], [202, 200], answers)
        answers = self.exchange(good + b"14;a=b\r\n" + self.BODY + b"\r\n0\r\nTrailer: x\r\n\r\n" + GET)
        self.assertEqual([a.status for a in answers], [202, 200], answers)
        before = self.jobs()
        for bad in (b"-1\r\n", b"g\r\n", b"0x14\r\n", b"14\n" + self.BODY, b"14\r\n" + self.BODY + b"XX0\r\n\r\n",
                    b"ffffffffffffffffff\r\n", b"14 \x00\r\n", b"\r\n", b"15\r\n" + self.BODY + b"\r\n0\r\n\r\n",
                    b"14;" + b"a" * 20_000 + b"\r\n" + self.BODY + b"\r\n0\r\n\r\n"):
            with self.subTest(bad=bad[:30]):
                answers = self.exchange(good + bad)
                self.assertTrue(all(a.status in (400, 413, 431) for a in answers), answers)
                self.assertLessEqual(len(answers), 1)
        self.assertEqual(self.jobs(), before)

    def test_pipelined_flood(self):
        """10,000 requests in one write: all answered, in order, in bounded memory."""
        count = 10_000
        plan = [(SUBMIT, 202), (GET, 200), (request_bytes("GET", "/nowhere"), 404), (request_bytes("GET", "/live"), 200),
                (request_bytes("POST", "/jobs", "{", token=TOKEN), 400), (request_bytes("GET", "/jobs"), 401)]
        before = self.node.memory()
        import threading
        with self.node.connect() as c:
            data = b"".join(plan[n % len(plan)][0] for n in range(count))
            writer = threading.Thread(target=c.send, args=(data,))
            writer.start()
            wrong = [n for n in range(count) if c.answer().status != plan[n % len(plan)][1]]
            writer.join()
        self.assertEqual(wrong, [])
        grown = self.node.memory() - before
        note(f"10,000 pipelined requests: {grown / 2**20:+.1f} MiB resident")
        self.assertLess(grown, 24 * 2**20)

    def test_flood_that_reads_nothing(self):
        connections = []
        for _ in range(20):
            c = self.node.connect(1)
            c.socket.setblocking(False)
            connections.append(c)
        before = self.node.memory()
        big = request_bytes("GET", "/performance", token=TOKEN) * 500
        for _ in range(20):
            for c in connections:
                try:
                    c.socket.send(big)
                except BlockingIOError:
                    pass
        self.assert_healthy()
        wait_for(lambda: self.node.get("/queues").status == 200, "others are served", 10)
        grown = self.node.memory() - before
        note(f"20 clients that send and never read: {grown / 2**20:+.1f} MiB resident")
        self.assertLess(grown, 64 * 2**20)
        for c in connections:
            c.close()

    def test_half_closed_client_gets_its_answers(self):
        with self.node.connect() as c:
            c.send(SUBMIT + GET)
            c.socket.shutdown(socket.SHUT_WR)
            self.assertEqual([c.answer().status, c.answer().status], [202, 200])
            self.assertTrue(c.at_end())

    def test_clients_that_vanish(self):
        reset = lambda s: s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
        batch = request_bytes("POST", "/jobs/batch", [{"type": "diag.echo"}] * 2000, token=TOKEN)
        events = request_bytes("GET", "/events", token=TOKEN)
        for n in range(600):
            with self.node.connect() as c:
                data = (SUBMIT, GET, batch, events, GET * 50, SUBMIT[:60])[n % 6]
                c.send(data[:len(data) - (n // 6 % 2) * (n % 40)])
                if n % 3:
                    reset(c.socket)
        self.assert_healthy()
        self.node.wait_job(self.node.submit("diag.echo"))

        def all_gone():
            return len(os.listdir(f"/proc/{self.node.pid}/fd")) < 40
        wait_for(all_gone, "the sockets of clients that left to be closed")


class Slow(Raw):
    ENV = {"TUTTI_HTTP_HEADER_TIMEOUT": "400ms", "TUTTI_HTTP_BODY_TIMEOUT": "500ms", "TUTTI_HTTP_IDLE_TIMEOUT": "600ms"}

    def trickle(self, data, pause, seconds):
        """(statuses, how long it took) of a client that sends a byte at a time."""
        began = time.monotonic()
        with self.node.connect() as c:
            try:
                for b in data:
                    c.send(bytes([b]))
                    if c.readable(pause) or time.monotonic() - began > seconds:
                        break
                answer = c.answer()
            except (BrokenPipeError, ConnectionResetError, Closed):
                return None, time.monotonic() - began
            return answer.status, time.monotonic() - began

    def test_slow_head_and_body(self):
        for data, name in ((b"GET / HTTP/1.1\r\nHost: x\r\nX: " + b"a" * 500, "head"), (b"G", "one byte"),
                           (SUBMIT[:-15] + b" " * 500, "body")):
            with self.subTest(name):
                if name == "body":
                    head = request_bytes("POST", "/jobs", b" " * 500, token=TOKEN)[:-499]
                    with self.node.connect() as c:
                        began = time.monotonic()
                        c.send(head)
                        while not c.readable(0.05):
                            c.send(b" ")
                        status, took = c.answer().status, time.monotonic() - began
                else:
                    status, took = self.trickle(data, 0.05 if name == "head" else 3, 5)
                self.assertEqual(status, 408)
                self.assertLess(took, 3)

    def test_many_slow_clients_do_not_stop_others(self):
        slow = [self.node.connect() for _ in range(500)]
        for n, c in enumerate(slow):
            c.send(b"GET / HTTP/1.1\r\nX:"[:1 + n % 18])
        for _ in range(20):
            began = time.monotonic()
            self.call("GET", "/queues", status=200)
            self.assertLess(time.monotonic() - began, 1)
        for c in slow:
            self.assertEqual(c.answer().status, 408)
            c.close()

    def test_idle_connections_end(self):
        with self.node.connect() as c:
            c.send(GET)
            self.assertEqual(c.answer().status, 200)
            self.assertTrue(c.at_end(5))
        with self.node.connect() as c:
            self.assertTrue(c.at_end(5))


class ManyConnections(unittest.TestCase):
    COUNT = 10_000

    def test_idle_keep_alive(self):
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        if hard < self.COUNT + 1000:
            self.skipTest(f"needs {self.COUNT} open files, the limit is {hard}")
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        with Node({"TUTTI_HTTP_IDLE_TIMEOUT": "10m"}, files=hard) as node:
            request = request_bytes("GET", "/live")
            warm = [node.connect() for _ in range(64)]
            for c in warm:
                c.send(request)
                self.assertEqual(c.answer().status, 200)
            before = node.memory()
            connections = []
            for n in range(self.COUNT):
                c = node.connect()
                c.send(request)
                self.assertEqual(c.answer().status, 200)
                connections.append(c)
            each = (node.memory() - before) / self.COUNT
            began = time.monotonic()
            node.wait_job(node.submit("diag.echo"))
            took = time.monotonic() - began
            note(f"{self.COUNT} idle keep-alive connections: {each / 1024:.2f} KiB resident each; "
                 f"then a job from submission to result in {took * 1000:.1f} ms")
            self.assertLessEqual(each, 16 * 1024)
            self.assertLess(took, 2)
            for c in connections[::997]:
                c.send(request)
                self.assertEqual(c.answer().status, 200)
            for c in connections + warm:
                c.close()
            self.assertEqual(node.stop(), 0)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))

    def test_too_many_are_told_so(self):
        with Node({"TUTTI_HTTP_MAX_CONNECTIONS": "50"}) as node:
            held = [node.connect() for _ in range(50)]
            for c in held:
                c.send(request_bytes("GET", "/live"))
                self.assertEqual(c.answer().status, 200)
            answer = node.get("/live")
            self.assertEqual((answer.status, answer.header("content-type")), (503, "application/problem+json"))
            self.assertTrue(answer.header("retry-after"))
            for c in held:
                c.close()
            wait_for(lambda: node.get("/live").status == 200, "room again")


class Fuzz(Raw):
    SECONDS = 10

    def seeds(self):
        yield SUBMIT
        yield GET
        yield SUBMIT + GET + SUBMIT
        yield request_bytes("POST", "/jobs/batch", '{"type":"diag.echo"}\n{"type":"diag.fail","payload":{"times":0}}\n',
                            {"Content-Type": "application/x-ndjson"}, TOKEN)
        yield request_bytes("PUT", "/schedules/s", {"type": "diag.echo", "cron": "0 4 * * *", "timeZone": "UTC", "paused": True}, token=TOKEN)
        yield request_bytes("POST", "/dead-letters/retry", {"type": "diag.crash", "max": 3}, token=TOKEN)
        yield request_bytes("GET", "/jobs?status=dead&limit=3&cursor=01M5F0V3ZWQ2YB7N0T4H6K8XCD&queue=a%20b", token=TOKEN)
        yield request_bytes("GET", "/actors?sort=busy&cursor=12:2f6c6f63616c2334", token=TOKEN)
        yield request_bytes("DELETE", "/jobs/01M5F0V3ZWQ2YB7N0T4H6K8XCD", token=TOKEN)
        yield (f"POST /jobs HTTP/1.1\r\nHost: x\r\nX-Admin-Token: {TOKEN}\r\nContent-Type: application/json\r\n"
               "Transfer-Encoding: chunked\r\nIdempotency-Key: \"k\"\r\ntraceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01\r\n\r\n"
               "5\r\n{\"typ\r\nf;x=y\r\ne\":\"diag.echo\"}\r\n0\r\nA: b\r\n\r\n").encode()

    def mutate(self, rng, data):
        data = bytearray(data)
        special = [b"\r\n", b"\n", b"\r", b"\0", b" ", b":", b"\xff", b"\xc3\xa4", b"%", b"%00", b"0", b"-1", b"99999999999",
                   b"\r\n\r\n", b"{", b"}", b"[", b'"', b"\\", b"chunked", b"Transfer-Encoding: chunked\r\n", b"Content-Length: 7\r\n",
                   b"Expect: 100-continue\r\n", b"Connection: close\r\n", b"Upgrade: websocket\r\n", b"../", b"1e309", b"\\ud800"]
        for _ in range(rng.randint(1, 6)):
            at = rng.randrange(len(data) + 1)
            what = rng.randrange(6)
            if what == 0 and at < len(data):
                data[at] = rng.randrange(256)
            elif what == 1:
                data[at:at] = rng.choice(special) * rng.choice((1, 1, 1, 2, 300))
            elif what == 2:
                del data[at:at + rng.randint(1, 20)]
            elif what == 3:
                to = min(len(data), at + rng.randint(1, 40))
                data[at:at] = data[at:to]
            elif what == 4 and at < len(data):
                data[at] ^= 1 << rng.randrange(8)
            elif what == 5 and rng.random() < 0.3:
                del data[at:]
        return bytes(data)

    def test_random_mutations(self):
        seed = int(os.environ.get("TUTTI_FUZZ_SEED") or random.SystemRandom().randrange(2**32))
        note(f"TUTTI_FUZZ_SEED={seed}")
        rng = random.Random(seed)
        seeds = list(self.seeds())
        memory = self.node.memory()
        until = time.monotonic() + self.SECONDS
        runs, statuses = 0, {}
        while time.monotonic() < until:
            data = self.mutate(rng, rng.choice(seeds))
            runs += 1
            with self.node.connect(5) as c:
                try:
                    c.send(data)
                    c.socket.shutdown(socket.SHUT_WR)
                except (BrokenPipeError, ConnectionResetError, OSError):
                    pass
                try:
                    for _ in range(10):
                        # Only a HEAD has an answer without a body; none of the seeds is one, a mutation may be.
                        method = "HEAD" if b"HEAD" in data else "GET"
                        status, _, headers = c.head()
                        if headers.get("content-type") == ["text/event-stream"]:
                            break
                        if status == 100:
                            continue
                        if method == "HEAD":
                            break
                        if status != 204:
                            c.exactly(int(headers["content-length"][0]))
                        statuses[status] = statuses.get(status, 0) + 1
                        if status == 500:
                            self.fail(f"seed {seed}: 500 for {data!r}")
                        if "close" in headers.get("connection", []):
                            break
                except Closed:
                    pass
                except (TimeoutError, socket.timeout):
                    self.fail(f"seed {seed}: no answer and no end for {data!r}")
                except (Malformed, KeyError) as e:
                    self.fail(f"seed {seed}: {e!r} for {data!r}")
        note(f"{runs} mutated requests: {dict(sorted(statuses.items()))}; "
             f"{(self.node.memory() - memory) / 2**20:+.1f} MiB resident")
        self.assertIsNone(self.node.process.poll())
        self.assert_healthy()
        self.node.wait_job(self.node.submit("diag.echo"))
        m = self.node.metrics()
        self.assertEqual(m.value("tutti_actor_restarts_total"), 0)


if __name__ == "__main__":
    main()
