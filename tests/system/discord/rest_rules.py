"""REST of tutti-sim: authorization, limits, validation, messages and commands."""
import http.client
import json
import time
import unittest

from raw_client import AGENT, BOT, GENERAL, GUILD, HIDDEN, LOUNGE, USER, Simulator

MESSAGES = f"/channels/{GENERAL}/messages"
COMMANDS = f"/applications/{BOT}/commands"


def row(*components):
    return {"type": 1, "components": list(components)}


def button(**more):
    return {"type": 2, "style": 1, "label": "x", "custom_id": "x", **more}


class Rest(unittest.TestCase):
    def setUp(self):
        self.sim = Simulator()
        self.addCleanup(self.sim.close)

    def refused(self, body, path, *, to=MESSAGES, code="", method="POST"):
        """The nested error of a 50035 at `path` (names and indices)."""
        status, _, answer = self.sim.rest(method, to, body)
        self.assertEqual((status, answer["code"]), (400, 50035), (body, answer))
        node = answer["errors"]
        for part in path.split(".") if path else ():
            self.assertIn(part, node, answer)
            node = node[part]
        self.assertIn("_errors", node, answer)
        if code:
            self.assertIn(code, [e["code"] for e in node["_errors"]])


class Access(Rest):
    def test_authorization_agent_and_version(self):
        self.assertEqual(self.sim.rest("GET", "/users/@me")[0], 200)
        for token, headers in ((None, {}), ("wrong", {}), (None, {"Authorization": "sim-token"}),
                               (None, {"Authorization": "Bearer sim-token"})):
            status, _, answer = self.sim.rest("GET", "/users/@me", token=token, headers=headers)
            self.assertEqual((status, answer["code"]), (401, 50014))
        self.assertEqual(self.sim.breaches("rest_token"), 4)
        self.assertEqual(self.sim.rest("GET", "/users/@me", headers={"User-Agent": "curl/8"})[0], 403)
        self.assertEqual(self.sim.rest("GET", "/nowhere")[0], 404)
        self.assertEqual(self.sim.rest("DELETE", "/gateway/bot")[0], 405)
        self.assertEqual(self.sim.rest("GET", "/gateway", token=None)[2], {"url": self.sim.discord.replace("http", "ws")})

    def test_bodies_must_be_json(self):
        for raw, media, code in ((b"{", "application/json", 50109), (b"{}", "text/plain", 50035), (b"\xff", "application/json", 50109)):
            status, _, answer = self.sim.rest("POST", MESSAGES, raw=raw, headers={"Content-Type": media})
            self.assertEqual((status, answer["code"]), (400, code))

    def test_guilds_members_and_channels(self):
        for path, status in ((f"/guilds/{GUILD}", 200), ("/guilds/1", 404), (f"/guilds/{GUILD}/members/{USER}", 200),
                             (f"/guilds/{GUILD}/members/1", 404), (f"/channels/{GENERAL}", 200), ("/channels/1", 404),
                             (f"/channels/{HIDDEN}", 403), (f"/users/{USER}", 200), ("/users/1", 404)):
            self.assertEqual(self.sim.rest("GET", path)[0], status, path)


