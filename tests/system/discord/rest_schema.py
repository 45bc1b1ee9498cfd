"""What tutti-sim answers by REST is what Discord's official description says, and so is what it lets through.

Exit code 77 without TUTTI_SPECS, the folder with discord-openapi.json.
"""
import os
import sys
import unittest

from raw_client import BOT, GENERAL, GUILD, LOUNGE, STAGE, USER, Simulator

BUTTON = {"type": 2, "style": 1, "label": "x", "custom_id": "x"}
MESSAGE = {"content": "a", "embeds": [{"title": "t", "fields": [{"name": "n", "value": "v"}]}],
           "components": [{"type": 1, "components": [BUTTON]}], "allowed_mentions": {"parse": []}}
PLAY = {"name": "play", "description": "Plays", "type": 1, "contexts": [0], "integration_types": [0], "options": [
    {"type": 3, "name": "query", "description": "What", "required": True, "autocomplete": True}]}


class Schema(unittest.TestCase):
    def setUp(self):
        self.sim = Simulator()
        self.addCleanup(self.sim.close)

    def call(self, method, path, body=None, expect=200, authorized=True):
        query = path.partition("?")[0]
        status, _, answer = self.sim.rest(method, path, body, token="sim-token" if authorized else None)
        self.assertEqual(status, expect, answer)
        self.assertEqual(DESCRIPTION.answer_errors(method, query, status, answer), [], f"{method} {path}: {answer}")
        if status < 300:
            self.assertEqual(DESCRIPTION.request_errors(method, query, body), [], f"{method} {path}")
        return answer

    def test_reading(self):
        for path in ("/gateway", "/gateway/bot", "/users/@me", f"/users/{USER}", "/applications/@me", "/oauth2/applications/@me",
                     f"/guilds/{GUILD}", f"/guilds/{GUILD}/channels", f"/guilds/{GUILD}/members/{USER}", f"/channels/{GENERAL}",
                     f"/channels/{LOUNGE}"):
            with self.subTest(path=path):
                self.call("GET", path)
        for path in ("/guilds/1", "/channels/1", f"/guilds/{GUILD}/voice-states/{USER}"):
            self.call("GET", path, expect=404)
        self.call("GET", "/users/@me", expect=401, authorized=False)

    def test_messages(self):
        path = f"/channels/{GENERAL}/messages"
        made = self.call("POST", path, MESSAGE)
        self.call("GET", path)
        self.call("GET", f"{path}/{made['id']}")
        self.call("PATCH", f"{path}/{made['id']}", {"content": "b"})
        self.call("DELETE", f"{path}/{made['id']}", expect=204)

    def test_commands(self):
        for scope in (f"/applications/{BOT}/commands", f"/applications/{BOT}/guilds/{GUILD}/commands"):
            self.setUp()  # writes of one application are few
            self.call("PUT", scope, [PLAY, {"name": "Play", "type": 3}])
            one = self.call("POST", scope, {**PLAY, "name": "other"}, expect=201)
            self.call("GET", scope)
            self.call("PATCH", f"{scope}/{one['id']}", {"description": "Other"})
            self.call("GET", f"{scope}/{one['id']}")
            self.call("DELETE", f"{scope}/{one['id']}", expect=204)

    def test_voice_and_interactions(self):
        with self.sim.gateway() as bot:
            bot.login()
            bot.joined(STAGE)
            self.call("PATCH", f"/guilds/{GUILD}/voice-states/@me", {"suppress": False}, expect=204)
            self.call("GET", f"/guilds/{GUILD}/voice-states/@me")
            self.call("PUT", f"/applications/{BOT}/commands", [PLAY])
            for type, data, query, status in ((4, MESSAGE, "", 204), (4, MESSAGE, "?with_response=true", 200), (5, {"flags": 64}, "", 204)):
                self.sim.interact({"command": "play", "options": {"query": "x"}, "timeoutMs": 1}, expect=504)
                got = bot.event("INTERACTION_CREATE")
                self.call("POST", f"/interactions/{got['id']}/{got['token']}/callback{query}", {"type": type, "data": data},
                          expect=status, authorized=False)
            webhook = f"/webhooks/{BOT}/{got['token']}"
            self.call("PATCH", f"{webhook}/messages/@original", {"content": "x"}, authorized=False)
            self.call("GET", f"{webhook}/messages/@original", authorized=False)
            more = self.call("POST", webhook, {"content": "more"}, authorized=False)
            self.call("PATCH", f"{webhook}/messages/{more['id']}", {"content": "y"}, authorized=False)
            self.call("DELETE", f"{webhook}/messages/@original", expect=204, authorized=False)

    def test_the_log_has_what_was_sent(self):
        self.call("POST", f"/channels/{GENERAL}/messages", MESSAGE)
        sent = self.sim.log("rest")[-1]
        self.assertEqual((sent["method"], sent["path"], sent["status"], sent["body"]),
                         ("POST", f"/api/v10/channels/{GENERAL}/messages", 200, MESSAGE))


if __name__ == "__main__":
    if not os.environ.get("TUTTI_SPECS"):
        print("skipped: TUTTI_SPECS does not name the folder with discord-openapi.json")
        sys.exit(77)
    from openapi import Description
    DESCRIPTION = Description(os.environ["TUTTI_SPECS"])
    unittest.main(verbosity=2)
