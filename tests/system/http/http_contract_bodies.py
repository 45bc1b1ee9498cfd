"""What bodies may be: syntax (400), every field (422 with its pointer), idempotency, batches."""
import json
import unittest

from support import CONTRACT, Case, main

LONG = "x" * 300


def wrong_values():
    """For each body: field, a bad value, the pointer. Every field of openapi.yaml must have some."""
    not_strings = [None, 1, 1.5, True, [], {}]
    not_integers = [None, "1", True, [], {}, 1.5, 1e300, 99999999999999999999]
    names = not_strings + ["", "a b", "ä", "x" * 65, "a\u0000b", "a/b", "a\n"]
    shared = {
        "type": not_strings + ["", "Diag.Echo", "a b", "x" * 129, "ä", "no.such.type"],
        "queue": names,
        "priority": not_strings + ["", "High", "urgent"],
        "key": not_strings + ["", LONG, "a\u0000b", "a\nb", "\u007f"],
        "maxAttempts": not_integers + [0, -1, 101],
        "timeoutMs": not_integers + [0, -1, 86400001],
    }
    submission = {
        **shared,
        "idempotencyKey": not_strings + ["", LONG, "ä", "a\tb", "\u007f"],
        "delayMs": not_integers + [-1, 31622400001],
        "runAt": not_strings + ["", "tomorrow", "2026-11-22", "2026-11-22T17:30:00", "2026-02-30T00:00:00Z",
                                "2026-11-22T25:00:00Z", "2026-11-22 17:30:00Z ", "2026-11-22T17:30:00+25:00"],
    }
    schedule = {
        **shared,
        "intervalMs": not_integers + [0, 999, 31536000001],
        "cron": not_strings + ["", LONG, "* * * *", "61 * * * *", "a b c d e", "* * 31 2 * x", "*/0 * * * *"],
        "timeZone": not_strings + ["", "x" * 65, "Mars/Olympus", "../../etc/passwd"],
        "catchUp": not_strings + ["", "some"],
        "jitterMs": not_integers + [-1, 86400001],
        "paused": [None, 0, 1, "true", [], {}],
    }
    retry = {"type": not_strings + ["", "A"], "queue": names,
             "error": not_strings + ["", "x" * 1025, "a\nb"], "max": not_integers + [0, -1, 10001]}
    flag = {"enabled": [None, 0, 1, "true", [], {}], "percentage": not_integers + [-1, 101],
            "description": not_strings + ["x" * 1001, "a\nb", "\u007f"], "version": not_integers + [-1]}
    return {"FlagBody": flag, "Submission": submission, "ScheduleBody": schedule, "DeadLetterRetry": retry}