class Limits(Rest):
    def test_a_bucket_empties_and_fills_again(self):
        for left in (4, 3, 2, 1, 0):
            status, headers, _ = self.sim.rest("POST", MESSAGES, {"content": "x"})
            self.assertEqual((status, headers["x-ratelimit-remaining"], headers["x-ratelimit-limit"]), (200, str(left), "5"))
        self.assertAlmostEqual(float(headers["x-ratelimit-reset"]), time.time() + float(headers["x-ratelimit-reset-after"]), delta=1)
        status, headers, answer = self.sim.rest("POST", MESSAGES, {"content": "x"})
        self.assertEqual((status, answer["global"], headers["x-ratelimit-scope"]), (429, False, "user"))
        self.assertGreater(answer["retry_after"], 0)
        self.assertGreaterEqual(int(headers["retry-after"]), answer["retry_after"])
        self.assertEqual(self.sim.breaches("rate_limit_user"), 1)
        other = self.sim.rest("POST", f"/channels/{LOUNGE}/messages", {"content": "another channel's bucket"})
        self.assertEqual((other[0], other[1]["x-ratelimit-bucket"]), (200, headers["x-ratelimit-bucket"]))
        time.sleep(answer["retry_after"])  # what the server said
        self.assertEqual(self.sim.rest("POST", MESSAGES, {"content": "x"})[0], 200)

    def test_the_global_limit_is_fifty_a_second_and_spares_interactions(self):
        connection = http.client.HTTPConnection(self.sim.discord.removeprefix("http://"), timeout=10)
        statuses = []
        began = time.monotonic()
        for n in range(60):
            connection.request("GET", f"/api/v10/guilds/{GUILD + n}", headers={"User-Agent": AGENT, "Authorization": "Bot sim-token"})
            answer = connection.getresponse()
            text = answer.read()
            statuses.append(answer.status)
            if answer.status == 429:
                break
        self.assertLess(time.monotonic() - began, 0.9, "too slow a machine to see the limit")
        self.assertEqual((len(statuses), answer.getheader("X-RateLimit-Global"), answer.getheader("X-RateLimit-Scope")),
                         (51, "true", "global"))
        self.assertTrue(json.loads(text)["global"])
        connection.request("POST", "/api/v10/interactions/1/x/callback", "{}",
                           {"User-Agent": AGENT, "Content-Type": "application/json"})
        self.assertEqual(connection.getresponse().status, 404)
        connection.close()

    def test_ten_thousand_invalid_requests_ban_the_address(self):
        connection = http.client.HTTPConnection(self.sim.discord.removeprefix("http://"), timeout=10)
        for n in range(10_001):
            connection.request("GET", "/api/v10/users/@me", headers={"User-Agent": AGENT})
            answer = connection.getresponse()
            text = answer.read()
            if answer.status != 401:
                break
        self.assertEqual((n, answer.status), (10_000, 429))
        self.assertNotEqual(answer.getheader("Content-Type"), "application/json")
        self.assertIn(b"<html>", text)
        self.assertGreater(int(answer.getheader("Retry-After")), 500)
        connection.close()

    def test_answers_by_fault(self):
        for scope in ("user", "global", "shared"):
            self.sim.fault("status", target="rest", code=429, scope=scope, retryAfter=1.337, count=1)
            status, headers, answer = self.sim.rest("GET", "/users/@me")
            self.assertEqual((status, headers["x-ratelimit-scope"], answer["retry_after"], answer["global"]),
                             (429, scope, 1.337, scope == "global"))
        self.sim.fault("status", target="rest", code=502, path="/users/", count=2)
        self.assertEqual(self.sim.rest("GET", "/gateway")[0], 200)
        self.assertEqual([self.sim.rest("GET", "/users/@me")[0] for _ in range(3)], [502, 502, 200])
        self.sim.fault("garbage", target="rest", code=503, count=1)
        self.assertIn("Cloudflare", self.sim.rest("GET", "/users/@me")[2])
        self.sim.fault("refuse", target="rest", count=1)
        with self.assertRaises(ConnectionError):
            self.sim.rest("GET", "/users/@me")
        self.sim.fault("slow", target="rest", ms=300)
        began = time.monotonic()
        self.assertEqual(self.sim.rest("GET", "/users/@me")[0], 200)
        self.assertGreaterEqual(time.monotonic() - began, 0.3)
        self.sim.heal()


