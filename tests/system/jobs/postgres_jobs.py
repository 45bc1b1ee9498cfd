"""Nodes that share one queue in PostgreSQL: one is killed, and the server is."""
import time
import unittest

from stores import Postgres
from support import CONTRACT, Node, main, note, wait_for


class PostgresJobs(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.database = Postgres()
        cls.database.migrate()

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

    def test_queue_depth_agrees_with_the_database(self):
        node = self.start("a")
        node.post("/queues/default/pause")
        self.addCleanup(lambda: self.database.query("UPDATE job_queue SET paused = false"))
        for priority in ("high", "medium", "medium", "low"):
            node.submit("diag.echo", {}, priority=priority)
        depth = next(q for q in node.get("/queues").json()["items"] if q["name"] == "default")["depth"]
        counted = self.database.query("SELECT priority, count(*) FROM job WHERE queue = 'default' AND status = 1 "
                                      "GROUP BY 1 ORDER BY 1").splitlines()
        self.assertEqual(counted, ["0|1", "1|2", "2|1"])
        self.assertEqual([depth[p]["queued"] for p in ("high", "medium", "low")], [1, 2, 1])
        wait_for(lambda: node.metrics().value("tutti_queue_depth", queue="default", state="queued") == 4, "the metric")
        node.post("/queues/default/resume")
        wait_for(lambda: self.database.query("SELECT count(*) FROM job WHERE status = 1") == "0", "the jobs to end")
        wait_for(lambda: node.metrics().value("tutti_queue_depth", queue="default", state="queued") == 0, "the metric")

    def test_frozen_server_is_unhealthy_until_it_goes_on(self):
        node = self.start("a")
        check = wait_for(lambda: self.healthy(node), "healthy")
        self.assertGreater(check["latencyMs"], 0)
        self.database.freeze()
        self.addCleanup(self.database.thaw)
        began = time.monotonic()
        answer = CONTRACT.check(node.post("/jobs", {"type": "diag.echo", "idempotencyKey": "frozen"}, timeout=10))
        self.assertEqual((answer.status, bool(answer.header("retry-after"))), (503, True))
        self.assertLess(time.monotonic() - began, 6)
        self.assertEqual(node.get("/health").status, 503)
        wait_for(lambda: node.get("/health").json()["checks"]["postgres"]["status"] == "unhealthy", "unhealthy", 30)
        self.database.thaw()
        wait_for(lambda: self.healthy(node), "healthy again", 30)
        self.assertEqual(node.post("/jobs", {"type": "diag.echo", "idempotencyKey": "frozen"}).status, 202)
        self.assertEqual(len(node.get("/jobs?idempotencyKey=frozen").json()["items"]), 1)

    def healthy(self, node):
        check = node.get("/health").json()["checks"]["postgres"]
        return check["status"] == "healthy" and check["latencyMs"] > 0 and check

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
