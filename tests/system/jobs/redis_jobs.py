"""Nodes that share one queue in Redis: one is killed, Redis is killed, frozen, full."""
import threading
import time
import unittest

from stores import Redis
from support import CONTRACT, Closed, Malformed, Node, main, note, wait_for


def outcomes(job):
    return [a["outcome"] for a in job["attempts"]]


class TwoNodes(unittest.TestCase):
    def setUp(self):
        self.redis = Redis()
        self.addCleanup(self.redis.close)
        self.nodes = {name: self.start(name, TUTTI_JOBS_CONCURRENCY="4") for name in "ab"}

    def start(self, name, **env):
        node = Node(self.redis.environment(name, **env))
        self.addCleanup(node.close)
        return node

    def other(self, name):
        return self.nodes["b" if name == "a" else "a"]

    def test_both_work_and_see_the_same(self):
        ids = [self.nodes["a"].submit("diag.sleep", {"ms": 20}) for _ in range(100)]
        done = [self.nodes["b"].wait_job(id) for id in ids]
        self.assertEqual({job["status"] for job in done}, {"succeeded"})
        self.assertEqual({job["attempt"] for job in done}, {1})
        self.assertEqual({job["node"] for job in done}, {"a", "b"})
        queue = self.nodes["b"].get("/queues").json()["items"][0]
        self.assertEqual(queue["depth"]["medium"]["succeeded"], 100)
        self.assertEqual(sum(int(self.redis.cli("XLEN", f"tutti:jobs:s:{p}:default")) for p in range(3)), 0)

    def test_queue_depth_agrees_with_redis(self):
        self.nodes["a"].post("/queues/default/pause")
        for priority in ("high", "medium", "medium", "low"):
            self.nodes["a"].submit("diag.echo", {}, priority=priority)
        depth = self.nodes["b"].get("/queues").json()["items"][0]["depth"]
        for number, (name, count) in enumerate([("high", 1), ("medium", 2), ("low", 1)]):
            self.assertEqual(depth[name]["queued"], count)
            self.assertEqual(self.redis.cli("XLEN", f"tutti:jobs:s:{number}:default"), str(count))
        wait_for(lambda: self.nodes["b"].metrics().value("tutti_queue_depth", queue="default", state="queued") == 4,
                 "the metric")

    def test_killed_node_jobs_run_elsewhere(self):
        id = self.nodes["a"].submit("diag.sleep", {"ms": 1500})
        name = self.nodes["a"].wait_job(id, "running")["node"]
        began = time.monotonic()
        self.nodes[name].process.kill()
        self.nodes[name].process.wait()
        job = self.other(name).wait_job(id)
        note(f"done elsewhere after {time.monotonic() - began:.1f} s, claim TTL 2 s, run 1.5 s")
        self.assertEqual((job["status"], outcomes(job)), ("succeeded", ["lost", "succeeded"]))
        self.assertNotEqual(job["attempts"][0]["node"], job["attempts"][1]["node"])

    def test_job_that_outlives_three_nodes_is_poison(self):
        id = self.nodes["a"].submit("diag.sleep", {"ms": 60000})
        for n in range(3):
            name = wait_for(lambda: self.running_on(id), "the job to run", 20)
            self.nodes[name].process.kill()
            self.nodes[name].process.wait()
            if n < 2:
                self.nodes[name] = self.start(name)
        job = wait_for(lambda: self.final(id), "the job's end", 20)
        self.assertEqual((job["status"], job["error"]["kind"]), ("dead", "poison"))

    def running_on(self, id):
        """The living node that runs it."""
        for node in self.nodes.values():
            if node.process.poll() is None:
                job = node.job(id)
                name = job["node"]
                return name if job["status"] == "running" and self.nodes[name].process.poll() is None \
                    and len(job["attempts"]) == job["attempt"] and self.fresh(job, name) else None

    def fresh(self, job, name):
        """Begun by this process of that name, not by one before it."""
        return self.nodes[name].log_lines()[0]["time"] <= job["startedAt"]

    def final(self, id):
        for node in self.nodes.values():
            if node.process.poll() is None:
                job = node.job(id)
                return job if job["status"] in ("succeeded", "dead", "cancelled") else None

    def test_cancel_reaches_the_node_that_runs_it(self):
        id = self.nodes["a"].submit("diag.sleep", {"ms": 60000})
        name = self.nodes["a"].wait_job(id, "running")["node"]
        answer = self.other(name).delete("/jobs/" + id)
        self.assertEqual(answer.status, 202, answer)
        self.other(name).wait_job(id, "cancelled", seconds=5)