class Messages(Rest):
    def test_create_edit_read_delete(self):
        _, _, made = self.sim.rest("POST", MESSAGES, {"content": "a", "embeds": [{"title": "t", "description": "d"}],
                                                      "components": [row(button())], "allowed_mentions": {"parse": []}})
        self.assertEqual((made["content"], made["embeds"][0]["type"], made["edited_timestamp"]), ("a", "rich", None))
        path = f"{MESSAGES}/{made['id']}"
        status, _, edited = self.sim.rest("PATCH", path, {"content": "b", "components": []})
        self.assertEqual((status, edited["content"], edited["components"]), (200, "b", []))
        self.assertEqual(self.sim.rest("GET", path)[2], edited)
        status, headers, _ = self.sim.rest("DELETE", path)
        self.assertEqual(status, 204)
        self.assertNotIn("content-type", headers)
        self.assertEqual(self.sim.rest("GET", path)[2]["code"], 10008)

    def test_bounds(self):
        self.sim.control("DELETE", "/sim/faults")
        cases = [
            ({"content": "x" * 2001}, "content", "BASE_TYPE_MAX_LENGTH"),
            ({"content": 5}, "content", "STRING_TYPE_CONVERT"),
            ({"content": "a", "flags": 64}, "flags", "BITFIELD_FLAGS_INVALID"),
            ({"embeds": [{"title": "x"}] * 11}, "embeds", "BASE_TYPE_BAD_LENGTH"),
            ({"embeds": [{"title": "x" * 257}]}, "embeds.0.title", ""),
            ({"embeds": [{"description": "x" * 4000}, {"description": "x" * 2001}]}, "embeds", "MAX_EMBED_SIZE_EXCEEDED"),
            ({"embeds": [{"fields": [{"name": "x"}]}]}, "embeds.0.fields.0.value", "BASE_TYPE_REQUIRED"),
            ({"embeds": [{"color": 0x1000000}]}, "embeds.0.color", "NUMBER_TYPE_MAX"),
            ({"components": [row(button())] * 6}, "components", "BASE_TYPE_BAD_LENGTH"),
            ({"components": [row(*[button(custom_id=str(n)) for n in range(6)])]}, "components.0.components", ""),
            ({"components": [row(button(), button())]}, "components.0.components.1.custom_id", "COMPONENT_CUSTOM_ID_DUPLICATED"),
            ({"components": [row(button(label="x" * 81))]}, "components.0.components.0.label", ""),
            ({"components": [row(button(custom_id="x" * 101))]}, "components.0.components.0.custom_id", ""),
            ({"components": [row({"type": 2, "style": 5, "label": "x"})]}, "components.0.components.0.url", "BASE_TYPE_REQUIRED"),
            ({"components": [button()]}, "components.0.type", "UNION_TYPE_CHOICES"),
            ({"components": [row({"type": 3, "custom_id": "s", "options": []})]}, "components.0.components.0.options", ""),
            ({"content": "x", "flags": 1 << 15, "components": [{"type": 10, "content": "y"}]}, "content", ""),
            ({"content": "x", "allowed_mentions": {"parse": ["all"]}}, "allowed_mentions.parse.0", "BASE_TYPE_CHOICES"),
        ]
        for n, (body, path, code) in enumerate(cases):
            slot = n % 3  # three channels, since a bucket holds five
            if n and slot == 0 and n % 15 == 0:
                time.sleep(5)  # the bucket's time
            with self.subTest(path=path):
                self.refused(body, path, to=f"/channels/{GENERAL + slot}/messages", code=code)
        self.assertEqual(self.sim.breaches("bad_request"), len(cases))

    def test_empty_and_code_points(self):
        self.assertEqual(self.sim.rest("POST", MESSAGES, {"content": ""})[2]["code"], 50006)
        self.assertEqual(self.sim.rest("POST", MESSAGES, {"content": "ü" * 2000})[0], 200)
        self.assertEqual(self.sim.rest("POST", MESSAGES, {"flags": 1 << 15, "components": [{"type": 10, "content": "y"}]})[0], 200)


