"""What the contract says of several nodes: three of them, asked at one that neither coordinates nor is asked about."""
import signal
import time
import unittest
import urllib.parse

from clusters import TTL, Cluster
from support import CONTRACT, TOKEN, main, note, request_bytes, wait_for

# The statuses that only a cluster gives; http_contract_statuses shows all others.
SHOWN = {("POST", "/nodes/{name}/drain", 200), ("POST", "/nodes/{name}/drain", 202),
         ("POST", "/nodes/{name}/undrain", 200), ("POST", "/nodes/{name}/down", 200)}
VERBS = ("drain", "undrain", "down")
cluster = None


def setUpModule():
    global cluster
    cluster = Cluster()
    cluster.start()
    cluster.settled()
    cluster.agreed()


def tearDownModule():
    cluster.close()


def path_of(key, command=None):
    path = "/actors/counter/" + urllib.parse.quote(key, safe="")
    return path + (f"/commands/{command}" if command else "")


class Case(unittest.TestCase):
    maxDiff = 4000

    def setUp(self):
        """`asked` answers, `other` is asked about; the third coordinates."""
        self.coordinator = cluster.view()["coordinator"]
        self.asked, self.other = sorted(set("abc") - {self.coordinator})

    def call(self, method, target, body=None, status=None, by=None, **more):
        answer = CONTRACT.check(cluster.nodes[by or self.asked].request(method, target, body, **more))
        if status is not None:
            self.assertEqual(answer.status, status, answer)
        return answer

    def calls(self, requests, by=None):
        """All under way at once: (answer, seconds) each."""
        node, out = cluster.nodes[by or self.asked], []
        connections = [node.connect() for _ in requests]
        began = time.monotonic()
        for c, (method, target, body) in zip(connections, requests):
            c.send(request_bytes(method, target, body, token=TOKEN))
        for c, (method, target, _) in zip(connections, requests):
            out.append((CONTRACT.check(c.answer(method, target)), time.monotonic() - began))
            c.close()
        return out

    def add(self, key, by=None, **more):
        return self.call("POST", path_of(key, "add"), by=by, **more)

    def owner(self, key):
        return self.add(key, status=200).json()["node"]

    def key_on(self, node):
        """A fresh key of an entity that lives there."""
        for n in range(1000):
            key = f"{self.id()}-{n}"
            if self.owner(key) == node:
                return key
        self.fail(f"no key is of {node}")

    def state_of(self, node, by=None):
        members = self.call("GET", "/clusters", status=200, by=by).json()["members"]
        return next((m["state"] for m in members if m["name"] == node), None)