class Fields(Case):
    def send(self, kind, body):
        if kind == "Submission":
            return self.call("POST", "/jobs", body)
        if kind == "ScheduleBody":
            return self.call("PUT", "/schedules/s", body)
        if kind == "FlagBody":
            return self.call("PUT", "/flags/f", body)
        return self.call("POST", "/dead-letters/retry", body)

    def base(self, kind, field):
        if kind == "FlagBody":
            return {"enabled": True}
        if kind == "Submission":
            return {"type": "diag.echo"}
        if kind == "ScheduleBody":
            if field in ("cron", "timeZone"):
                return {"type": "diag.echo", "cron": "0 4 * * *", "paused": True}
            return {"type": "diag.echo", "intervalMs": 3600000, "paused": True}
        return {}

    def test_every_wrong_value_is_pointed_at(self):
        for kind, fields in wrong_values().items():
            documented = set(CONTRACT.document["components"]["schemas"][kind]["properties"]) - {"payload"}
            self.assertEqual(set(fields), documented, kind)
            for field, values in fields.items():
                for value in values:
                    body = {**self.base(kind, field), field: value}
                    with self.subTest(kind + "." + field, value=value):
                        answer = self.send(kind, body)
                        self.assertEqual(answer.status, 422, answer)
                        self.assertEqual(answer.pointers(), ["/" + field])
                        self.assertIn("/" + field, answer.json()["detail"] + " /" + field)

    def test_the_document_refuses_what_the_node_refuses(self):
        """Where JSON Schema can say it (and Python's "$", which overlooks a line end, can check it)."""
        texts = {"runAt", "cron", "timeZone"}
        for kind, fields in wrong_values().items():
            for field, values in fields.items():
                for value in values:
                    if value in ("no.such.type", "a\n") or (field in texts and isinstance(value, str)):
                        continue
                    with self.subTest(kind + "." + field, value=value):
                        self.assertFalse(CONTRACT.body_fits(kind, {**self.base(kind, field), field: value}))

    def test_good_values(self):
        good = {"type": "diag.echo", "payload": None, "idempotencyKey": " !~", "priority": "low", "queue": "A.b_c-9",
                "key": "ключ 🎵 " + "x" * 200, "delayMs": 31622400000, "maxAttempts": 100, "timeoutMs": 86400000}
        self.assertTrue(CONTRACT.body_fits("Submission", good))
        job = self.node.job(self.call("POST", "/jobs", good, status=202).json()["id"])
        for field in good:
            if field != "delayMs":
                self.assertEqual(job[field], good[field], field)
        self.assertEqual(job["status"], "scheduled")
        for when in ("2020-01-01T00:00:00Z", "2026-01-01T00:00:00.5+01:00", "2020-02-29t23:59:60z".replace("60", "59")):
            self.call("POST", "/jobs", {"type": "diag.echo", "runAt": when}, status=202)
        for field in (("delayMs", 0), ("maxAttempts", 1), ("timeoutMs", 1)):
            self.call("POST", "/jobs", {"type": "diag.echo", field[0]: field[1]}, status=202)

    def test_several_mistakes_at_once(self):
        answer = self.call("POST", "/jobs", '{"priority":"x","zzz":1,"queue":"","a/b~c":2,"maxAttempts":0}', status=422)
        self.assertEqual(set(answer.pointers()), {"/priority", "/zzz", "/queue", "/a~1b~0c", "/maxAttempts", "/type"})
        many = {f"unknown{n}": n for n in range(5000)}
        answer = self.call("POST", "/jobs", {"type": "diag.echo", **many}, status=422)
        self.assertEqual(len(answer.pointers()), 100)

    def test_unknown_fields(self):
        for kind in wrong_values():
            for name in ("nope", "Type", "type ", "", "\u0000", "__proto__", "ä", "x" * 5000):
                with self.subTest(kind, name=name[:20]):
                    answer = self.send(kind, {**self.base(kind, ""), name: 1})
                    self.assertEqual((answer.status, answer.pointers()), (422, ["/" + name]))

    def test_duplicate_members(self):
        answer = self.call("POST", "/jobs", '{"type":"diag.echo","type":"diag.sleep"}', status=422)
        self.assertEqual(answer.pointers(), ["/type"])
        answer = self.call("POST", "/jobs", '{"type":"diag.echo","payload":1,"p\\u0061yload":2}', status=422)
        self.assertEqual(answer.pointers(), ["/payload"])

    def test_not_an_object(self):
        for text in ("[]", "null", "1", '"x"', "true", "[{}]", "1e5", "-0"):
            for method, path in (("POST", "/jobs"), ("PUT", "/schedules/s"), ("POST", "/dead-letters/retry"),
                                 ("POST", "/queues/q/pause"), ("POST", "/actors/counter/k/commands/add"),
                                 ("POST", "/nodes/local/drain")):
                with self.subTest(path, text=text):
                    self.assertEqual(self.call(method, path, text, status=422).pointers(), [""])
        self.assertEqual(self.call("POST", "/jobs/batch", "{}", status=422).pointers(), [""])

    def test_both_times_and_both_recurrences(self):
        answer = self.call("POST", "/jobs", {"type": "diag.echo", "delayMs": 1, "runAt": "2026-11-22T17:30:00Z"},
                           status=422)
        self.assertEqual(answer.pointers(), ["/delayMs"])
        self.call("PUT", "/schedules/s", {"type": "diag.echo", "cron": "* * * * *", "intervalMs": 5000}, status=422)
        self.call("PUT", "/schedules/s", {"type": "diag.echo"}, status=422)

    def test_payloads_by_schema(self):
        for payload, pointer in (({}, "/payload/ms"), ({"ms": "1"}, "/payload/ms"), ({"ms": -1}, "/payload/ms"),
                                 ({"ms": 1.5}, "/payload/ms"), ({"ms": 86400001}, "/payload/ms"),
                                 ({"ms": 1, "a/b": 1}, "/payload/a~1b"), ([], "/payload"), (None, "/payload"),
                                 (7, "/payload")):
            with self.subTest(payload=payload):
                for method, path, more in (("POST", "/jobs", {}), ("PUT", "/schedules/s", {"intervalMs": 5000})):
                    answer = self.call(method, path, {"type": "diag.sleep", "payload": payload, **more}, status=422)
                    self.assertEqual(answer.pointers(), [pointer])
        self.assertEqual(self.call("POST", "/jobs", {"type": "diag.sleep"}, status=422).pointers(), ["/payload/ms"])
        self.assertEqual(self.call("POST", "/jobs", {"type": "diag.crash", "payload": {"a": 1}}, status=422).pointers(),
                         ["/payload/a"])