class Commands(Rest):
    PLAY = {"name": "play", "description": "Plays", "contexts": [0], "integration_types": [0], "default_member_permissions": "32",
            "options": [{"type": 3, "name": "query", "description": "What", "required": True, "autocomplete": True},
                        {"type": 4, "name": "volume", "description": "How loud"}]}

    def test_put_replaces_keeps_ids_and_lists(self):
        status, _, first = self.sim.rest("PUT", COMMANDS, [self.PLAY, {"name": "Play", "type": 3}])
        self.assertEqual(status, 200)
        _, _, second = self.sim.rest("PUT", COMMANDS, [self.PLAY])
        self.assertEqual(second[0]["id"], first[0]["id"])
        self.assertNotEqual(second[0]["version"], first[0]["version"])
        self.assertEqual(self.sim.rest("GET", COMMANDS)[2], second)
        self.assertEqual(self.sim.summary()["discord"]["commandOverwrites"], 2)

    def test_post_patch_delete_and_guilds(self):
        scope = f"/applications/{BOT}/guilds/{GUILD}/commands"
        self.assertEqual([self.sim.rest("POST", scope, self.PLAY)[0] for _ in range(2)], [201, 200])
        one = self.sim.rest("GET", scope)[2][0]
        self.assertEqual(one["guild_id"], str(GUILD))
        status, _, patched = self.sim.rest("PATCH", f"{scope}/{one['id']}", {"description": "Other"})
        self.assertEqual((status, patched["description"], patched["options"]), (200, "Other", one["options"]))
        self.assertEqual(self.sim.rest("DELETE", f"{scope}/{one['id']}")[0], 204)
        self.assertEqual(self.sim.rest("GET", f"{scope}/{one['id']}")[2]["code"], 10063)
        self.assertEqual(self.sim.rest("GET", f"/applications/{BOT + 1}/commands")[0], 403)

    def test_bounds(self):
        def command(**more):
            return {"name": "x", "description": "x", **more}

        def option(**more):
            return {"type": 3, "name": "o", "description": "x", **more}

        cases = [
            (command(name="Upper"), "0.name", "APPLICATION_COMMAND_INVALID_NAME"),
            (command(name="x" * 33), "0.name", "BASE_TYPE_BAD_LENGTH"),
            (command(description=""), "0.description", ""),
            (command(description=None), "0.description", "BASE_TYPE_REQUIRED"),
            (command(options=[option(name=f"o{n}") for n in range(26)]), "0.options", ""),
            (command(options=[option(), option(name="p", required=True)]), "0.options.1", "APPLICATION_COMMAND_OPTIONS_REQUIRED_INVALID"),
            (command(options=[option(), option()]), "0.options.1.name", ""),
            (command(options=[option(choices=[{"name": "a", "value": 5}])]), "0.options.0.choices.0.value", ""),
            (command(options=[option(choices=[{"name": "a", "value": "b"}] * 26)]), "0.options.0.choices", ""),
            (command(options=[option(autocomplete=True, choices=[{"name": "a", "value": "b"}])]), "0.options.0.autocomplete", ""),
            (command(options=[option(type=12)]), "0.options.0.type", "BASE_TYPE_CHOICES"),
            (command(options=[option(type=1, options=[option(type=2)])]), "0.options.0.options.0.type", ""),
            (command(type=3), "0.description", ""),
            (command(contexts=[9]), "0.contexts.0", ""),
        ]
        for n, (body, path, code) in enumerate(cases):
            with self.subTest(path=path), Simulator() as self.sim:
                self.refused([body], path, to=COMMANDS, code=code, method="PUT")
        with Simulator() as self.sim:
            self.refused([command(), command()], "1.name", to=COMMANDS, method="PUT", code="APPLICATION_COMMANDS_DUPLICATE_NAME")
            self.refused({}, "", to=COMMANDS, method="PUT", code="LIST_TYPE_CONVERT")
            big = command(options=[option(name=f"o{n}", description="x" * 100, choices=[
                {"name": str(k).ljust(10, "x"), "value": str(k)} for k in range(25)]) for n in range(25)])
            self.refused([big], "0", to=COMMANDS, method="PUT", code="APPLICATION_COMMAND_TOO_LARGE")


if __name__ == "__main__":
    unittest.main(verbosity=2)
