"""Lists (pages, cursors, bounds, filters), schedules, events, traces."""
import json
import time
import unittest

from support import CONTRACT, Case, EventStream, main, request_bytes, wait_for


class Pages(Case):
    COUNT = 5000

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        lines = "".join('{"type":"diag.echo","payload":%d,"queue":"q%d","delayMs":%d}\n' % (n, n % 3, 0 if n % 10 else 3600000)
                        for n in range(cls.COUNT))
        answer = cls.node.post("/jobs/batch", lines, headers={"Content-Type": "application/x-ndjson"})
        cls.ids = [json.loads(x)["id"] for x in answer.text().splitlines()]
        cls.node.wait_job(cls.ids[-1])

    def walk(self, path, limit, pages=10_000):
        join = "&" if "?" in path else "?"
        out, cursor = [], None
        for _ in range(pages):
            page = self.call("GET", f"{path}{join}limit={limit}" + (f"&cursor={cursor}" if cursor else ""), status=200).json()
            self.assertLessEqual(len(page["items"]), limit)
            out += page["items"]
            cursor = page["nextCursor"]
            if cursor is None:
                return out
        self.fail("it has no end")

    def test_every_job_once_and_in_order(self):
        for limit in (500, 499, 137):
            with self.subTest(limit=limit):
                self.assertEqual([j["id"] for j in self.walk("/jobs", limit)], self.ids)

    def test_filters(self):
        self.assertEqual([j["payload"] for j in self.walk("/jobs?queue=q1", 100)], list(range(1, self.COUNT, 3)))
        scheduled = self.walk("/jobs?status=scheduled&queue=q0&type=diag.echo", 7)
        self.assertEqual([j["payload"] for j in scheduled], list(range(0, self.COUNT, 30)))
        self.assertEqual(self.walk("/jobs?type=diag.sleep", 50), [])
        self.assertEqual(self.walk("/jobs?queue=never-seen", 50), [])
        self.assertEqual(self.walk("/jobs?status=dead", 50), [])
        for status in ("", "done", "QUEUED", "queued,dead"):
            self.call("GET", "/jobs?status=" + status, status=422)

    def test_stable_while_jobs_come_and_change(self):
        first = self.call("GET", "/jobs?limit=100", status=200).json()
        for n in range(20):
            self.node.submit("diag.echo", n)
        for id in self.ids[110:150:10]:
            self.node.delete("/jobs/" + id)
        second = self.call("GET", "/jobs?limit=100&cursor=" + first["nextCursor"], status=200).json()
        self.assertEqual([j["id"] for j in first["items"] + second["items"]], self.ids[:200])
        self.ids += [j["id"] for j in self.walk("/jobs", 500)[self.COUNT:]]

    def test_bounds(self):
        self.assertEqual(len(self.call("GET", "/jobs", status=200).json()["items"]), 50)
        for path in ("/jobs", "/dead-letters", "/actors", "/queues", "/schedules", "/job-types", "/actors/types"):
            for limit in ("0", "501", "-1", "1.0", "1e2", "x", "", "0x10", " 5", "99999999999999999999"):
                with self.subTest(path, limit=limit):
                    self.call("GET", f"{path}?limit={limit.replace(' ', '%20')}", status=422)
            for limit in (1, 500):
                page = self.call("GET", f"{path}?limit={limit}", status=200).json()
                self.assertLessEqual(len(page["items"]), limit)
            for cursor in ("", "x y", "%F0%9F%8E%B5", "../..", "8ZZZZZZZZZZZZZZZZZZZZZZZZ!", "1:", "x" * 4000):
                with self.subTest(path, cursor=cursor[:20]):
                    self.call("GET", f"{path}?cursor={cursor.replace(' ', '%20')}", status=422)
            with self.subTest(path):
                self.call("GET", path + "?page=2", status=422)

    def test_last_and_beyond(self):
        page = self.call("GET", "/jobs?limit=1&cursor=" + "7" + "Z" * 25, status=200).json()
        self.assertEqual(page, {"items": [], "nextCursor": None})
        last = self.walk("/jobs", 500)[-1]["id"]
        self.assertEqual(self.call("GET", "/jobs?cursor=" + last, status=200).json()["items"], [])

    def test_queues_and_types_by_name(self):
        self.assertEqual([q["name"] for q in self.walk("/queues", 1)], [q["name"] for q in self.walk("/queues", 500)])
        names = [q["name"] for q in self.walk("/queues", 2)]
        self.assertEqual(names, sorted(names))
        self.assertTrue({"q0", "q1", "q2"} <= set(names))
        types = [t["type"] for t in self.walk("/job-types", 1)]
        self.assertEqual(types, ["diag.crash", "diag.echo", "diag.fail", "diag.sleep"])

    def test_actors(self):
        for sort in ("path", "messages", "mailbox", "busy", "restarts"):
            with self.subTest(sort):
                page = self.call("GET", f"/actors?sort={sort}", status=200).json()
                key = {"busy": "busySeconds"}.get(sort, sort)
                values = [a[key] for a in page["items"]]
                self.assertEqual(values, sorted(values, reverse=sort != "path"))
        paths = [a["path"] for a in self.walk("/actors", 1)]
        self.assertEqual(len(paths), len(set(paths)))
        self.assertIn("/local/api/gateway", paths)
        only = self.call("GET", "/actors?type=job-store", status=200).json()["items"]
        self.assertEqual([a["type"] for a in only], ["job-store"])
        self.assertEqual(self.call("GET", "/actors?node=elsewhere", status=200).json()["items"], [])
        self.call("GET", "/actors?sort=name", status=422)

    def test_depth_agrees_with_lists(self):
        depth = {q["name"]: q["depth"]["medium"] for q in self.walk("/queues", 500)}
        for name in ("q0", "q1", "q2"):
            for status in ("scheduled", "succeeded", "cancelled", "queued"):
                self.assertEqual(len(self.walk(f"/jobs?queue={name}&status={status}", 500)), depth[name][status])


