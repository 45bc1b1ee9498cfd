"""Scripted users of tutti-sim: commands, buttons, autocompletion, modals, their deadlines; and voice."""
import threading
import time
import unittest

from raw_client import BOT, GENERAL, GUILD, HIDDEN, LOCKED, LOUNGE, MUSIC, SMALL, STAGE, USER, Simulator

COMMANDS = [
    {"name": "play", "description": "Plays", "options": [
        {"type": 3, "name": "query", "description": "What", "required": True, "autocomplete": True},
        {"type": 4, "name": "volume", "description": "How loud", "min_value": 0, "max_value": 100},
        {"type": 11, "name": "file", "description": "A file"}, {"type": 6, "name": "who", "description": "Whose"},
        {"type": 7, "name": "where", "description": "Where"}]},
    {"name": "playlist", "description": "Lists", "options": [
        {"type": 1, "name": "save", "description": "Saves", "options": [{"type": 3, "name": "name", "description": "Its name", "required": True}]}]},
    {"name": "settings", "description": "For managers", "default_member_permissions": "32"},
    {"name": "Play", "type": 3},
]


class Bot(unittest.TestCase):
    def setUp(self):
        self.sim = Simulator()
        self.addCleanup(self.sim.close)
        self.bot = self.sim.gateway()
        self.addCleanup(self.bot.drop)
        self.bot.login()
        self.assertEqual(self.sim.rest("PUT", f"/applications/{BOT}/commands", COMMANDS)[0], 200)

    def begin(self, body, user=USER, expect=None):
        """A user acts; the interaction as the bot gets it, and what will give the user's answer."""
        box = {}

        def act():
            try:
                box["answer"] = self.sim.interact(body, user, expect)
            except BaseException as e:
                box["error"] = e

        thread = threading.Thread(target=act)
        thread.start()

        def answer():
            thread.join(30)
            if "error" in box:
                raise box["error"]
            return box["answer"]

        return self.bot.event("INTERACTION_CREATE"), answer

    def call_back(self, to, type, data=None, query=""):
        body = {"type": type} if data is None else {"type": type, "data": data}
        return self.sim.rest("POST", f"/interactions/{to['id']}/{to['token']}/callback{query}", body, token=None)

    def webhook(self, method, to, tail="/messages/@original", body=None):
        return self.sim.rest(method, f"/webhooks/{BOT}/{to['token']}{tail}", body, token=None)