class Syntax(Case):
    def bad(self):
        good = '{"type":"diag.echo","payload":{"a":[1,2,{"b":"c"}]}}'
        yield from (good[:n] for n in range(len(good)))  # truncated everywhere
        for text in ("{", "}", "{]", "nul", "{'a':1}", '{"a":01}', '{"a":1,}', '{"a":.5}', '{"a":1.}', '{"a":+1}',
                     '{"a":NaN}', '{"a":Infinity}', '{"a" 1}', '{"a":1}{"b":2}', '{"a":1} x', "//x", '{"a":"\n"}',
                     '{"a":"\t"}', '{"a":"\\x"}', '{"a":"\\u12g4"}', '{"a":"\\ud800"}', '{"a":"\\udc00"}',
                     '{"a":"\\ud800\\u0041"}', "\ufeff{}", '{"a":1e}', '{"a":1e400}', '{"a":0x10}'):
            yield text
        for raw in (b'{"a":"\xff"}', b'{"a":"\xc0\x80"}', b'{"a":"\xed\xa0\x80"}', b'{"a":"\xf4\x90\x80\x80"}',
                    b'{"a":"\xe2\x82"}', b'{"\xff":1}', b'{"a":1}\x00', b'\x00{"a":1}', b'{"a":\x001}',
                    b'{"a":"\x00"}', b'\xff\xfe{\x00}\x00', b"\x1f\x8b\x08\x00gzip", b"\x80" * 1000):
            yield raw

    def test_malformed(self):
        for path in ("/jobs", "/dead-letters/retry", "/jobs/01M5F0V3ZWQ2YB7N0T4H6K8XCD/retry",
                     "/actors/counter/k/commands/add"):
            for body in self.bad():
                if path != "/jobs" and not body:
                    continue  # no body is needed there
                with self.subTest(path, body=body[:60]):
                    self.call("POST", path, body, status=400)
        for body in self.bad():
            with self.subTest("array", body=body[:60]):
                self.call("POST", "/jobs/batch", b"[" + (body if isinstance(body, bytes) else body.encode()) + b",",
                          status=400)
                self.call("PUT", "/schedules/s", body, status=400)

    def test_depth(self):
        for levels, status in ((62, 202), (63, 202), (64, 400), (1000, 400), (100_000, 400), (500_000, 400)):
            for opening, closing in (("[", "]"), ('{"a":', "}")):
                payload = opening * levels + ("1" if opening != "[" else "") + closing * levels
                if len(payload) > 1_000_000:
                    payload = payload[:1_000_000]  # truncated on top
                with self.subTest(levels=levels, opening=opening):
                    self.call("POST", "/jobs", '{"type":"diag.echo","payload":' + payload + "}", status=status)
                    self.call("POST", "/actors/counter/k/commands/add", '{"by":' + payload + "}",
                              status=422 if status == 202 else 400)
            with self.subTest(levels=levels, opening="never closed"):
                if status == 400:
                    self.call("POST", "/jobs", "[" * levels, status=400)
        self.call("POST", "/jobs/batch", "[" * 1_000_000, status=400)
        line = '{"type":"diag.echo","payload":' + "[" * 100_000 + "]" * 100_000 + "}\n"
        answer = self.call("POST", "/jobs/batch", line * 3, status=200,
                           headers={"Content-Type": "application/x-ndjson"})
        self.assertEqual([json.loads(x)["status"] for x in answer.text().splitlines()], [400] * 3)
        self.assert_healthy()

    def test_payload_comes_back_as_it_was(self):
        payload = {"text": "🎵 \u2028 \\ \" / \b", "numbers": [0, -0.0, 1e300, 1.5e-7, 9007199254740993, -2**63, 2**64 - 1],
                   "empty": [[], {}, ""], "null": None, "deep": [[[[{"a": [True, False]}]]]]}
        job = self.node.wait_job(self.node.submit("diag.echo", payload))
        self.assertEqual(job["payload"], payload)
        self.assertEqual(job["result"], payload)


