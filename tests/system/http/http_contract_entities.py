"""Entities over HTTP on a node that is alone: types, keys, commands and their bodies, looking at them."""
import unittest
import urllib.parse

from support import CONTRACT, Case, main, request_bytes

MOST, LEAST = 2**63 - 1, -2**63


def path_of(key, command=None, encoded=None):
    path = "/actors/counter/" + (encoded or urllib.parse.quote(key, safe=""))
    return path + (f"/commands/{command}" if command else "")


class Entities(Case):
    def add(self, key, by=1, status=200):
        return self.call("POST", path_of(key, "add"), {"by": by}, status=status)

    def value(self, key):
        return self.call("POST", path_of(key, "get"), status=200).json()["value"]


class Types(Entities):
    def test_named_with_their_commands(self):
        page = self.call("GET", "/actors/types", status=200).json()
        names = [t["name"] for t in page["items"]]
        self.assertEqual(names, sorted(names))
        counter = page["items"][names.index("counter")]
        self.assertEqual((counter["role"], counter["persistent"], counter["remembered"]), ("worker", True, True))
        commands = {c["name"]: c for c in counter["commands"]}
        self.assertEqual(set(commands), {"add", "get"})
        self.assertEqual(commands["add"]["schema"]["properties"]["by"]["type"], "integer")
        answer = self.add("typed").json()
        self.assertEqual(set(answer), set(commands["add"]["reply"]["properties"]))
        wrong = CONTRACT.problems(commands["add"]["reply"], "reply of add", answer)
        self.assertEqual(wrong, [])

    def test_unknown_ones(self):
        for name in ("nothing", "Counter", "counter%20", "%2e", "x" * 300, "%F0%9F%8E%B5", "types", "counter%2Fa"):
            with self.subTest(type=name):
                self.call("GET", f"/actors/{name}/k", status=404)
                self.call("POST", f"/actors/{name}/k/commands/get", status=404)
        for name in ("nothing", "Add", "add%20", "..", "x" * 300, "%F0%9F%8E%B5", "add%2F", "$inspect", "$command"):
            with self.subTest(command=name):
                self.call("POST", f"/actors/counter/k/commands/{name}", {"by": 1}, status=404)
        self.assertFalse(self.call("GET", path_of("k"), status=200).json()["active"])

    def test_parameters(self):
        self.call("GET", path_of("k") + "?state=true", status=422)
        self.call("POST", path_of("k", "add") + "?by=1", status=422)
        self.call("GET", "/actors/types?type=counter", status=422)
        self.call("GET", "/clusters?node=local", status=422)
        self.call("GET", "/supervision?node=local", status=422)


class Life(Entities):
    def test_looking_never_wakes(self):
        for _ in range(3):
            answer = self.call("GET", path_of("asleep"), status=200).json()
            self.assertEqual(answer, {"type": "counter", "key": "asleep", "active": False})
        self.call("HEAD", path_of("asleep"), status=200)
        paths = [a["path"] for a in self.call("GET", "/actors?type=counter&limit=500", status=200).json()["items"]]
        self.assertNotIn("/local/entities/counter/asleep", paths)

    def test_woken_by_a_command(self):
        self.assertEqual(self.value("woken"), 0)
        seen = self.call("GET", path_of("woken"), status=200).json()
        self.assertEqual((seen["active"], seen["version"], seen["state"]), (True, 0, {"value": 0}))
        self.assertEqual((seen["path"], seen["node"]), ("/local/entities/counter/woken", "local"))
        answer = self.add("woken", 5).json()
        self.assertEqual((answer["value"], answer["node"], answer["epoch"]), (5, "local", seen["epoch"]))
        again = self.call("GET", path_of("woken"), status=200).json()
        self.assertEqual((again["version"], again["state"], again["startedAt"]), (1, {"value": 5}, seen["startedAt"]))
        self.assertGreater(again["messages"], seen["messages"])

    def test_counted_where_nodes_are_shown(self):
        self.add("counted")
        before = self.call("GET", "/clusters", status=200).json()
        for n in range(7):
            self.add(f"counted-{n}")
        after = self.call("GET", "/clusters", status=200).json()
        self.assertEqual(after["entities"]["counter"], before["entities"]["counter"] + 7)
        self.assertEqual(after["members"], before["members"])
        self.assertEqual((after["coordinator"], after["partitionsPerMember"], after["complete"]),
                         ("local", {"local": 256}, True))

    def test_additions_at_the_same_time(self):
        connections = [self.node.connect() for _ in range(16)]
        data = request_bytes("POST", path_of("race", "add"), {"by": 1}, token=self.node.token)
        for c in connections:
            c.send(data * 50)
        answers = [self.check(c.answer("POST", path_of("race", "add")), 200) for c in connections for _ in range(50)]
        for c in connections:
            c.close()
        self.assertEqual(sorted(a.json()["value"] for a in answers), list(range(1, 801)))


