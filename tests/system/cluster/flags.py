"""Feature flags of two real nodes over one PostgreSQL."""
import json
import subprocess
import time
import unittest

from clusters import Cluster
from support import TOKEN, binary, main, note, wait_for

cluster = None


def setUpModule():
    global cluster
    cluster = Cluster("ab")
    cluster.start()
    cluster.settled()


def tearDownModule():
    cluster.close()


class Flags(unittest.TestCase):
    def get(self, node, name):
        answer = cluster.nodes[node].get("/flags/" + name)
        return answer.json() if answer.status == 200 else answer.status

    def put(self, node, name, body, status=200):
        answer = cluster.nodes[node].request("PUT", "/flags/" + name, body)
        self.assertEqual(answer.status, status, answer)
        return answer.json()

    def cached(self, node, outcome):
        return cluster.nodes[node].metrics().value("tutti_cache_requests_total", cache="flags", outcome=outcome) or 0

    def test_change_on_one_node_is_seen_on_the_other(self):
        self.assertEqual([self.get(n, "told") for n in "ab"], [404, 404])  # b keeps in mind that there is none
        worst = 0
        for version in range(1, 21):
            made = self.put("a", "told", {"enabled": version % 2 == 1, "percentage": version})
            began = time.monotonic()
            wait_for(lambda: self.get("b", "told") == made, "b's answer", 1.0, pause=0.002)
            worst = max(worst, time.monotonic() - began)
            self.assertEqual(self.get("a", "told"), made)
        note(f"seen on the other node within {worst * 1000:.0f} ms")

    def test_what_is_known_is_not_asked_for_again(self):
        self.put("a", "known", {"enabled": True})
        self.get("b", "known")
        hits, misses = (self.cached("b", o) for o in ("hit", "miss"))
        for _ in range(50):
            self.assertTrue(self.get("b", "known")["enabled"])
        self.assertEqual((self.cached("b", "hit"), self.cached("b", "miss")), (hits + 50, misses))

    def test_versions(self):
        self.put("a", "versioned", {"enabled": True, "version": 0})
        self.put("b", "versioned", {"enabled": True, "version": 0}, status=409)
        self.assertEqual(self.put("b", "versioned", {"enabled": False, "version": 1})["version"], 2)

    def test_command_line(self):
        def tutti(*words, code=0):
            node = cluster.nodes["a"]
            done = subprocess.run([binary(), "flags", *words, "--url", f"http://{node.host}:{node.port}", "--token", TOKEN],
                                  capture_output=True, text=True, timeout=30)
            self.assertEqual(done.returncode, code, done.stdout + done.stderr)
            return done.stdout

        tutti("get", "by-hand", code=1)
        tutti("set", "by-hand", "on", "--percentage", "25", "--description", "try it")
        off = json.loads(tutti("set", "by-hand", "off", "--json"))
        self.assertEqual((off["enabled"], off["percentage"], off["description"], off["version"]), (False, 25, "try it", 2))
        self.assertIn("by-hand", tutti("list"))
        self.assertIn("25 %", tutti("get", "by-hand"))
        tutti("set", "by-hand", "maybe", code=2)

    def test_without_the_database(self):
        made = self.put("a", "kept", {"enabled": True, "description": "known to both"})
        wait_for(lambda: self.get("b", "kept") == made, "b's answer", 5)
        cluster.postgres.kill()
        try:
            for node in "ab":
                began = time.monotonic()
                answer = cluster.nodes[node].request("PUT", "/flags/kept", {"enabled": False})
                self.assertEqual(answer.status, 503, answer)
                self.assertTrue(answer.header("retry-after"), answer)
                self.assertLess(time.monotonic() - began, 10)
                self.assertEqual(self.get(node, "kept"), made)
            self.assertEqual(self.get("a", "never-asked-for"), 503)
        finally:
            cluster.postgres.start()
        wait_for(lambda: cluster.nodes["a"].request("PUT", "/flags/kept", {"enabled": False}).status == 200, "a writes again", 30)
        # b's own connection may come back later, and then it looks again after 30 s at most.
        wait_for(lambda: self.get("b", "kept")["enabled"] is False, "b's answer", 40)


if __name__ == "__main__":
    main()