class Idempotency(Case):
    def submit(self, body, status, key=None):
        return self.call("POST", "/jobs", body, status=status, headers={"Idempotency-Key": key} if key else None)

    def same(self, first, second, key):
        one = self.submit(first, 202, key).json()
        two = self.submit(second, 202, key).json()
        self.assertEqual((one["id"], one["deduplicated"], two["deduplicated"]), (two["id"], False, True))

    def differ(self, first, second, key):
        self.submit(first, 202, key)
        answer = self.submit(second, 422, key)
        self.assertEqual(answer.pointers(), ["/idempotencyKey"])

    def test_header_and_field(self):
        one = self.submit({"type": "diag.echo"}, 202, "k-1").json()
        two = self.submit({"type": "diag.echo", "idempotencyKey": "k-1"}, 202).json()
        three = self.submit({"type": "diag.echo", "idempotencyKey": "k-1"}, 202, '"k-1"').json()
        self.assertEqual({one["id"]}, {two["id"], three["id"]})
        answer = self.submit({"type": "diag.echo", "idempotencyKey": "k-2"}, 422, "k-3")
        self.assertEqual(answer.pointers(), ["/idempotencyKey"])
        self.submit({"type": "diag.echo"}, 422, '""')
        self.submit({"type": "diag.echo"}, 422, "x" * 256)
        self.submit({"type": "diag.echo"}, 202, "x" * 255)
        items = self.call("GET", "/jobs?idempotencyKey=k-1", status=200).json()["items"]
        self.assertEqual([j["id"] for j in items], [one["id"]])
        self.assertEqual(self.call("GET", "/jobs?idempotencyKey=k-2", status=200).json()["items"], [])

    def test_equal_values(self):
        p = lambda text: '{"type":"diag.echo","payload":' + text + "}"
        self.same(p("1"), p("1.0"), "e1")
        self.same(p("100"), p("1e2"), "e2")
        self.same(p('{"a":1,"b":[2]}'), p('{ "b" : [2.0], "a":1 }'), "e3")
        self.same(p('"\\u00e4\\/"'), p('"ä/"'), "e4")
        self.same('{"type":"diag.echo"}', '{"payload":{},"queue":"default","priority":"medium","delayMs":0,"type":"diag.echo"}', "e5")
        self.same('{"type":"diag.echo"}', '{"type":"diag.echo","maxAttempts":5,"timeoutMs":300000}', "e6")
        self.same(p("0"), p("-0"), "e7")

    def test_other_bodies(self):
        p = lambda text: '{"type":"diag.echo","payload":' + text + "}"
        for n, (a, b) in enumerate([("1", "2"), ("1", '"1"'), ("[1,2]", "[2,1]"), ("null", "{}"), ("null", "false"),
                                    ("9007199254740992", "9007199254740993"), ('{"a":1}', '{"a":1,"b":2}'),
                                    ('"a"', '"A"'), ("[]", "{}"), ("[[1],2]", "[[1,2]]")]):
            with self.subTest(a=a, b=b):
                self.differ(p(a), p(b), f"d{n}")
        for n, more in enumerate(["queue", "priority", "key", "delayMs", "maxAttempts", "timeoutMs"]):
            value = {"queue": "q2", "priority": "high", "key": "x", "delayMs": 5, "maxAttempts": 2, "timeoutMs": 9}[more]
            with self.subTest(more):
                self.differ({"type": "diag.echo"}, {"type": "diag.echo", more: value}, f"f{n}")

    def test_after_the_end_and_in_a_batch(self):
        id = self.submit({"type": "diag.crash", "maxAttempts": 1}, 202, "b1").json()["id"]
        self.node.wait_job(id, "dead")
        again = self.submit({"type": "diag.crash", "maxAttempts": 1}, 202, "b1").json()
        self.assertEqual((again["id"], again["status"], again["deduplicated"]), (id, "dead", True))
        self.call("DELETE", "/dead-letters/" + id, status=204)
        again = self.submit({"type": "diag.crash", "maxAttempts": 1}, 202, "b1").json()
        self.assertEqual((again["id"], again["deduplicated"]), (id, True))
        line = {"type": "diag.echo", "idempotencyKey": "b2"}
        lines = self.call("POST", "/jobs/batch", [line, line, {**line, "payload": 1}], status=200).json()
        self.assertEqual(lines[0]["id"], lines[1]["id"])
        self.assertEqual([x["deduplicated"] for x in lines[:2]], [False, True])
        self.assertEqual((lines[2]["status"], lines[2]["errors"][0]["pointer"]), (422, "/2/idempotencyKey"))
        text = json.dumps({**line, "payload": 1})
        answer = self.call("POST", "/jobs/batch", "\n" + text, status=200, headers={"Content-Type": "application/x-ndjson"})
        self.assertTrue(answer.json()["detail"].startswith("line 2:"), answer)

    def test_at_the_same_time(self):
        from support import request_bytes
        connections = [self.node.connect() for _ in range(32)]
        data = request_bytes("POST", "/jobs", {"type": "diag.echo"}, {"Idempotency-Key": "race"}, self.node.token)
        for c in connections:
            c.send(data * 20)
        answers = [c.answer("POST", "/jobs") for c in connections for _ in range(20)]
        self.assertEqual({a.status for a in answers}, {202})
        self.assertEqual(len({a.json()["id"] for a in answers}), 1)
        self.assertEqual(sum(not a.json()["deduplicated"] for a in answers), 1)
        for c in connections:
            c.close()


