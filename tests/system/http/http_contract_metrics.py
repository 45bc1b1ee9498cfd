"""Metrics against the API's own counts, bounded labels, health under load, secrets in logs."""
import json
import re
import unittest

from support import CONTRACT, TOKEN, Case, Node, main, note, request_bytes, wait_for

NAMES = {  # design.md, section 7, as far as this stage has them
    "tutti_http_requests_total": ("counter", {"route", "method", "status"}),
    "tutti_http_request_duration_seconds": ("histogram", {"route", "method"}),
    "tutti_jobs_submitted_total": ("counter", {"type"}),
    "tutti_jobs_finished_total": ("counter", {"type", "outcome"}),
    "tutti_job_duration_seconds": ("histogram", {"type"}),
    "tutti_job_wait_seconds": ("histogram", {"queue"}),
    "tutti_queue_depth": ("gauge", {"queue", "priority", "state"}),
    "tutti_dead_letters": ("gauge", {"queue"}),
    "tutti_actors": ("gauge", {"type"}),
    "tutti_actor_messages_total": ("counter", {"type"}),
    "tutti_actor_restarts_total": ("counter", {"type"}),
    "tutti_actor_mailbox_depth": ("gauge", {"type"}),
}


class Figures(Case):
    def test_names_and_labels(self):
        self.node.wait_job(self.node.submit("diag.echo"))
        self.node.wait_job(self.node.submit("diag.crash", maxAttempts=1))
        wait_for(lambda: self.node.metrics().value("tutti_dead_letters") >= 1, "the gauge of dead letters", 10)
        m = self.node.metrics()
        for name, (kind, labels) in NAMES.items():
            with self.subTest(name):
                self.assertEqual(m.types.get(name), kind)
                found = m.series(name + ("_count" if kind == "histogram" else ""))
                self.assertTrue(found)
                for series in found:
                    self.assertEqual(set(series), labels)
        for name, kind in m.types.items():
            with self.subTest(name):
                self.assertTrue(name.startswith("tutti_"))
                self.assertEqual(kind == "counter", name.endswith("_total"))

    def test_counts_agree_with_the_api(self):
        with Node() as node:
            echoes = [node.submit("diag.echo", n) for n in range(30)]
            bad = [node.post("/jobs", {"type": "none"}).status for _ in range(7)]
            sleeper = node.submit("diag.sleep", {"ms": 60000})
            later = [node.submit("diag.echo", delayMs=600000, priority="high", queue="late") for _ in range(4)]
            dead = [node.submit("diag.crash", maxAttempts=1) for _ in range(3)]
            again = node.submit("diag.fail", {"times": 1})
            node.delete("/jobs/" + later[0])
            for id in echoes + dead + [again]:
                node.wait_job(id)
            node.wait_job(sleeper, "running")
            wait_for(lambda: node.metrics().value("tutti_queue_depth", queue="late", state="scheduled") == 3,
                     "the gauges", 10)
            m = node.metrics()
            expected = [
                (30 + 4, "tutti_jobs_submitted_total", {"type": "diag.echo"}),
                (30, "tutti_jobs_finished_total", {"type": "diag.echo", "outcome": "succeeded"}),
                (1, "tutti_jobs_finished_total", {"outcome": "cancelled"}),
                (3, "tutti_jobs_finished_total", {"type": "diag.crash", "outcome": "dead"}),
                (1, "tutti_jobs_finished_total", {"type": "diag.fail", "outcome": "succeeded"}),
                (30 + 1 + 4 + 3 + 1, "tutti_http_requests_total", {"route": "/jobs", "method": "POST", "status": "202"}),
                (len(bad), "tutti_http_requests_total", {"route": "/jobs", "method": "POST", "status": "422"}),
                (1, "tutti_http_requests_total", {"route": "/jobs/{id}", "method": "DELETE"}),
                (46, "tutti_http_request_duration_seconds_count", {"route": "/jobs", "method": "POST"}),
                (3, "tutti_queue_depth", {"queue": "late", "priority": "high", "state": "scheduled"}),
                (1, "tutti_queue_depth", {"queue": "default", "state": "running"}),
                (0, "tutti_queue_depth", {"state": "queued"}),
                (3, "tutti_dead_letters", {"queue": "default"}),
                (30 + 1 + 3 + 2, "tutti_job_wait_seconds_count", {"queue": "default"}),
                (1, "tutti_actors", {"type": "job:diag.sleep"}),
                (0, "tutti_actor_restarts_total", {}),
            ]
            for value, name, labels in expected:
                with self.subTest(name, **labels):
                    self.assertEqual(m.value(name, **labels), value)
            queues = {q["name"]: q["depth"] for q in node.get("/queues").json()["items"]}
            self.assertEqual(queues["late"]["high"]["scheduled"], 3)
            self.assertEqual(queues["default"]["medium"]["dead"], 3)
            actors = {a["path"]: a for a in node.get("/actors?limit=500").json()["items"]}
            self.assertEqual(m.value("tutti_actors"), len(actors))
            self.assertIn(f"/local/jobs/attempts/{sleeper}-1", actors)
            names = {x["name"] for x in node.get("/performance").json()["latencies"]}
            self.assertTrue({"tutti_job_duration_seconds", "tutti_job_wait_seconds"} <= names, names)

    def test_histograms_are_sound(self):
        self.node.wait_job(self.node.submit("diag.echo"))
        m = self.node.metrics()
        for name in (n for n, kind in m.types.items() if kind == "histogram"):
            for series in m.series(name + "_count"):
                bounds = sorted(((float(dict(labels)["le"]), v) for (n, labels), v in m.samples.items()
                                 if n == name + "_bucket" and set(series.items()) <= set(labels)))
                with self.subTest(name, **series):
                    values = [v for _, v in bounds]
                    self.assertEqual(values, sorted(values))
                    self.assertEqual(bounds[-1][0], float("inf"))
                    self.assertEqual(values[-1], m.value(name + "_count", **series))

    def test_labels_do_not_grow_with_what_clients_send(self):
        def series():
            return len(self.node.metrics().samples)

        self.node.get("/nowhere")
        self.node.request("BREW", "/nowhere")
        self.node.get("/jobs/x")
        self.node.request("GET", "/jobs/x?a=%zz")
        self.node.request("BREW", "/jobs/x")
        self.node.wait_job(self.node.submit("diag.echo"))
        before = series()
        with self.node.connect() as c:
            for start in range(0, 10_000, 50):
                data = b""
                for n in range(start, start + 50):
                    method, target = [("GET", f"/nowhere/{n}"), (f"BREW{n}", "/jobs"), ("GET", f"/jobs/x{n}"),
                                      (f"M{n}", f"/p{n}"), ("GET", f"/jobs/{n}?x{n}=%zz")][n % 5]
                    data += request_bytes(method, target, token=TOKEN)
                c.send(data)
                for _ in range(50):
                    self.assertIn(c.answer().status, (400, 404, 405))
        after = series()
        note(f"series before and after 10,000 paths and methods: {before}, {after}")
        self.assertLessEqual(after, before + 3)
        m = self.node.metrics()
        routes = {path for _, path, _ in CONTRACT.operations()} | {"none"}
        self.assertLessEqual(m.label_values("tutti_http_requests_total", "route"), routes)
        self.assertLessEqual(m.label_values("tutti_http_requests_total", "method"),
                             {"GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "other"})

    def test_job_ids_and_types_are_no_labels(self):
        for n in range(50):
            self.node.post("/jobs", {"type": f"none.{n}", "key": f"k{n}", "idempotencyKey": f"i{n}"})
            self.node.submit("diag.echo", key=f"key{n}")
        m = self.node.metrics()
        self.assertLessEqual(m.label_values("tutti_jobs_submitted_total", "type"),
                             {"diag.echo", "diag.sleep", "diag.fail", "diag.crash"})

    def test_queue_names_are_bounded(self):
        with Node() as node:
            node.submit("diag.echo")
            for n in range(400):
                answer = node.post("/jobs", {"type": "diag.echo", "queue": f"q{n}"})
                CONTRACT.check(answer)
                self.assertIn(answer.status, (202, 422, 503))
            for name in ("tutti_job_wait_seconds_count", "tutti_dead_letters"):
                self.assertLessEqual(len(node.metrics().series(name)), 300)
            node.wait_job(node.submit("diag.echo"))
            CONTRACT.check(node.post("/queues/one-more/pause"))


class Secrets(Case):
    ENV = {"LOG_LEVEL": "trace"}
    AUTH = "s3cret-t0ken-that-must-stay-hidden-91b7"

    def test_token_is_never_told(self):
        payload = {"note": "Bearer " + self.AUTH}
        self.node.wait_job(self.node.submit("diag.crash", maxAttempts=1, queue="q-" + self.AUTH[:20]))
        self.node.submit("diag.echo", payload, key=self.AUTH, idempotencyKey=self.AUTH)
        self.call("GET", "/jobs?x=" + self.AUTH, status=422)
        self.call("GET", "/" + self.AUTH, status=404, auth=False)
        self.call("GET", "/jobs", status=401, auth=False, headers={"Authorization": "Bearer x" + self.AUTH})
        self.call("GET", "/jobs", status=401, auth=False, headers={"X-Admin-Token": self.AUTH + "x"})
        self.call("POST", "/jobs", '{"' + self.AUTH, status=400)
        self.call("BREW", "/jobs", status=405, headers={"X-Secret": self.AUTH})
        for path in ("/metrics", "/performance", "/actors", "/supervision", "/health", "/"):
            self.assertNotIn(self.AUTH, self.call("GET", path, status=200).text())
        self.assertEqual(self.node.stop(), 0)
        self.assertNotIn(self.AUTH, self.node.log())
        self.assertNotIn("Bearer " + self.AUTH[:8], self.node.log())
        self.assertTrue(self.node.log_lines())


if __name__ == "__main__":
    main()
