"""Two nodes over one server while all three are killed, frozen and cut off at random; then every promise is checked.

A module for each kind of server says what can be done to it. TUTTI_CHAOS_SECONDS (default 20) says for how long,
TUTTI_SEED repeats a run.
"""
import os
import random
import signal
import threading
import time

from support import Closed, Malformed, Node, note, wait_for

SECONDS = float(os.environ.get("TUTTI_CHAOS_SECONDS", "20"))
SEED = int(os.environ.get("TUTTI_SEED", str(random.randrange(1 << 32))))


class JobChaos:
    """For a unittest.TestCase that has make_server() and server_faults: name → what it does."""

    def setUp(self):
        note(f"TUTTI_SEED={SEED} for {SECONDS:.0f} s")
        self.random = random.Random(SEED)
        self.server = self.make_server()
        self.addCleanup(self.server.close)
        self.nodes = {}
        for name in "ab":
            self.start(name)
        self.stop = threading.Event()
        self.lock = threading.Lock()
        self.accepted, self.refused, self.faults, self.wrong = {}, 0, {}, []

    def start(self, name):
        node = Node(self.server.environment(name, TUTTI_JOBS_CONCURRENCY="32"), ready=False)
        self.addCleanup(node.close)
        node.wait_ready()
        self.nodes[name] = node

    def submitter(self, number):
        """One idempotency key after the other, each until somebody has accepted it."""
        mine, n = random.Random(SEED + number), 0
        while not self.stop.is_set():
            n += 1
            key = f"{number}-{n}"
            body = {"type": "diag.sleep" if n % 4 == 0 else "diag.echo", "idempotencyKey": key, "maxAttempts": 20,
                    "priority": mine.choice(["high", "medium", "low"])}
            serial = mine.random() < 0.3
            if serial:  # short ones, or their lines grow for as long as the test submits
                body["key"] = f"serial-{mine.randrange(3)}"
            body["payload"] = {"ms": mine.randrange(1, 30 if serial else 400)} if n % 4 == 0 else {"key": key}
            if mine.random() < 0.2:
                body["delayMs"] = mine.randrange(1, 2000)
            while not self.stop.is_set():
                node = self.nodes[mine.choice("ab")]
                try:
                    answer = node.post("/jobs", body, timeout=8)
                except (OSError, Closed, Malformed):
                    time.sleep(0.02)
                    continue
                if answer.status == 202:
                    with self.lock:
                        self.accepted[key] = (answer.json()["id"], body)
                    break
                with self.lock:
                    self.refused += 1
                    if answer.status != 503:
                        self.wrong.append(answer)
                time.sleep(0.05)
            time.sleep(0.005)

    def fault(self):
        what = self.random.choice(["kill node", "freeze node", *self.server_faults])
        name = self.random.choice("ab")
        node = self.nodes[name]
        if what == "kill node":
            node.process.kill()
            node.process.wait()
            self.start(name)
        elif what == "freeze node":  # longer than its claims last
            node.signal(signal.SIGSTOP)
            time.sleep(self.random.uniform(0.5, 3))
            node.signal(signal.SIGCONT)
        else:
            self.server_faults[what](self)
        self.faults[what] = self.faults.get(what, 0) + 1

    def kill_server(self):
        self.server.kill()
        time.sleep(self.random.uniform(0, 1))
        self.server.start()

    def freeze_server(self):
        self.server.freeze()
        time.sleep(self.random.uniform(0.2, 3))
        self.server.thaw()

    def test_promises_hold(self):
        threads = [threading.Thread(target=self.submitter, args=(i,)) for i in range(4)]
        for t in threads:
            t.start()
        until = time.monotonic() + SECONDS
        while time.monotonic() < until:
            time.sleep(self.random.uniform(0.2, 1.2))
            self.fault()
        self.stop.set()
        for t in threads:
            t.join()
        self.assertEqual(self.wrong, [], "answers that are neither 202 nor 503")
        node = self.nodes["a"]
        wait_for(lambda: node.get("/health").status == 200, "healthy")
        self.check(node)

    def check(self, node):
        def unfinished():
            return sum(count for level in node.get("/queues").json()["items"] if level["name"] == "default"
                       for states in level["depth"].values() for state, count in states.items()
                       if state in ("scheduled", "queued", "running", "retrying"))
        try:
            left = unfinished()
            while left > 0:  # a long run leaves thousands that wait for their serial keys
                left = wait_for(lambda: [n for n in [unfinished()] if n < left], "all jobs to end", 120)[0]
        except AssertionError as e:
            stuck = [job for status in ("scheduled", "queued", "running", "retrying")
                     for job in node.get(f"/jobs?limit=5&status={status}").json()["items"]]
            raise AssertionError(f"{e}: {self.faults} {node.get('/queues').json()} {stuck}") from e
        jobs, cursor = {}, ""
        while cursor is not None:
            page = node.get("/jobs?limit=500" + cursor).json()
            for job in page["items"]:
                self.assertNotIn(job["idempotencyKey"], jobs, "one key, two jobs")
                jobs[job["idempotencyKey"]] = job
            cursor = page["nextCursor"] and "&cursor=" + page["nextCursor"]
        lost = [key for key in self.accepted if key not in jobs]
        self.assertEqual(lost, [], "accepted and lost")
        poison = 0
        for key, (id, body) in self.accepted.items():
            job = jobs[key]
            self.assertEqual(job["id"], id, key)
            attempts = node.job(id)["attempts"]
            succeeded = [a for a in attempts if a["outcome"] == "succeeded"]
            if job["status"] == "dead":  # three nodes were killed under it
                self.assertEqual(job["error"]["kind"], "poison", job)
                self.assertEqual(succeeded, [])
                poison += 1
                continue
            self.assertEqual(job["status"], "succeeded", job)
            self.assertEqual((len(succeeded), attempts[-1]["outcome"]), (1, "succeeded"), attempts)
            if body["type"] == "diag.echo":
                self.assertEqual(job["result"], body["payload"])
        self.serial_keys_never_overlapped(jobs)
        note(f"{len(self.accepted)} accepted, {self.refused} answers 503, {sum(self.faults.values())} faults "
             f"{self.faults}, {poison} poison")

    def serial_keys_never_overlapped(self, jobs):
        by_key = {}
        for job in jobs.values():
            if job["key"] and job["status"] == "succeeded":
                by_key.setdefault(job["key"], []).append((job["startedAt"], job["finishedAt"]))
        for runs in by_key.values():
            runs.sort()
            for (_, end), (start, _) in zip(runs, runs[1:]):
                self.assertLessEqual(end, start)