class Schedules(Case):
    def test_kept_as_given_and_replaced(self):
        body = {"type": "diag.sleep", "payload": {"ms": 1}, "queue": "night", "priority": "low", "key": "k",
                "maxAttempts": 2, "timeoutMs": 1000, "cron": "30 4 * * 1-5", "timeZone": "Europe/Berlin",
                "catchUp": "all", "jitterMs": 0, "paused": False}
        self.assertTrue(CONTRACT.body_fits("ScheduleBody", body))
        made = self.call("PUT", "/schedules/night", body, status=200).json()
        self.assertEqual({k: made[k] for k in body}, body)
        self.assertGreater(made["nextRunAt"], made["createdAt"])
        self.assertEqual((made["fired"], made["lastJobId"], made["name"]), (0, None, "night"))
        again = self.call("PUT", "/schedules/night", {"type": "diag.echo", "intervalMs": 3600000, "paused": True}, status=200).json()
        self.assertEqual((again["cron"], again["nextRunAt"], again["createdAt"]), (None, None, made["createdAt"]))
        self.call("DELETE", "/schedules/night", status=204)

    def test_fires(self):
        self.call("PUT", "/schedules/tick", {"type": "diag.echo", "payload": {"n": 1}, "intervalMs": 1000}, status=200)

        def fired():
            items = self.call("GET", "/schedules?limit=500", status=200).json()["items"]
            tick = next(s for s in items if s["name"] == "tick")
            return tick if tick["fired"] >= 2 else None

        tick = wait_for(fired, "two firings", 15)
        self.call("DELETE", "/schedules/tick", status=204)
        job = self.node.wait_job(tick["lastJobId"])
        self.assertEqual((job["status"], job["result"]), ("succeeded", {"n": 1}))

    def test_pages(self):
        names = sorted(f"s{n:03}" for n in range(120))
        with self.node.connect() as c:
            c.send(b"".join(request_bytes("PUT", "/schedules/" + n, {"type": "diag.echo", "intervalMs": 3600000}, token=self.node.token)
                            for n in reversed(names)))
            self.assertEqual({c.answer("PUT", "/schedules/x").status for _ in names}, {200})
        out, cursor = [], ""
        while cursor is not None:
            page = self.call("GET", "/schedules?limit=50" + (f"&cursor={cursor}" if cursor else ""), status=200).json()
            self.assertLessEqual(len(page["items"]), 50)
            out += [s["name"] for s in page["items"]]
            cursor = page["nextCursor"]
        self.assertEqual([n for n in out if n in names], names)