class RedisFaults(unittest.TestCase):
    def setUp(self):
        self.redis = Redis()
        self.addCleanup(self.redis.close)
        self.node = Node(self.redis.environment("a"))
        self.addCleanup(self.node.close)

    def refused(self, body):
        answer = CONTRACT.check(self.node.post("/jobs", body, timeout=10))
        self.assertEqual(answer.status, 503, answer)
        self.assertTrue(answer.header("retry-after"))

    def healthy(self):
        return self.node.get("/health").json()["status"] == "healthy"

    def test_health_shows_the_latency(self):
        check = wait_for(lambda: self.node.get("/health").json()["checks"]["redis"]["latencyMs"] > 0
                         and self.node.get("/health").json()["checks"]["redis"], "a latency")
        self.assertEqual((check["status"], check["critical"]), ("healthy", True))
        self.assertIn("version", check["detail"])

    def test_killed_and_restarted(self):
        runs_on = self.node.submit("diag.sleep", {"ms": 1500})
        self.node.wait_job(runs_on, "running")
        waits = self.node.submit("diag.echo", {"n": 1}, delayMs=4000)
        self.redis.kill()
        body = {"type": "diag.echo", "payload": {"n": 2}, "idempotencyKey": "again"}
        self.refused(body)
        wait_for(lambda: self.node.get("/health").status == 503, "unhealthy")
        checks = self.node.get("/health").json()["checks"]
        self.assertEqual(checks["redis"]["status"], "unhealthy")
        self.assertEqual(self.node.get("/jobs/" + waits).status, 503)
        time.sleep(1.5)  # the attempt ends while there is no server to tell
        self.redis.start()
        wait_for(self.healthy, "healthy again")
        first = self.node.post("/jobs", body).json()
        second = self.node.post("/jobs", body).json()
        self.assertEqual((first["id"], second["deduplicated"]), (second["id"], True))
        for id in (runs_on, waits, first["id"]):
            self.assertEqual(self.node.wait_job(id)["status"], "succeeded")
        self.assertEqual(self.node.job(runs_on)["attempt"], 1)

    def test_frozen_server_answers_503_in_time(self):
        self.redis.freeze()
        began = time.monotonic()
        self.refused({"type": "diag.echo", "idempotencyKey": "k"})
        self.assertLess(time.monotonic() - began, 6)
        wait_for(lambda: self.node.get("/health").json()["checks"]["redis"]["status"] == "unhealthy", "unhealthy")
        self.redis.thaw()
        wait_for(self.healthy, "healthy again")
        self.assertEqual(self.node.post("/jobs", {"type": "diag.echo", "idempotencyKey": "k"}).status, 202)
        jobs = self.node.get("/jobs?idempotencyKey=k").json()["items"]
        self.assertEqual(len(jobs), 1)

    def test_out_of_memory_drains(self):
        running = [self.node.submit("diag.sleep", {"ms": 700}) for _ in range(5)]
        queued = [self.node.submit("diag.echo", {"text": "x" * 1000}) for _ in range(20)]
        scheduled = self.node.submit("diag.echo", {}, delayMs=3600000)
        self.redis.cli("CONFIG", "SET", "maxmemory", "1mb")
        self.refused({"type": "diag.echo", "idempotencyKey": "full"})
        for id in running + queued:
            self.assertEqual(self.node.wait_job(id)["status"], "succeeded")
        self.assertEqual(self.node.delete("/jobs/" + scheduled).status, 200)
        self.redis.cli("CONFIG", "SET", "maxmemory", "0")
        self.node.wait_job(self.node.submit("diag.echo", {}, idempotencyKey="full"), "succeeded")

    def test_flushed_scripts_are_loaded_again(self):
        self.node.wait_job(self.node.submit("diag.echo"), "succeeded")
        self.redis.cli("SCRIPT", "FLUSH", "SYNC")
        self.node.wait_job(self.node.submit("diag.echo"), "succeeded")

    def test_read_only_server_refuses(self):
        self.redis.cli("REPLICAOF", "127.0.0.1", "1")
        self.refused({"type": "diag.echo"})
        wait_for(lambda: self.node.get("/health").status == 503, "unhealthy")
        self.redis.cli("REPLICAOF", "NO", "ONE")
        wait_for(self.healthy, "healthy again")
        self.node.wait_job(self.node.submit("diag.echo"), "succeeded")

    def test_killed_under_load_loses_nothing_accepted(self):
        accepted, keys = {}, {}
        stop = threading.Event()

        def submit(worker):
            n = 0
            while not stop.is_set():
                n += 1
                key = f"{worker}-{n}"
                for _ in range(200):  # the same key until it is accepted
                    try:
                        answer = self.node.post("/jobs", {"type": "diag.echo", "payload": {"key": key},
                                                          "idempotencyKey": key})
                    except (OSError, Closed, Malformed):
                        continue
                    if answer.status == 202:
                        accepted[key] = answer.json()["id"]
                        break
                    keys[key] = answer.status
                    time.sleep(0.05)

        threads = [threading.Thread(target=submit, args=(w,)) for w in range(4)]
        for t in threads:
            t.start()
        for _ in range(3):
            time.sleep(0.7)
            self.redis.kill()
            self.redis.start()
            wait_for(self.healthy, "healthy again")
        stop.set()
        for t in threads:
            t.join()
        self.assertGreater(len(accepted), 50)
        self.assertTrue(set(keys.values()) <= {503}, keys)
        for key, id in accepted.items():
            job = self.node.wait_job(id)
            self.assertEqual((job["status"], job["result"]), ("succeeded", {"key": key}))
        listed, cursor = [], ""
        while cursor is not None:
            page = self.node.get("/jobs?limit=500" + cursor).json()
            listed += [job["idempotencyKey"] for job in page["items"]]
            cursor = page["nextCursor"] and "&cursor=" + page["nextCursor"]
        self.assertEqual(len(listed), len(set(listed)), "one key, two jobs")
        note(f"{len(accepted)} accepted, {len(keys)} keys were refused at first")