class A_Whole(Case):
    def test_every_node_tells_the_same(self):
        views = [self.call("GET", "/clusters", status=200, by=n).json() for n in "abc"]
        for view in views:
            self.assertEqual([m["name"] for m in view["members"]], ["a", "b", "c"])
            self.assertTrue(view["complete"])
            self.assertEqual(view["nodes"], [{"name": n, "status": "up"} for n in "abc"])
            for key in ("name", "coordinator", "epoch", "partitions", "partitionsPerMember"):
                self.assertEqual(view[key], views[0][key])
            for m, node in zip(view["members"], "abc"):
                self.assertEqual(m["partitions"], view["partitionsPerMember"][node])
                self.assertEqual(m["http"], f"127.0.0.1:{cluster.nodes[node].port}")
            self.assertIn(f"{view['coordinator']} coordinates now", [e["what"] for e in view["events"]])

    def test_entities_are_one_wherever_they_are_asked(self):
        for n in range(30):
            key = f"one-{n}"
            values = [self.add(key, by=node, status=200).json()["value"] for node in "abc"]
            self.assertEqual(values, [1, 2, 3])
            seen = [self.call("GET", path_of(key), status=200, by=node).json() for node in "abc"]
            self.assertEqual(len({(e["node"], e["epoch"], e["version"]) for e in seen}), 1)
            self.assertEqual(seen[0]["state"], {"value": 3})

    def test_what_the_owner_refuses_comes_back(self):
        key = self.key_on(self.other)
        self.call("POST", path_of(key, "add"), {"by": 2**63 - 2}, status=200)
        for body, pointers in (({"by": 2}, ["/by"]), ({"by": "1"}, ["/by"]), ({"a/b": 1}, ["/a~1b"])):
            answer = self.call("POST", path_of(key, "add"), body, status=422)
            self.assertEqual(answer.pointers(), pointers)
        self.call("POST", path_of(key, "none"), status=404)
        self.assertEqual(self.call("POST", path_of(key, "get"), status=200).json()["value"], 2**63 - 1)

    def test_any_key_reaches_its_owner(self):
        for key in ("a/b?c#d%", "\n\t\x7f\x01", "🎵" * 128, "..", "\"'\\", " ", "+", "types", "x" * 512):
            values = [self.add(key, by=node, status=200).json()["value"] for node in "abc"]
            self.assertEqual(values, [1, 2, 3], key)
            self.assertEqual(self.call("GET", path_of(key), status=200).json()["key"], key)
        self.call("GET", path_of("x" * 513), status=422)
        self.call("GET", path_of("🎵" * 128 + "x"), status=422)

    def test_looking_does_not_wake(self):
        for n in range(10):
            for node in "abc":
                answer = self.call("GET", path_of(f"asleep-{n}"), status=200, by=node).json()
                self.assertEqual(answer, {"type": "counter", "key": f"asleep-{n}", "active": False})

    def test_lists_and_trees_are_of_all_nodes(self):
        for n in range(60):
            self.add(f"listed-{n}", status=200)
        for sort in ("path", "messages", "busy"):
            whole = self.walk(f"/actors?type=counter&sort={sort}")
            self.assertEqual({a["node"] for a in whole}, set("abc"))
            key = {"busy": "busySeconds"}.get(sort, sort)
            values = [a[key] for a in whole]
            self.assertEqual(values, sorted(values, reverse=sort != "path"))
            if sort == "path":
                paths = [a["path"] for a in whole]
                self.assertEqual(len(paths), len(set(paths)))
                self.assertEqual(sum("/listed-" in p for p in paths), 60)
        only = self.walk(f"/actors?type=counter&node={self.other}")
        self.assertEqual({a["node"] for a in only}, {self.other})
        counted = self.call("GET", "/clusters", status=200).json()["entities"]["counter"]
        self.assertEqual(counted, len(self.walk("/actors?type=counter")))
        trees = self.call("GET", "/supervision", status=200).json()
        self.assertEqual([(n["name"], n["tree"]["path"]) for n in trees["nodes"]], [(n, "/" + n) for n in "abc"])
        self.assertTrue(trees["complete"])

    def walk(self, path):
        out, cursor = [], ""
        while cursor is not None:
            page = self.call("GET", f"{path}&limit=7" + (f"&cursor={cursor}" if cursor else ""), status=200).json()
            self.assertTrue(page["complete"])
            out += page["items"]
            cursor = page["nextCursor"]
        return out

    def test_refusals(self):
        for verb in VERBS:
            with self.subTest(verb):
                self.call("POST", "/nodes/nobody/" + verb, status=404)
                self.call("POST", "/nodes/a%20b/" + verb, status=422)
                self.call("POST", f"/nodes/{self.other}/{verb}?force=true", status=422)
                self.call("POST", f"/nodes/{self.other}/{verb}", {"force": True}, status=422)
                self.call("POST", f"/nodes/{self.other}/{verb}", "{", status=400)
                self.call("POST", f"/nodes/{self.other}/{verb}", status=401, auth=False)
        self.call("POST", f"/nodes/{self.other}/drain?plan=perhaps", status=422)
        for node in "abc":
            self.call("POST", f"/nodes/{node}/down", status=409)
        self.assertEqual({m["state"] for m in cluster.view()["members"]}, {"up"})


class B_Drain(Case):
    def plan(self, node):
        answer = self.call("POST", f"/nodes/{node}/drain?plan=true", status=200).json()
        self.assertEqual((answer["node"], answer["plan"]), (node, True))
        return answer

    def test_1_plan_changes_nothing(self):
        key = self.key_on(self.other)
        for node in "abc":  # the one that is asked and the coordinator, too
            before = self.call("GET", "/clusters", status=200).json()
            plan = self.plan(node)
            self.assertEqual(plan["partitions"], before["partitionsPerMember"][node])
            self.assertEqual(sum(m["partitions"] for m in plan["moves"]), plan["partitions"])
            self.assertEqual({(m["role"], m["to"]) for m in plan["moves"]}, {("worker", n) for n in "abc" if n != node})
            self.assertEqual(plan["staying"], 0)
            live = self.call("GET", f"/actors?type=counter&node={node}&limit=500", status=200).json()["items"]
            self.assertEqual(plan["entities"], len(live))
        after = self.call("GET", "/clusters", status=200).json()
        self.assertEqual((after["members"], after["epoch"]), (before["members"], before["epoch"]))
        self.assertEqual(self.owner(key), self.other)

    def test_2_everything_moves_and_comes_back(self):
        keys = [f"moved-{n}" for n in range(30)] + [self.key_on(self.other)]
        expected = {key: self.add(key, status=200).json()["value"] for key in keys}
        plan = self.plan(self.other)
        answer = self.call("POST", f"/nodes/{self.other}/drain", {}, status=202).json()
        self.assertEqual((answer["plan"], answer["partitions"], answer["moves"]),
                         (False, plan["partitions"], plan["moves"]))
        began, slowest = time.monotonic(), 0.0

        def drained():
            nonlocal slowest
            for key in keys:  # nobody who asks notices
                sent = time.monotonic()
                expected[key] += 1
                self.assertEqual(self.add(key, status=200).json()["value"], expected[key])
                slowest = max(slowest, time.monotonic() - sent)
            view = self.call("GET", "/clusters", status=200).json()
            return view["partitionsPerMember"].get(self.other, 0) == 0

        wait_for(drained, "a node that owns nothing", 30, 0)
        note(f"drained in {time.monotonic() - began:.1f} s; slowest command {slowest * 1000:.0f} ms")
        for node in "abc":
            wait_for(lambda: self.state_of(self.other, by=node) == "leaving", "the state to be seen", 3 * TTL)
        nodes = {key: self.add(key, by=self.other, status=200).json() for key in keys}
        self.assertEqual({key: n["value"] for key, n in nodes.items()}, {key: v + 1 for key, v in expected.items()})
        self.assertNotIn(self.other, {n["node"] for n in nodes.values()})
        self.assertEqual(self.call("GET", f"/actors?type=counter&node={self.other}", status=200).json()["items"], [])
        again = self.call("POST", f"/nodes/{self.other}/drain", status=202).json()
        self.assertEqual((again["partitions"], again["moves"], again["staying"]), (0, [], 0))
        self.call("POST", f"/nodes/{self.other}/down", status=409)  # it is not lost

        back = {"node": self.other, "state": "up"}
        self.assertEqual(self.call("POST", f"/nodes/{self.other}/undrain", status=200).json(), back)
        cluster.settled()
        self.assertEqual(self.call("POST", f"/nodes/{self.other}/undrain", {}, status=200).json(), back)
        for key in keys:
            self.assertEqual(self.add(key, status=200).json()["value"], expected[key] + 2)


