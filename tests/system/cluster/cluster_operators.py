"""What operators tell a cluster of real nodes: to drain one, to take it back, to count a lost one as dead."""
import os
import signal
import time
import unittest

from clusters import TTL, Cluster
from support import main, note, wait_for

COORDINATION = os.environ.get("TUTTI_COORDINATION", "redis")
PATIENCE = 3  # seconds that running jobs have when their node drains
PLACES = 4  # of each node, for jobs
GRACE = 1.5  # a claim that was under way when the order came


class Case(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.cluster = Cluster("abc", coordination=COORDINATION)
        cls.cluster.config = cls.cluster.config.replace("[jobs]", f"[jobs]\nconcurrency = {PLACES}")
        cls.cluster.config += f'[shutdown]\ndeadline = "{PATIENCE}s"\n'
        cls.cluster.start()
        cls.cluster.settled()

    @classmethod
    def tearDownClass(cls):
        cls.cluster.close()

    def node(self, name):
        return self.cluster.nodes[name]

    def post(self, target, status, by="a"):
        answer = self.node(by).post(target)
        self.assertEqual(answer.status, status, answer)
        return answer.json()

    def state_of(self, name, by):
        return next((m["state"] for m in self.cluster.view(by)["members"] if m["name"] == name), None)


class Drain(Case):
    def running_on(self, name, ids):
        jobs = [self.node("a").job(id) for id in ids]
        return [j for j in jobs if j["status"] == "running" and j["node"] == name]

    def sleepers_on(self, name, ms):
        """Jobs that sleep, as many as all nodes together run: those that run on that node, and all."""
        ids = [self.node("a").submit("diag.sleep", {"ms": ms}) for _ in range(3 * PLACES)]
        wait_for(lambda: len(self.running_on(name, ids)) == PLACES, f"jobs on {name}", 10, 0.02)
        return self.running_on(name, ids), ids

    def test_1_running_jobs_end_and_no_new_ones_begin(self):
        mine, ids = self.sleepers_on("b", 2000)
        plan = self.post("/nodes/b/drain?plan=true", 200)
        self.assertEqual(plan["runningJobs"], len(mine))
        order = self.post("/nodes/b/drain", 202)
        self.assertEqual(order["runningJobs"], len(mine))
        wait_for(lambda: self.state_of("b", "b") == "leaving", "b to leave", 5)
        time.sleep(GRACE)  # nothing tells when its last claim has come back
        late = [self.node("a").submit("diag.echo") for _ in range(300)]
        for id in late:
            job = self.node("a").wait_job(id)
            self.assertEqual((job["status"], job["node"] != "b"), ("succeeded", True), job)
        for job in mine:
            ended = self.node("a").wait_job(job["id"])
            self.assertEqual((ended["status"], ended["node"], ended["attempt"]), ("succeeded", "b", 1))
        for id in ids:
            self.assertEqual(self.node("a").wait_job(id)["attempt"], 1)
        self.assertEqual(self.post("/nodes/b/drain?plan=true", 200)["runningJobs"], 0)

        self.post("/nodes/b/undrain", 200)

        def runs_again():
            ids = [self.node("a").submit("diag.echo") for _ in range(20)]
            return "b" in {self.node("a").wait_job(id)["node"] for id in ids}

        wait_for(runs_again, "b to claim again", 10, 0)
        self.cluster.settled()

    def test_2_jobs_that_do_not_end_in_time_run_elsewhere(self):
        mine, _ = self.sleepers_on("c", 6000)
        began = time.monotonic()
        self.post("/nodes/c/drain", 202)
        wait_for(lambda: not self.running_on("c", [j["id"] for j in mine]), "them to be handed back", PATIENCE + 3)
        took = time.monotonic() - began
        self.assertGreater(took, PATIENCE - 0.5)
        for job in mine:
            ended = self.node("a").wait_job(job["id"], seconds=20)
            self.assertEqual((ended["status"], ended["node"] != "c"), ("succeeded", True), ended)
        note(f"{len(mine)} jobs handed back {took:.1f} s after the order, patience {PATIENCE} s")
        self.post("/nodes/c/undrain", 200)
        self.cluster.settled()


class Down(Case):
    def test_a_dead_node_is_dead_for_all_and_for_itself(self):
        self.node("c").signal(signal.SIGSTOP)
        frozen = self.cluster.nodes.pop("c")
        self.addCleanup(frozen.close)
        for by in "ab":
            wait_for(lambda: self.state_of("c", by) == "down", f"{by} to see it", 4 * TTL)
        began = time.monotonic()
        self.post("/nodes/c/down", 200, by="b")
        for by in "ab":
            wait_for(lambda: self.state_of("c", by) is None, f"{by} to forget it", 3)
        note(f"forgotten by all after {time.monotonic() - began:.2f} s")
        for by in "ab":
            answer = self.node(by).post("/nodes/c/down")
            self.assertEqual(answer.status, 404, answer)

        # Who comes later learns it too: from the lease store, not from those who were there.
        self.cluster.kill("a")
        wait_for(lambda: self.state_of("a", "b") == "down", "a to be lost", 4 * TTL)
        self.cluster.start("a")
        self.cluster.settled("a", "b")
        self.assertIsNone(self.state_of("c", "a"))

        frozen.signal(signal.SIGCONT)
        self.assertEqual(frozen.wait(20), 70)
        refused = [l for l in frozen.log_lines() if l["event"] == "node.refused"]
        self.assertIn("was declared dead", str(refused))
        self.cluster.settled("a", "b")

        self.cluster.start("c")
        self.cluster.settled("a", "b", "c")


if __name__ == "__main__":
    main()