class Interactions(Bot):
    def test_a_command_and_its_answer(self):
        got, answer = self.begin({"command": "play", "options": {"query": "loop", "volume": 5, "who": str(USER), "where": str(LOUNGE),
                                                                 "file": {"url": "http://x/song.mp3"}}})
        for name in ("application_id", "type", "guild_id", "channel_id", "channel", "member", "version", "app_permissions", "locale",
                     "entitlements", "authorizing_integration_owners", "context", "attachment_size_limit"):
            self.assertIn(name, got)
        self.assertEqual([o["name"] for o in got["data"]["options"]], ["query", "volume", "file", "who", "where"])
        self.assertEqual(sorted(got["data"]["resolved"]), ["attachments", "channels", "members", "users"])
        status, headers, body = self.call_back(got, 4, {"content": "ok"})
        self.assertEqual((status, body), (204, ""))
        self.assertNotIn("content-type", headers)
        seen = answer()
        self.assertEqual((seen["reply"]["content"], seen["callback"], seen["effects"]), ("ok", 4, {"callbacks": 1}))
        self.assertLess(seen["ms"], 3000)

    def test_with_response_and_a_second_callback(self):
        got, answer = self.begin({"command": "play", "options": {"query": "x"}})
        status, _, body = self.call_back(got, 4, {"content": "ok"}, "?with_response=true")
        self.assertEqual((status, body["interaction"]["id"], body["resource"]["message"]["content"]), (200, got["id"], "ok"))
        answer()
        status, _, body = self.call_back(got, 4, {"content": "again"})
        self.assertEqual((status, body["code"]), (400, 40060))
        self.assertEqual(self.sim.control("GET", f"/sim/interactions/{got['id']}")["effects"], {"callbacks": 1, "duplicates": 1})
        self.assertEqual(self.sim.breaches("callback_twice"), 1)

    def test_deferred_edit_follow_up_and_delete(self):
        got, answer = self.begin({"command": "play", "options": {"query": "x"}})
        self.assertEqual(self.webhook("GET", got)[0], 401)  # not answered yet
        self.assertEqual(self.call_back(got, 5, {"flags": 4})[0], 400)
        self.assertEqual(self.call_back(got, 5, {"flags": 64})[0], 204)
        status, _, message = self.webhook("PATCH", got, body={"content": "done"})
        self.assertEqual((status, message["content"], message["flags"] & 64), (200, "done", 64))
        seen = answer()
        self.assertEqual((seen["reply"]["content"], seen["ephemeral"], seen["callback"]), ("done", True, 5))
        status, _, more = self.webhook("POST", got, "", {"content": "more"})
        self.assertEqual(status, 200)
        self.assertEqual(self.webhook("PATCH", got, f"/messages/{more['id']}", {"content": "even more"})[2]["content"], "even more")
        self.assertEqual(self.webhook("DELETE", got)[0], 204)
        self.assertEqual(self.webhook("GET", got)[0], 429)  # five in two seconds
        self.assertEqual(self.sim.rest("POST", f"/webhooks/{BOT}/unknown", {"content": "x"}, token=None)[2]["code"], 10015)

    def test_three_seconds_and_the_token_is_dead(self):
        got, answer = self.begin({"command": "play", "options": {"query": "x"}}, expect=504)
        self.assertTrue(answer()["missed"])
        status, _, body = self.call_back(got, 4, {"content": "late"})
        self.assertEqual((status, body["code"]), (404, 10062))
        self.assertEqual(self.webhook("POST", got, "", {"content": "late"})[2]["code"], 50027)
        self.assertEqual(self.sim.summary()["discord"]["interactionsMissed"], 1)

    def test_buttons_selects_and_updates(self):
        got, answer = self.begin({"command": "play", "options": {"query": "x"}})
        self.call_back(got, 4, {"content": "song", "components": [
            {"type": 1, "components": [{"type": 2, "style": 2, "label": "Skip", "custom_id": "skip:1"}]},
            {"type": 1, "components": [{"type": 3, "custom_id": "pick", "options": [{"label": "a", "value": "a"}]}]}]})
        message = answer()["reply"]
        pressed, answer = self.begin({"button": "Skip"})
        self.assertEqual((pressed["type"], pressed["data"]["custom_id"], pressed["message"]["id"]), (3, "skip:1", message["id"]))
        self.assertEqual(self.call_back(pressed, 8, {"choices": []})[0], 400)
        self.assertEqual(self.call_back(pressed, 6)[0], 204)
        self.assertEqual(answer()["callback"], 6)
        picked, answer = self.begin({"select": "pick", "values": ["a"]})
        self.assertEqual(picked["data"], {"custom_id": "pick", "component_type": 3, "values": ["a"]})
        self.call_back(picked, 7, {"content": "next", "components": []})
        self.assertEqual(answer()["reply"]["content"], "next")
        self.assertIn("error", self.sim.interact({"button": "Skip"}, expect=404))

    def test_autocompletion_and_modals(self):
        got, answer = self.begin({"command": "play", "autocomplete": "query", "options": {"query": "lo"}})
        self.assertEqual((got["type"], got["data"]["options"]), (4, [{"name": "query", "type": 3, "value": "lo", "focused": True}]))
        self.assertEqual(self.call_back(got, 4, {"content": "x"})[0], 400)
        self.assertEqual(self.call_back(got, 8, {"choices": [{"name": "n", "value": "v"}] * 26})[0], 400)
        self.assertEqual(self.call_back(got, 8, {"choices": [{"name": "n", "value": "v"}]})[0], 204)
        self.assertEqual(answer()["reply"]["choices"], [{"name": "n", "value": "v"}])
        got, answer = self.begin({"command": "play", "options": {"query": "x"}})
        field = {"type": 4, "custom_id": "name", "style": 1, "label": "Name"}
        self.assertEqual(self.call_back(got, 9, {"custom_id": "form", "title": "x" * 46, "components": []})[0], 400)
        self.assertEqual(self.call_back(got, 9, {"custom_id": "form", "title": "x", "components": [{"type": 1, "components": [field]}]})[0], 204)
        answer()
        got, answer = self.begin({"modal": "form", "fields": {"name": "mine"}})
        self.assertEqual((got["type"], got["data"]["components"][0]["components"][0]["value"]), (5, "mine"))
        self.assertEqual(self.call_back(got, 9, {})[0], 400)
        self.call_back(got, 4, {"content": "saved"})
        answer()

    def test_message_commands_and_subcommands(self):
        got, answer = self.begin({"command": "Play", "content": "https://example.org/song"})
        target = got["data"]["resolved"]["messages"][got["data"]["target_id"]]
        self.assertEqual((got["data"]["type"], target["content"]), (3, "https://example.org/song"))
        self.call_back(got, 4, {"content": "ok", "flags": 64})
        self.assertTrue(answer()["ephemeral"])
        got, answer = self.begin({"command": "playlist", "options": {"save": {"name": "mine"}}})
        self.assertEqual(got["data"]["options"], [{"name": "save", "type": 1, "options": [{"name": "name", "type": 3, "value": "mine"}]}])
        self.call_back(got, 4, {"content": "ok"})
        answer()

    def test_what_discords_client_would_not_send(self):
        for body, status in (({"command": "nothing"}, 404), ({"command": "play"}, 400), ({"command": "play", "options": {"query": 5}}, 400),
                             ({"command": "play", "options": {"query": "x", "volume": 101}}, 400), ({}, 400),
                             ({"command": "play", "options": {"query": "x", "other": 1}}, 400), ({"button": "none"}, 404),
                             ({"guildId": "1", "command": "play"}, 404), ({"command": "playlist", "options": {"save": {}}}, 400)):
            self.assertIn("error", self.sim.interact(body, expect=status), body)
        self.assertIn("error", self.sim.interact({"command": "settings"}, user=USER + 5, expect=404))
        got, answer = self.begin({"command": "settings"}, user=USER + 2)
        self.assertTrue(int(got["member"]["permissions"]) & 32)
        self.call_back(got, 4, {"content": "ok"})
        answer()

    def test_a_duplicated_interaction_has_one_id(self):
        self.sim.fault("duplicate")
        got, answer = self.begin({"command": "play", "options": {"query": "x"}})
        self.assertEqual(self.bot.event("INTERACTION_CREATE")["id"], got["id"])
        self.call_back(got, 4, {"content": "ok"})
        answer()

    def test_no_session_no_interaction(self):
        self.bot.close(1000)
        self.assertIn("error", self.sim.interact({"command": "play", "options": {"query": "x"}}, expect=503))