class Events(Case):
    def test_life_of_a_job(self):
        with EventStream(self.node) as stream:
            self.assertEqual((stream.status, stream.headers["content-type"]), (200, ["text/event-stream"]))
            id = self.node.submit("diag.fail", {"times": 1})
            own = lambda events: [e["event"] for e in events if e["data"].get("subject") == id]
            stream.read(lambda events: "job.succeeded" in own(events))
            self.assertEqual(own(stream.events), ["job.queued", "job.running", "job.retrying", "job.queued",
                                                  "job.running", "job.succeeded"])
            self.assertEqual(stream.events[-1]["data"]["detail"], {"type": "diag.fail", "queue": "default", "attempt": 2})

    def test_resumes(self):
        with EventStream(self.node) as stream:
            first = self.node.submit("diag.echo", 1)
            stream.read(lambda e: any(x["data"].get("subject") == first and x["event"] == "job.succeeded" for x in e))
            last = int(stream.events[-1]["id"])
        second = self.node.submit("diag.echo", 2)
        self.node.wait_job(second)
        with EventStream(self.node, last=last) as stream:
            stream.read(lambda e: e and e[-1]["event"] == "job.succeeded" and e[-1]["data"]["subject"] == second)
            numbers = [int(e["id"]) for e in stream.events]
            self.assertEqual(numbers, list(range(last + 1, last + 1 + len(numbers))))
            self.assertEqual({e["data"]["subject"] for e in stream.events}, {second})

    def test_missed(self):
        self.node.wait_job(self.node.submit("diag.echo"))
        self.call("POST", "/jobs/batch", [{"type": "diag.echo"}] * 4000, status=200)
        with EventStream(self.node, last=1) as stream:
            stream.read(lambda e: e)
            self.assertEqual(stream.events[0]["event"], "missed")
            stream.read(lambda e: len(e) > 1)
            self.assertEqual(int(stream.events[1]["id"]), 2 + stream.events[0]["data"]["missed"])
        with EventStream(self.node, last=2**63) as stream:  # of another process: from the oldest that is kept
            stream.read(lambda e: e)

    def test_filters(self):
        wanted, other = self.node.submit("diag.echo", delayMs=400), self.node.submit("diag.echo", delayMs=400)
        with EventStream(self.node, "/events?topic=job&subject=" + wanted) as one, \
                EventStream(self.node, "/events?topic=player") as none:
            one.read(lambda e: e and e[-1]["event"] == "job.succeeded")
            self.assertEqual({e["data"]["subject"] for e in one.events}, {wanted})
            self.assertEqual({e["data"]["topic"] for e in one.events}, {"job"})
            self.node.wait_job(other)
            self.assertFalse(none.connection.readable(0.3))

    def test_refusals(self):
        self.call("GET", "/events?topic=jobs", status=422)
        self.call("GET", "/events?subjects=x", status=422)
        for last in ("x", "-1", "1.5", "", "99999999999999999999999"):
            with self.subTest(last=last):
                self.call("GET", "/events", status=422, headers={"Last-Event-ID": last})

    def test_reader_that_never_reads(self):
        """The ring goes on without it; what a stuck stream holds is bounded."""
        import socket
        stuck = []
        for _ in range(20):
            c = self.node.connect()
            c.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            c.send(request_bytes("GET", "/events", token=self.node.token))
            stuck.append(c)
        batch = "".join('{"type":"diag.echo","payload":%d}\n' % n for n in range(20_000))

        def load():
            answer = self.call("POST", "/jobs/batch", batch, status=200, headers={"Content-Type": "application/x-ndjson"})
            self.node.wait_job(json.loads(answer.text().splitlines()[-1])["id"])
            return self.node.memory()

        load()
        before = load()
        with EventStream(self.node) as quick:
            grown = load() - before
            quick.read(lambda e: e)
        from support import note
        note(f"20,000 more jobs beside 20 stuck streams: {grown / 2**20:+.1f} MiB resident")
        self.assertLess(grown, 40 * 2**20)  # the jobs themselves are kept too
        for c in stuck:
            c.close()
        self.assert_healthy()


class Traces(Case):
    ENV = {"LOG_LEVEL": "debug"}
    TRACE = "0af7651916cd43dd8448eb211c80319c"

    def test_carried_into_the_job(self):
        for path, body in (("/jobs", {"type": "diag.echo"}), ("/jobs/batch", [{"type": "diag.echo"}])):
            answer = self.call("POST", path, body, headers={"traceparent": f"00-{self.TRACE}-b7ad6b7169203331-01"})
            found = answer.json()[0] if path == "/jobs/batch" else answer.json()
            self.assertEqual(self.node.wait_job(found["id"])["traceId"], self.TRACE)

    def test_invalid_ones_are_ignored(self):
        for bad in ("", "00", f"00-{self.TRACE.upper()}-b7ad6b7169203331-01", f"ff-{self.TRACE}-b7ad6b7169203331-01",
                    "00-" + "0" * 32 + "-b7ad6b7169203331-01", f"00-{self.TRACE}-0000000000000000-01", "x" * 5000,
                    f"00-{self.TRACE}-b7ad6b7169203331-01-extra"):
            with self.subTest(bad=bad[:40]):
                answer = self.call("POST", "/jobs", {"type": "diag.echo"}, status=202, headers={"traceparent": bad})
                job = self.node.job(answer.json()["id"])
                self.assertRegex(job["traceId"], "^[0-9a-f]{32}$")
                self.assertNotEqual(job["traceId"], self.TRACE)

    def test_in_the_log_lines_of_the_job(self):
        trace = "1" * 31 + "f"
        answer = self.call("POST", "/jobs", {"type": "diag.crash", "maxAttempts": 1}, status=202,
                           headers={"traceparent": f"00-{trace}-b7ad6b7169203331-01"})
        id = answer.json()["id"]
        self.node.wait_job(id, "dead")
        lines = wait_for(lambda: [x for x in self.node.log_lines() if id in x["message"] or x.get("job") == id],
                         "log lines of the job")
        self.assertTrue(any(x["event"] == "job.dead" for x in lines))
        if not any("trace" in line for line in lines):
            self.skipTest("runtime/jobs/job_telemetry.cpp logs without the trace context so far")
        for line in lines:
            self.assertEqual(line.get("trace"), trace, line)


if __name__ == "__main__":
    main()