class Batch(Case):
    NDJSON = {"Content-Type": "application/x-ndjson"}

    def lines(self, text):
        answer = self.call("POST", "/jobs/batch", text, status=200, headers=self.NDJSON)
        self.assertEqual(answer.header("content-type"), "application/x-ndjson")
        out = [json.loads(line) for line in answer.text().splitlines()]
        for line in out:
            CONTRACT.check_schema("BatchLine", line)
        return out

    def test_mixed_lines(self):
        text = ('{"type":"diag.echo"}\n\n  \r\n{"type":"no.such"}\r\n{\n[]\n{"type":"diag.sleep","payload":{"ms":"x"}}\n'
                '\xff\n{"type":"diag.echo","priority":"x","queue":""}\n{"type":"diag.echo"}')
        out = self.lines(text.encode("latin-1"))
        self.assertEqual([x["status"] for x in out], ["queued", 422, 400, 422, 422, 400, 422, "queued"])
        self.assertTrue(out[2]["detail"].startswith("line 5:"), out[2])
        self.assertEqual([e["pointer"] for e in out[4]["errors"]], ["/payload/ms"])
        self.assertEqual([e["pointer"] for e in out[6]["errors"]], ["/priority", "/queue"])
        array = [{"type": "diag.echo"}, 1, {"type": "no.such"}, {"type": "diag.sleep", "payload": {"ms": "x"}},
                 {"type": "diag.echo", "nope": 1}, []]
        out = self.call("POST", "/jobs/batch", array, status=200).json()
        self.assertEqual([x["status"] for x in out], ["queued", 422, 422, 422, 422, 422])
        self.assertEqual([x["errors"][0]["pointer"] for x in out[1:]],
                         ["/1", "/2/type", "/3/payload/ms", "/4/nope", "/5"])

    def test_unknown_type_names_its_line(self):
        out = self.lines('{"type":"diag.echo"}\n{"type":"no.such"}\n{"type":"diag.sleep"}\n')
        self.assertTrue(out[1]["detail"].startswith("line 2:"), out[1])
        self.assertTrue(out[2]["detail"].startswith("line 3:"), out[2])

    def test_empty(self):
        self.assertEqual(self.lines(""), [])
        self.assertEqual(self.lines("\n\r\n \n"), [])
        self.assertEqual(self.call("POST", "/jobs/batch", "[]", status=200).json(), [])
        self.call("POST", "/jobs/batch", "", status=400)

    def test_100000_lines(self):
        count = 100_000
        out = self.lines("".join('{"type":"diag.echo","payload":%d}\n' % n if n % 1000 else '{"type":"no"}\n'
                                 for n in range(count)))
        self.assertEqual(len(out), count)
        bad = [n for n, x in enumerate(out) if isinstance(x["status"], int)]
        self.assertEqual(bad, list(range(0, count, 1000)))
        good = [x["id"] for x in out if "id" in x]
        self.assertEqual(good, sorted(good))
        self.assertEqual(len(set(good)), count - len(bad))
        self.assertEqual(self.node.wait_job(good[-1], seconds=30)["payload"], count - 1)
        self.assertEqual(self.node.wait_job(good[0])["payload"], 1)

    def test_too_many(self):
        self.call("POST", "/jobs/batch", "[" + "0," * 200_000 + "0]", status=422)
        self.call("POST", "/jobs/batch", "0\n" * 200_001, status=422, headers=self.NDJSON)
        self.assertEqual(len(self.call("POST", "/jobs/batch", "[" + "0," * 9999 + "0]", status=200).json()), 10000)


if __name__ == "__main__":
    main()
