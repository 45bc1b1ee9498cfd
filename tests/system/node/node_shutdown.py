"""SIGTERM, a second one, SIGKILL; under load."""
import re
import signal
import socket
import threading
import time
import unittest

from support import CONTRACT, TOKEN, Closed, EventStream, Malformed, Node, main, note, request_bytes, wait_for


class Load:
    """Connections that submit one job after the other until the node closes them."""

    def __init__(self, node, connections, type="diag.echo", payload=None):
        self.accepted, self.statuses, self.faults = [], {}, []
        self.lock = threading.Lock()
        self.threads = [threading.Thread(target=self.run, args=(node, type, payload)) for _ in range(connections)]
        for t in self.threads:
            t.start()

    def run(self, node, type, payload):
        data = request_bytes("POST", "/jobs", {"type": type, **({"payload": payload} if payload else {})}, token=TOKEN)
        try:
            with node.connect() as c:
                while True:
                    c.send(data)
                    answer = CONTRACT.check(c.answer("POST", "/jobs"))
                    with self.lock:
                        self.statuses[answer.status] = self.statuses.get(answer.status, 0) + 1
                        if answer.status == 202:
                            self.accepted.append(answer.json()["id"])
        except (Closed, BrokenPipeError, ConnectionResetError, ConnectionRefusedError):
            pass  # between two answers
        except (Malformed, AssertionError, OSError) as e:
            self.faults.append(repr(e))

    def join(self):
        for t in self.threads:
            t.join(30)


def succeeded(node):
    return {line["job"] for line in node.log_lines() if line["event"] == "job.succeeded"}


class UnderLoad(unittest.TestCase):
    def test_sigterm_while_32_connections_submit(self):
        with Node({"TUTTI_SHUTDOWN_DEADLINE": "15s", "LOG_LEVEL": "debug"}) as node:
            sleepers = [node.submit("diag.sleep", {"ms": 1500}) for _ in range(5)]
            later = [node.submit("diag.echo", delayMs=3600000) for _ in range(7)]
            load = Load(node, 32)
            wait_for(lambda: len(load.accepted) > 500, "load")
            began = time.monotonic()
            node.signal(signal.SIGTERM)
            wait_for(lambda: node.get("/ready").status == 503, "not ready", 1)
            note(f"not ready after {(time.monotonic() - began) * 1000:.0f} ms")
            node.signal(signal.SIGTERM)  # a second one changes nothing
            self.assertEqual(node.wait(16), 0)
            took = time.monotonic() - began
            load.join()
            self.assertEqual(load.faults, [])
            self.assertLessEqual(set(load.statuses), {202, 503})
            done = succeeded(node)
            self.assertLessEqual(set(sleepers), done, "running attempts may end")
            lost = [id for id in load.accepted + later + sleepers if id not in done]
            said = re.search(r"node\.jobs_lost unfinished=(\d+)", node.log())
            note(f"{load.statuses}, {len(done)} done, {len(lost)} unfinished, ended after {took:.1f} s")
            self.assertLessEqual(set(later), set(lost))
            self.assertEqual(int(said.group(1)), len(lost))
            self.assertIn("in_time=true", node.log())

    def test_attempt_that_does_not_end_is_handed_back(self):
        with Node({"TUTTI_SHUTDOWN_DEADLINE": "6s"}) as node:
            job = node.submit("diag.sleep", {"ms": 600000})
            node.wait_job(job, "running")
            began = time.monotonic()
            self.assertEqual(node.stop(), 0)
            self.assertLess(time.monotonic() - began, 6.5)
            self.assertIn("attempts_handed_back=1", node.log())
            self.assertIn("unfinished=1", node.log())

    def test_idle_node_ends_at_once(self):
        with Node() as node:
            idle = [node.connect() for _ in range(50)]
            began = time.monotonic()
            self.assertEqual(node.stop(), 0)
            self.assertLess(time.monotonic() - began, 2)
            self.assertNotIn("jobs_lost", node.log())
            for c in idle:
                self.assertTrue(c.at_end())
                c.close()
            with self.assertRaises(OSError):
                node.connect()

    def test_streams_end_properly(self):
        with Node() as node, EventStream(node) as stream:
            node.wait_job(node.submit("diag.echo"))
            node.signal(signal.SIGTERM)
            with self.assertRaises(Closed):
                stream.read(lambda e: False, 10)
            self.assertEqual(node.wait(), 0)

    def test_a_client_that_never_reads_does_not_hold_it_up(self):
        with Node({"TUTTI_SHUTDOWN_DEADLINE": "10s"}) as node:
            with node.connect() as c:
                c.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
                c.socket.setblocking(False)
                try:
                    for _ in range(500):
                        c.socket.send(request_bytes("GET", "/performance", token=TOKEN) * 20)
                except BlockingIOError:
                    pass
                self.assertEqual(node.stop(12), 0)

    def test_sigint_does_the_same(self):
        with Node() as node:
            node.signal(signal.SIGINT)
            self.assertEqual(node.wait(), 0)

    def test_many_signals_at_once(self):
        with Node({"TUTTI_SHUTDOWN_DEADLINE": "8s"}) as node:
            node.submit("diag.sleep", {"ms": 1000})
            for _ in range(20):
                node.signal(signal.SIGTERM)
                node.signal(signal.SIGINT)
                node.signal(signal.SIGPIPE)
            self.assertEqual(node.wait(), 0)


class Killed(unittest.TestCase):
    def test_sigkill_and_restart_on_the_same_port(self):
        with Node() as node:
            port = node.port
            held = [node.connect() for _ in range(20)]
            load = Load(node, 8)
            wait_for(lambda: len(load.accepted) > 50, "load")
            node.signal(signal.SIGKILL)
            self.assertEqual(node.wait(), -signal.SIGKILL)
            with Node({"PORT": str(port)}) as again:
                self.assertEqual(again.port, port)
                again.wait_job(again.submit("diag.echo"))
                self.assertEqual(again.stop(), 0)
            load.join()
            self.assertEqual([f for f in load.faults if "cut off" not in f], [])
            for c in held:
                c.close()


class Starting(unittest.TestCase):
    def test_ready_means_ready(self):
        """From the first 200 of /ready on no submission is refused."""
        for _ in range(10):
            with Node(ready=False) as node:
                def line():
                    m = re.search(r"node\.ready .*?http=(\S+):(\d+)", node.log())
                    return m and int(m.group(2))
                node.port = wait_for(line, "the ready line", pause=0.001)
                wait_for(lambda: node.get("/ready").status == 200, "ready", pause=0)
                self.assertEqual(node.post("/jobs", {"type": "diag.echo"}).status, 202)
                self.assertEqual(node.get("/health").json()["status"], "healthy")


if __name__ == "__main__":
    main()