class C_Frozen(Case):
    def test_what_a_silent_node_leaves(self):
        key = self.key_on(self.other)
        before = self.add(key, status=200).json()["value"]
        nodes = f"/nodes/{self.other}"
        cluster.nodes[self.other].signal(signal.SIGSTOP)
        try:
            actors, trees, view, plan, drain, undrain, look, command = self.calls([
                ("GET", "/actors?limit=500", None), ("GET", "/supervision", None), ("GET", "/clusters", None),
                ("POST", nodes + "/drain?plan=true", None), ("POST", nodes + "/drain", None),
                ("POST", nodes + "/undrain", None), ("GET", path_of(key), None), ("POST", path_of(key, "add"), None)])
        finally:
            cluster.nodes[self.other].signal(signal.SIGCONT)
        for answer, seconds in (actors, trees, view):
            self.assertEqual(answer.status, 200, answer)
            self.assertLess(seconds, 1.3)
            self.assertFalse(answer.json()["complete"])
            silent = next(n for n in answer.json()["nodes"] if n["name"] == self.other)
            self.assertEqual(silent["status"], "unreachable")
        self.assertEqual({a["node"] for a in actors[0].json()["items"]}, set("abc") - {self.other})
        self.assertEqual([n["name"] for n in trees[0].json()["nodes"] if n["tree"] is None], [self.other])
        self.assertEqual(len(view[0].json()["members"]), 3)
        self.assertEqual((plan[0].status, plan[0].json()["entities"]), (200, None))
        for answer, seconds in (drain, undrain, look, command):  # 504: it may do it yet; 503: already given up
            self.assertIn(answer.status, (503, 504), answer)
        note("to a frozen node: drain %d after %.1f s, a command %d after %.1f s"
             % (drain[0].status, drain[1], command[0].status, command[1]))

        def taken_back():
            if self.state_of(self.other) not in ("up", "leaving"):
                return False
            return self.call("POST", nodes + "/undrain").status == 200

        wait_for(taken_back, "the thawed node", 20, 0.1)
        cluster.settled()
        self.assertIn(self.call("POST", path_of(key, "get"), status=200).json()["value"], (before, before + 1))


class D_Lost(Case):
    def test_a_dead_node_is_taken_over_and_forgotten(self):
        key = self.key_on(self.other)
        before = self.add(key, status=200).json()["value"]
        cluster.kill(self.other)
        statuses = []

        def taken_over():
            statuses.append(self.call("GET", path_of(key)).status)
            self.assertIn(statuses[-1], (200, 503, 504))
            return statuses[-1] == 200

        wait_for(taken_over, "another owner", 5 * TTL)
        self.assertIn(503, statuses)  # it is nobody's for a while
        self.assertEqual(self.add(key, status=200).json()["value"], before + 1)
        living = sorted(set("abc") - {self.other})
        for node in living:
            wait_for(lambda: self.state_of(self.other, by=node) == "down", "the state to be seen", 3 * TTL)
        view = self.call("GET", "/clusters", status=200).json()
        self.assertEqual(([n["name"] for n in view["nodes"]], view["complete"]), (living, True))
        for verb in ("drain", "drain?plan=true", "undrain"):
            self.call("POST", f"/nodes/{self.other}/{verb}", status=409)
        self.assertEqual(self.call("POST", f"/nodes/{self.other}/down", status=200).json(),
                         {"node": self.other, "state": "down"})
        for node in living:
            wait_for(lambda: self.state_of(self.other, by=node) is None, "it to be forgotten", 5)
        for verb in VERBS:
            self.call("POST", f"/nodes/{self.other}/{verb}", status=404)
        cluster.start(self.other)
        cluster.settled(*"abc")
        self.assertEqual(self.add(key, by=self.other, status=200).json()["value"], before + 2)


class Z_Everything(unittest.TestCase):
    def test_what_is_left_to_this_module_was_shown(self):
        self.assertEqual(SHOWN - CONTRACT.seen, set())


if __name__ == "__main__":
    main()
