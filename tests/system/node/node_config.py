"""Mistakes in the configuration: one line each, exit 2, nothing bound."""
import os
import socket
import subprocess
import tempfile
import unittest

from support import Node, binary, main


def run(env=None, args=(), seconds=10):
    done = subprocess.run([binary(), "node", *args], env={"PATH": os.environ.get("PATH", ""), **(env or {})},
                          stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=seconds)
    return done.returncode, (done.stdout + done.stderr).splitlines()


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Mistakes(unittest.TestCase):
    def nothing_bound(self, port):
        with socket.socket() as s:
            s.bind(("127.0.0.1", port))

    def test_all_at_once(self):
        port = free_port()
        code, lines = run({"PORT": str(port), "LOG_LEVEL": "loud", "TUTTI_HTTP_RATE_LIMIT": "fast", "TUTTI_JOBS_MAX_JOBS": "0",
                           "TUTTI_HTTP_IDLE_TIMEOUT": "1", "TUTTI_JOBS_CONCURENCY": "5", "QUEUE_PROVIDER": "rabbit"})
        self.assertEqual(code, 2, lines)
        self.assertEqual(len(lines), 6, lines)
        for word in ("LOG_LEVEL", "TUTTI_HTTP_RATE_LIMIT", "TUTTI_JOBS_MAX_JOBS", "TUTTI_HTTP_IDLE_TIMEOUT",
                     "TUTTI_JOBS_CONCURENCY", "QUEUE_PROVIDER"):
            self.assertEqual(sum(word in line for line in lines), 1, (word, lines))
        self.assertTrue(any("TUTTI_JOBS_CONCURRENCY" in line for line in lines), "the near name is told")
        self.nothing_bound(port)

    def test_file(self):
        with tempfile.NamedTemporaryFile("w", suffix=".toml") as f:
            f.write("[http]\nheader_timeout = \"soon\"\nthreads = 1000\n[jobs]\nretention = 1\n[queues.a]\nrate = -1\n[nope]\n")
            f.flush()
            code, lines = run(args=("--config", f.name))
            self.assertEqual(code, 2, lines)
            self.assertEqual(len(lines), 5, lines)
            for number, line in zip((2, 3, 5, 7, 8), sorted(lines, key=lambda x: int("".join(c for c in x.split(":")[1] if c.isdigit()) or 0) if ":" in x else 0)):
                self.assertIn(f":{number}", line)
            f.seek(0)
            f.write("[http\n")
            f.flush()
            code, lines = run(args=("--config", f.name))
            self.assertEqual(code, 2)
            self.assertEqual(len(lines), 1, lines)
        code, lines = run(args=("--config", "/nowhere/cluster.toml"))
        self.assertEqual((code, len(lines)), (2, 1), lines)
        self.assertIn("/nowhere/cluster.toml", lines[0])

    def test_bad_ports(self):
        for port in ("65536", "-1", "x", "3000 ", "0x10"):
            with self.subTest(port):
                code, lines = run({"PORT": port})
                self.assertEqual((code, len(lines)), (2, 1), lines)

    def test_other_addresses_need_a_token(self):
        for address in ("0.0.0.0:0", "[::]:0", "192.0.2.1:0", "example.org:0"):
            with self.subTest(address):
                code, lines = run({"TUTTI_NODE_HTTP": address})
                self.assertEqual((code, len(lines)), (2, 1), lines)
                self.assertIn("ADMIN_API_TOKEN", lines[0])
        with Node({"TUTTI_NODE_HTTP": "0.0.0.0:0", "PORT": "0"}) as node:
            self.assertEqual(node.get("/jobs", auth=False).status, 401)
            self.assertEqual(node.get("/jobs").status, 200)

    def test_without_a_token_on_loopback(self):
        with Node(token=None) as node:
            self.assertEqual(node.get("/jobs", auth=False).status, 200)
            self.assertEqual(node.get("/jobs", auth=False, headers={"Authorization": "Bearer whatever"}).status, 200)

    def test_empty_token_is_no_token(self):
        code, lines = run({"TUTTI_NODE_HTTP": "0.0.0.0:0", "ADMIN_API_TOKEN": ""})
        self.assertEqual(code, 2, lines)

    def test_token_from_a_file(self):
        with tempfile.NamedTemporaryFile("w") as f:
            f.write("from-the-file\n")
            f.flush()
            with Node({"ADMIN_API_TOKEN_FILE": f.name}, token=None) as node:
                self.assertEqual(node.get("/jobs", auth=False).status, 401)
                node.token = "from-the-file"
                self.assertEqual(node.get("/jobs").status, 200)

    def test_secrets_in_mistakes_are_not_shown(self):
        code, lines = run({"ADMIN_API_TOKEN": "bad\ntoken-7712", "REDIS_URL": "redis://:pa55word@", "QUEUE_PROVIDER": "rabbit"})
        self.assertEqual(code, 2, lines)
        self.assertNotIn("token-7712", "\n".join(lines))
        self.assertNotIn("pa55word", "\n".join(lines))

    def test_port_in_use(self):
        with Node() as node:
            code, lines = run({"PORT": str(node.port)})
            self.assertEqual(code, 1, lines)
            self.assertEqual(len(lines), 1, lines)
            self.assertIn(str(node.port), lines[0])
            self.assertIn("in use", lines[0])
            self.assertEqual(node.get("/health").status, 200)

    def test_address_of_another_machine(self):
        code, lines = run({"TUTTI_NODE_HTTP": "192.0.2.1:3000", "ADMIN_API_TOKEN": "x" * 20})
        self.assertEqual((code, len(lines)), (1, 1), lines)
        self.assertIn("192.0.2.1:3000", lines[0])

    def test_ipv6(self):
        try:
            with socket.socket(socket.AF_INET6) as s:
                s.bind(("::1", 0))
        except OSError:
            self.skipTest("no IPv6 here")
        with Node({"TUTTI_NODE_HTTP": "[::1]:0"}, ready=False) as node:
            import re
            from support import wait_for
            port = wait_for(lambda: re.search(r"http=\S*?:(\d+)[ \"]", node.log()), "the ready line").group(1)
            node.host, node.port = "::1", int(port)
            wait_for(lambda: node.get("/ready").status == 200, "ready")
            self.assertEqual(node.stop(), 0)


if __name__ == "__main__":
    main()