class Voice(Bot):
    def voice(self):
        return {v["userId"]: v for v in self.sim.control("GET", f"/sim/guilds/{GUILD}")["voice"]}

    def test_join_move_and_leave(self):
        state, server, _ = self.bot.joined(LOUNGE)
        self.assertEqual((state["user_id"], state["channel_id"], state["self_deaf"]), (str(BOT), str(LOUNGE), True))
        self.assertTrue(server["endpoint"] and server["token"])
        moved, other, _ = self.bot.joined(MUSIC)
        self.assertEqual(moved["session_id"], state["session_id"])
        self.assertNotEqual(other["token"], server["token"])
        mine = self.voice()[str(BOT)]
        self.assertEqual((mine["token"], mine["endpoint"], mine["sessionId"]), (other["token"], other["endpoint"], moved["session_id"]))
        self.bot.join(MUSIC, mute=True)
        self.assertTrue(self.bot.event("VOICE_STATE_UPDATE")["self_mute"])
        self.bot.join(None)
        self.assertIsNone(self.bot.event("VOICE_STATE_UPDATE")["channel_id"])
        self.assertEqual(self.voice(), {})

    def test_both_orders_occur(self):
        firsts = {self.bot.joined(MUSIC if n % 2 else LOUNGE)[2] for n in range(40)}
        self.assertEqual(firsts, {"VOICE_STATE_UPDATE", "VOICE_SERVER_UPDATE"})

    def test_silence_without_permission_room_or_channel(self):
        for user in (USER, USER + 1):
            self.sim.move(user, SMALL)
            self.bot.event("VOICE_STATE_UPDATE")
        for channel in (LOCKED, HIDDEN, SMALL, GENERAL, 1):
            self.bot.join(channel)
        self.assertEqual(self.bot.silent(), [])
        self.assertEqual(self.sim.summary()["discord"]["voiceRefused"], 5)
        self.sim.move(USER, None)
        self.bot.event("VOICE_STATE_UPDATE")
        self.bot.joined(SMALL)

    def test_malformed_and_foreign_guilds(self):
        self.bot.send(4, {"guild_id": "1", "channel_id": None, "self_mute": False, "self_deaf": False})
        self.assertEqual(self.bot.silent(0.2), [])
        self.assertEqual(self.sim.breaches("voice_wrong_shard"), 1)
        self.bot.send(4, {"guild_id": GUILD, "channel_id": str(LOUNGE), "self_mute": False, "self_deaf": False})
        self.assertEqual(self.bot.close_code(), 4002)

    def test_stages_start_suppressed(self):
        state, _, _ = self.bot.joined(STAGE)
        self.assertTrue(state["suppress"])
        path = f"/guilds/{GUILD}/voice-states/@me"
        self.assertEqual(self.sim.rest("PATCH", path, {"suppress": False})[0], 204)
        self.assertFalse(self.bot.event("VOICE_STATE_UPDATE")["suppress"])
        self.assertFalse(self.sim.rest("GET", path)[2]["suppress"])
        self.assertEqual(self.sim.rest("GET", f"/guilds/{GUILD}/voice-states/{USER}")[2]["code"], 10065)

    def test_moderators_move_and_disconnect_the_bot(self):
        _, server, _ = self.bot.joined(LOUNGE)
        self.sim.move(BOT, MUSIC)
        self.assertEqual(self.bot.event("VOICE_STATE_UPDATE")["channel_id"], str(MUSIC))
        self.assertNotEqual(self.bot.event("VOICE_SERVER_UPDATE")["token"], server["token"])
        self.sim.move(BOT, None)
        self.assertIsNone(self.bot.event("VOICE_STATE_UPDATE")["channel_id"])

    def test_a_null_endpoint_and_then_a_new_server(self):
        _, server, _ = self.bot.joined(LOUNGE)
        self.sim.fault("null_endpoint", guildId=str(GUILD), ms=50)
        self.assertIsNone(self.bot.event("VOICE_SERVER_UPDATE")["endpoint"])
        self.assertNotEqual(self.bot.event("VOICE_SERVER_UPDATE")["token"], server["token"])

    def test_a_late_null_state_comes_after_the_new_join(self):
        self.bot.joined(LOUNGE)
        self.sim.fault("late_null", ms=300)
        self.bot.join(None)
        time.sleep(0.1)  # so that the two commands are not handled in one tick
        self.assertEqual(self.bot.joined(MUSIC)[0]["channel_id"], str(MUSIC))
        self.assertIsNone(self.bot.event("VOICE_STATE_UPDATE")["channel_id"])

    def test_a_new_session_voids_voice_and_a_resumed_one_keeps_it(self):
        self.bot.joined(LOUNGE)
        with self.sim.gateway() as again:
            again.resume(self.bot.session, self.bot.seq)
            again.event("RESUMED")
            self.assertIn(str(BOT), self.voice())
        with self.sim.gateway() as fresh:
            fresh.beat_for(5.1)  # identifies of one bucket
            fresh.identify()
            fresh.event("READY")
            self.assertEqual(fresh.event("GUILD_CREATE")["voice_states"], [])
            self.assertEqual(self.voice(), {})
            self.assertEqual(self.sim.summary()["discord"]["voiceSessionsVoided"], 1)


if __name__ == "__main__":
    unittest.main(verbosity=2)
