"""10,000 attempts that throw: the node is healthy, its memory stable, its tree untouched."""
import json
import unittest

from support import Case, main, note, wait_for


class CrashStorm(Case):
    COUNT = 10_000
    def dead(self):
        return self.node.metrics().value("tutti_jobs_finished_total", type="diag.crash", outcome="dead")

    def test_storm(self):
        begin = self.node.memory()
        answer = self.call("POST", "/jobs/batch", '{"type":"diag.crash","maxAttempts":1}\n' * self.COUNT, status=200,
                           headers={"Content-Type": "application/x-ndjson"})
        ids = [json.loads(line)["id"] for line in answer.text().splitlines()]
        wait_for(lambda: self.dead() == self.COUNT, "all crashes", 40, 0.1)
        self.assert_healthy()
        first = self.node.memory()
        note(f"{self.COUNT} crashed jobs: {(first - begin) / 2**20:+.1f} MiB resident, "
             f"{(first - begin) / self.COUNT:.0f} bytes each, kept as dead letters")
        self.assertLess(first - begin, 48 * 2**20)
        # The same jobs crash again: only their history grows. Then memory must stand still.
        grown = []
        for round in range(2, 5):
            before = self.node.memory()
            answer = self.call("POST", "/dead-letters/retry", {"max": self.COUNT}, status=200)
            self.assertEqual(answer.json(), {"retried": self.COUNT})
            wait_for(lambda: self.dead() == self.COUNT * round, "all crashes again", 40, 0.1)
            grown.append(self.node.memory() - before)
        note("further storms of the same jobs: " + ", ".join(f"{g / 2**20:+.1f} MiB" for g in grown))
        self.assertLess(max(grown), 16 * 2**20)
        job = self.node.job(ids[0])
        self.assertEqual((job["status"], job["attempt"], len(job["attempts"])), ("dead", 4, 4))
        self.assertEqual(job["error"], {"kind": "failed", "message": "diag.crash was asked to throw"})
        self.untouched()
        self.let_go(ids)

    def untouched(self):
        def walk(node):
            yield node
            for child in node.get("children", []):
                yield from walk(child)

        tree = self.call("GET", "/supervision", status=200).json()["nodes"][0]["tree"]
        for one in walk(tree):
            self.assertEqual(one.get("restarts", 0), 0, one)
            self.assertEqual(one.get("restartsInWindow", 0), 0, one)
            self.assertIsNone(one.get("lastError"), one)
        m = self.node.metrics()
        self.assertEqual(m.value("tutti_actor_restarts_total"), 0)
        self.assertEqual(m.value("tutti_actor_failures_total", type="job:diag.crash"), self.COUNT * 4)
        self.assertEqual(m.value("tutti_actors", type="job:diag.crash"), 0)
        self.assertEqual(m.value("tutti_actor_mailbox_depth"), 0)
        self.assert_healthy()
        self.assertEqual(self.node.wait_job(self.node.submit("diag.echo"))["status"], "succeeded")

    def let_go(self, ids):
        """What is discarded gives its memory back to the next jobs."""
        from support import request_bytes
        with self.node.connect() as c:
            for start in range(0, len(ids), 50):
                c.send(b"".join(request_bytes("DELETE", "/dead-letters/" + id, token=self.node.token)
                                for id in ids[start:start + 50]))
                for _ in ids[start:start + 50]:
                    self.assertEqual(c.answer("DELETE").status, 204)
        self.assertEqual(self.call("GET", "/dead-letters", status=200).json()["items"], [])
        before = self.node.memory()
        self.call("POST", "/jobs/batch", '{"type":"diag.crash","maxAttempts":1}\n' * self.COUNT, status=200,
                  headers={"Content-Type": "application/x-ndjson"})
        wait_for(lambda: self.dead() == self.COUNT * 5, "the last storm", 40, 0.1)
        grown = self.node.memory() - before
        note(f"{self.COUNT} new ones in the place of discarded ones: {grown / 2**20:+.1f} MiB resident")
        # 12 MiB were seen with jemalloc, 3 with glibc; why is not known yet.
        self.assertLess(grown, 20 * 2**20)


class OneAfterTheOther(Case):
    def test_crashes_with_retries_over_http(self):
        id = self.node.submit("diag.crash", maxAttempts=3)
        job = self.node.wait_job(id, "dead", seconds=30)
        self.assertEqual([a["outcome"] for a in job["attempts"]], ["failed"] * 3)
        self.assertEqual({a["error"]["message"] for a in job["attempts"]}, {"diag.crash was asked to throw"})
        self.assertEqual((job["attempt"], job["maxAttempts"]), (3, 3))


if __name__ == "__main__":
    main()