class StartUp(unittest.TestCase):
    def test_wrong_password_stops_the_start_with_clear_words(self):
        with Redis("--requirepass", "s3cret") as redis:
            redis_url = redis.url.replace("redis://", "redis://:wr0ng@")
            node = Node({**redis.environment("a"), "REDIS_URL": redis_url}, ready=False)
            try:
                self.assertEqual(node.wait(20), 1)
                self.assertIn("cannot start: redis:", node.log())
                self.assertNotIn("wr0ng", node.log())
            finally:
                node.close()

    def test_server_that_comes_later_is_waited_for(self):
        with Redis() as redis:
            redis.kill()
            node = Node(redis.environment("a"))
            try:
                self.assertEqual(node.post("/jobs", {"type": "diag.echo"}).status, 503)
                redis.start()
                wait_for(lambda: node.get("/health").json()["status"] == "healthy", "healthy")
                node.wait_job(node.submit("diag.echo"), "succeeded")
            finally:
                node.close()

    def test_weak_settings_are_named(self):
        with Redis("--maxmemory-policy", "allkeys-lru", "--appendfsync", "everysec") as redis:
            node = Node(redis.environment("a"))
            try:
                wait_for(lambda: "redis.durability" in node.log(), "the finding")
                self.assertIn("allkeys-lru", node.log())
            finally:
                node.close()


if __name__ == "__main__":
    main()