class Bodies(Entities):
    def test_good_ones(self):
        for body, sum in ((None, 1), ("{}", 2), (' { "by" : 3 } \n', 5), ({"by": -6}, -1), ({"by": 0}, -1),
                          ('{"\\u0062y":2}', 1)):
            with self.subTest(body=body):
                self.assertEqual(self.call("POST", path_of("good", "add"), body, status=200).json()["value"], sum)

    def test_wrong_ones_are_pointed_at_and_change_nothing(self):
        self.add("wrong", 7)
        items = self.call("GET", "/actors/types", status=200).json()["items"]
        counter = next(t for t in items if t["name"] == "counter")
        schema = next(c["schema"] for c in counter["commands"] if c["name"] == "add")
        self.assertEqual(CONTRACT.problems(schema, "body of add", {"by": MOST}), [])
        for body, pointers in (({"by": None}, ["/by"]), ({"by": "1"}, ["/by"]), ({"by": 1.5}, ["/by"]),
                               ({"by": True}, ["/by"]), ({"by": []}, ["/by"]), ({"by": {}}, ["/by"]),
                               ({"by": 2**63}, ["/by"]), ({"by": -2**63 - 1}, ["/by"]), ({"by": 1e300}, ["/by"]),
                               ({"by": 1, "nope": 1}, ["/nope"]), ({"By": 1}, ["/By"]), ({"": 1}, ["/"]),
                               ({"a/b~c": 1}, ["/a~1b~0c"]), ({"\u0000": 1}, ["/\u0000"]), ({"ä": 1}, ["/ä"]),
                               ('{"by":1,"by":1}', ["/by"]), ('{"by":1,"b\\u0079":2}', ["/by"]),
                               ('{"x":1,"y":1,"x":1,"y":1}', ["/x", "/y"]), ("[]", [""]), ("1", [""]), ("null", [""])):
            with self.subTest(body=body):
                answer = self.call("POST", path_of("wrong", "add"), body, status=422)
                self.assertEqual(answer.pointers(), pointers)
                self.assertIn(pointers[0], answer.json()["detail"])
                if not isinstance(body, str):
                    self.assertNotEqual(CONTRACT.problems(schema, "body of add", body), [])
        self.assertEqual(self.call("POST", path_of("wrong", "get"), {"by": 1}, status=422).pointers(), ["/by"])
        self.assertEqual(self.value("wrong"), 7)

    def test_sums_that_do_not_fit(self):
        self.assertEqual(self.add("high", MOST).json()["value"], MOST)
        self.assertEqual(self.add("high", 1, status=422).pointers(), ["/by"])
        self.assertEqual(self.add("low", LEAST).json()["value"], LEAST)
        self.assertEqual(self.add("low", -1, status=422).pointers(), ["/by"])
        self.assertEqual((self.value("high"), self.value("low")), (MOST, LEAST))
        self.assertEqual(self.add("high", LEAST).json()["value"], -1)

    def test_largest(self):
        body = '{"by":1' + " " * ((1 << 20) - 8) + "}"
        self.assertEqual(len(body), 1 << 20)
        self.call("POST", path_of("large", "add"), body, status=200)
        self.call("POST", path_of("large", "add"), body + " ", status=413)
        self.assertEqual(self.value("large"), 1)

    def test_order_of_checks(self):
        self.call("POST", "/actors/nothing/k/commands/add", "{", status=404)
        self.call("POST", path_of("k", "nothing"), "{", status=404)
        self.call("POST", path_of("x" * 513, "add"), "{", status=422)
        self.call("POST", path_of("k", "add") + "?x=1", "{", status=422)
        self.call("POST", path_of("k", "add") + "?%zz", "{", status=400)


class Keys(Entities):
    ODD = ["/", "//", "a/b", "?", "#", "%", "%2F", "&=", "+", " ", "  ", ".", "..", "../types", "types", "commands",
           "\"", "'", "\\", "<script>", "{key}", "*", "\n", "\r\n", "\t", "\x01", "\x7f", "ä", "ключ", "🎵", "\u2028",
           "\ufeff", "a\u0301", "á", "null", "0", "-1"]

    def test_any_characters(self):
        for n, key in enumerate(self.ODD, 1):
            with self.subTest(key=key):
                self.assertEqual(self.add(key, n).json()["value"], n)
        for n, key in enumerate(self.ODD, 1):
            with self.subTest(key=key):
                seen = self.call("GET", path_of(key), status=200).json()
                self.assertEqual((seen["key"], seen["path"], seen["state"]),
                                 (key, "/local/entities/counter/" + key, {"value": n}))
        self.assertEqual(len(set(self.listed(limit=1)) & {"/local/entities/counter/" + k for k in self.ODD}),
                         len(self.ODD))

    def listed(self, limit):
        paths, cursor = [], ""
        while cursor is not None:
            page = self.call("GET", f"/actors?type=counter&limit={limit}" + (f"&cursor={cursor}" if cursor else ""),
                             status=200).json()
            paths += [a["path"] for a in page["items"]]
            cursor = page["nextCursor"]
        self.assertEqual(len(paths), len(set(paths)))
        return paths

    def test_one_key_however_it_is_encoded(self):
        for n, encoded in enumerate(("same", "s%61me", "%73%61%6D%65", "%73%61%6d%65"), 1):
            answer = self.call("POST", path_of(None, "add", encoded=encoded), status=200)
            self.assertEqual(answer.json()["value"], n)
        self.assertEqual(self.value("Same"), 0)
        self.add("a+b", 3)
        self.assertEqual(self.call("GET", path_of(None, encoded="a+b"), status=200).json()["state"], {"value": 3})
        self.assertEqual(self.value("a b"), 0)

    def test_length(self):
        for key in ("x" * 512, "🎵" * 128, "%" * 512):
            self.assertEqual(self.add(key, 2).json()["value"], 2)
            self.assertEqual(self.call("GET", path_of(key), status=200).json()["key"], key)
        for key in ("x" * 513, "🎵" * 128 + "x", "ä" * 257, "y" * 2000):
            with self.subTest(key=key[:10]):
                self.call("GET", path_of(key), status=422)
                self.call("POST", path_of(key, "get"), status=422)

    def test_no_keys(self):
        for encoded in ("%00", "a%00b", "%ff", "%c0%af", "%ed%a0%80", "%", "%4", "%zz"):
            with self.subTest(encoded):
                self.call("GET", path_of(None, encoded=encoded), status=400)
                self.call("POST", path_of(None, "add", encoded=encoded), status=400)


if __name__ == "__main__":
    main()
