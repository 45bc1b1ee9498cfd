"""Nodes that share one queue in PostgreSQL: one is killed, and the server is."""
import subprocess
import time
import unittest

from stores import Postgres
from support import CONTRACT, Node, binary, main, note, wait_for


def migrate(database):
    done = subprocess.run([binary(), "migrate"], env={"DATABASE_URL": database.url}, capture_output=True, text=True,
                          timeout=60)
    if done.returncode != 0:
        raise AssertionError(done.stdout + done.stderr)


class PostgresJobs(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.database = Postgres()
        migrate(cls.database)

    @classmethod
    def tearDownClass(cls):
        cls.database.close()

    def start(self, name):
        node = Node(self.database.environment(name, TUTTI_JOBS_CONCURRENCY="4"))
        self.addCleanup(node.close)
        return node

    def test_killed_node_jobs_run_elsewhere(self):
        nodes = {name: self.start(name) for name in "ab"}
        ids = [nodes["a"].submit("diag.echo", {"n": n}) for n in range(50)]
        self.assertEqual({nodes["b"].wait_job(id)["status"] for id in ids}, {"succeeded"})
        id = nodes["a"].submit("diag.sleep", {"ms": 1500})
        name = nodes["a"].wait_job(id, "running")["node"]
        began = time.monotonic()
        nodes[name].process.kill()
        nodes[name].process.wait()
        job = nodes["b" if name == "a" else "a"].wait_job(id)
        note(f"done elsewhere after {time.monotonic() - began:.1f} s, claim TTL 2 s, run 1.5 s")
        self.assertEqual([a["outcome"] for a in job["attempts"]], ["lost", "succeeded"])

    def test_server_that_crashes_is_waited_for(self):
        node = self.start("a")
        running = node.submit("diag.sleep", {"ms": 1500})
        node.wait_job(running, "running")
        self.database.kill()
        body = {"type": "diag.echo", "payload": {"n": 2}, "idempotencyKey": "again"}
        answer = CONTRACT.check(node.post("/jobs", body, timeout=10))
        self.assertEqual(answer.status, 503, answer)
        wait_for(lambda: node.get("/health").status == 503, "unhealthy")
        self.database.start()
        wait_for(lambda: node.get("/health").json()["status"] == "healthy", "healthy again", 30)
        first, second = (node.post("/jobs", body).json() for _ in range(2))
        self.assertEqual((first["id"], second["deduplicated"]), (second["id"], True))
        for id in (running, first["id"]):
            self.assertEqual(node.wait_job(id)["status"], "succeeded")


class StartUp(unittest.TestCase):
    def test_database_without_tables_stops_the_start_with_clear_words(self):
        database = Postgres()
        self.addCleanup(database.close)
        node = Node(database.environment("a"), ready=False)
        self.addCleanup(node.close)
        self.assertEqual(node.wait(20), 1)
        self.assertIn("tutti migrate", node.log())


if __name__ == "__main__":
    main()
