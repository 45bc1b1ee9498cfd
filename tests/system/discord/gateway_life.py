"""The gateway of tutti-sim: Hello, heartbeats, identify, dispatch, resume, sharding, compression."""
import json
import time
import unittest
import zlib

from raw_client import BOT, GUILD, INTENTS, LOUNGE, USER, Simulator, request, wait_for

PLAY = {"name": "play", "description": "Plays"}


class GatewayLife(unittest.TestCase):
    def test_identify_brings_ready_then_each_guild(self):
        with Simulator("--guilds", "3") as sim, sim.gateway() as bot:
            self.assertEqual(bot.hello["heartbeat_interval"], 2000)
            ready = bot.login(guilds=3, shard=None)
            self.assertEqual(ready["v"], 10)
            self.assertEqual(ready["user"]["id"], str(BOT))
            self.assertTrue(all(g["unavailable"] for g in ready["guilds"]))
            self.assertEqual([g["id"] for g in bot.guilds], [str(GUILD + n) for n in range(3)])
            self.assertGreater(GUILD, 2 ** 53)
            self.assertEqual([f["s"] for f in bot.seen], [1, 2, 3, 4])
            one = bot.guilds[0]
            for name in ("joined_at", "member_count", "voice_states", "members", "channels", "threads", "presences",
                         "stage_instances", "guild_scheduled_events", "soundboard_sounds"):
                self.assertIn(name, one)
            self.assertEqual(bot.beat(), {"t": None, "s": None, "op": 11, "d": None})
            self.assertEqual(sim.summary()["dispatches"], {"sent": 4, "acknowledged": 4})

    def test_guilds_go_to_their_shards(self):
        with Simulator("--guilds", "8", "--guild-step", str(1 << 22), "--max-concurrency", "2") as sim, \
                sim.gateway() as zero, sim.gateway() as one:
            for shard, bot in enumerate((zero, one)):
                bot.login(guilds=4, shard=(shard, 2))
                self.assertEqual({(int(g["id"]) >> 22) % 2 for g in bot.guilds}, {shard})
                self.assertEqual(bot.silent(0.2), [])

    def test_zlib_stream_is_one_context_per_connection(self):
        with Simulator("--guilds", "2") as sim, sim.gateway("?v=10&encoding=json&compress=zlib-stream") as bot:
            bot.login(guilds=2)
            bot.beat()

    def test_payload_compression_sends_whole_zlib_streams(self):
        with Simulator() as sim, sim.gateway() as bot:
            bot.identify(compress=True)
            kinds = []
            while len(kinds) < 2:
                kind, payload = bot.read_message()
                frame = json.loads(zlib.decompress(payload) if kind == 2 else payload)
                kinds.append((frame["t"], kind))
            self.assertEqual(kinds[1], ("GUILD_CREATE", 2))

    def test_server_heartbeat_and_missing_acknowledgements(self):
        with Simulator() as sim, sim.gateway() as bot:
            bot.login()
            sim.fault("heartbeat")
            self.assertIsNone(bot.expect_op(1)["d"])
            bot.beat()
            sim.fault("no_ack")
            bot.send(1, bot.seq)
            self.assertEqual(bot.silent(), [])
            sim.heal()
            bot.beat()

    def test_a_client_without_heartbeats_is_closed_with_4009(self):
        with Simulator("--heartbeat-ms", "300") as sim, sim.gateway() as silent, sim.gateway() as nobody:
            silent.login()
            self.assertEqual(nobody.close_code(10), 4009)
            self.assertEqual(silent.close_code(10), 4009)
            self.assertEqual(sim.breaches("heartbeat_missed"), 2)

    def test_identify_concurrency_is_enforced_per_bucket(self):
        with Simulator("--max-concurrency", "2") as sim, sim.gateway() as a, sim.gateway() as b, sim.gateway() as c:
            began = time.monotonic()
            a.identify(shard=(0, 4))
            a.event("READY")
            b.identify(shard=(1, 4))
            b.event("READY")
            c.identify(shard=(2, 4))
            self.assertEqual(c.expect_op(9)["d"], False)
            self.assertEqual(sim.breaches("identify_concurrency"), 1)
            c.beat_for(began + 5.1 - time.monotonic())  # the limit itself is 5 s
            c.identify(shard=(2, 4))
            c.event("READY")

    def test_too_many_identifies_a_day_reset_the_token(self):
        with Simulator("--session-starts", "2", "--max-concurrency", "4") as sim, \
                sim.gateway() as a, sim.gateway() as b, sim.gateway() as c:
            a.identify(shard=(0, 4))
            a.event("READY")
            limit = sim.rest("GET", "/gateway/bot")[2]["session_start_limit"]
            self.assertEqual((limit["total"], limit["remaining"], limit["max_concurrency"]), (2, 1, 4))
            b.identify(shard=(1, 4))
            b.event("READY")
            c.identify(shard=(2, 4))
            self.assertEqual([x.close_code() for x in (a, b, c)], [4004] * 3)
            self.assertEqual(sim.breaches("session_start_limit"), 1)
            self.assertEqual(sim.rest("GET", "/users/@me")[0], 401)


class Resume(unittest.TestCase):
    def test_resume_replays_what_was_missed_and_brings_no_guilds(self):
        with Simulator() as sim, sim.gateway() as old:
            ready = old.login()
            url = ready["resume_gateway_url"].replace("ws://", "http://")
            old.drop()
            sim.move(USER, LOUNGE)
            sim.move(USER, None)
            with sim.gateway(path=url.removeprefix(sim.discord)) as bot:
                bot.resume(old.session, old.seq)
                bot.event("RESUMED")
                self.assertEqual([f["t"] for f in bot.seen], ["VOICE_STATE_UPDATE"] * 2 + ["RESUMED"])
                self.assertEqual([f["s"] for f in bot.seen], [3, 4, 5])
                bot.beat()
            summary = sim.summary()
            self.assertEqual((summary["identifies"], summary["resumes"]), (1, 1))
            self.assertNotIn("resumesByOtherUrl", summary["discord"])

    def test_resume_over_a_live_connection_detaches_the_old(self):
        with Simulator() as sim, sim.gateway() as old, sim.gateway() as new:
            old.login()
            new.resume(old.session, old.seq)
            new.event("RESUMED")
            sim.move(USER, LOUNGE)
            new.event("VOICE_STATE_UPDATE")
            self.assertEqual(old.silent(), [])
            old.join(LOUNGE)
            self.assertEqual(old.close_code(), 4003)
            self.assertEqual(sim.breaches("sent_after_takeover"), 1)
            new.beat()

    def test_a_gap_in_the_buffer_refuses_the_resume(self):
        with Simulator("--replay-events", "3") as sim, sim.gateway() as old:
            old.login()
            old.drop()
            for channel in (LOUNGE, None, LOUNGE, None):
                sim.move(USER, channel)
            with sim.gateway() as bot:
                bot.resume(old.session, old.seq)
                self.assertEqual(bot.expect_op(9)["d"], False)
                bot.resume(old.session, old.seq + 4)
                self.assertEqual(bot.expect_op(9)["d"], False)

    def test_resume_of_another_bots_or_an_unknown_session_is_refused(self):
        with Simulator("--bot-token", "one", "--bot-token", "two") as sim, sim.gateway() as old, sim.gateway() as bot:
            old.login(token="one")
            bot.resume(old.session, old.seq, token="two")
            self.assertEqual(bot.expect_op(9)["d"], False)
            bot.resume("0" * 32, 1, token="two")
            self.assertEqual(bot.expect_op(9)["d"], False)

    def test_1000_and_1001_end_the_session_and_others_do_not(self):
        for code, kept in ((1000, False), (1001, False), (4000, True), (3000, True)):
            with self.subTest(code=code), Simulator() as sim, sim.gateway() as old:
                old.login()
                old.joined(LOUNGE)
                old.close(code)
                wait_for(lambda s=sim: s.summary()["discord"]["connectionsOpen"] == 0, "the end of the connection")
                voice = sim.control("GET", f"/sim/guilds/{GUILD}")["voice"]
                self.assertEqual(len(voice), 1 if kept else 0)
                with sim.gateway() as bot:
                    bot.resume(old.session, old.seq)
                    if kept:
                        bot.event("RESUMED")
                    else:
                        self.assertEqual(bot.expect_op(9)["d"], False)

    def test_a_session_ends_when_nobody_resumes_it(self):
        with Simulator("--resume-window-ms", "200") as sim, sim.gateway() as old:
            old.login()
            old.drop()
            wait_for(lambda: not sim.summary()["discord"]["sessions"], "the end of the session")
            with sim.gateway() as bot:
                bot.resume(old.session, old.seq)
                self.assertEqual(bot.expect_op(9)["d"], False)

    def test_interactions_wait_for_the_resume(self):
        with Simulator() as sim, sim.gateway() as old:
            old.login()
            self.assertEqual(sim.rest("PUT", f"/applications/{BOT}/commands", [PLAY])[0], 200)
            old.drop()
            wait_for(lambda: sim.summary()["discord"]["connectionsOpen"] == 0, "the end of the connection")
            sim.interact({"command": "play", "timeoutMs": 1}, expect=504)
            with sim.gateway() as bot:
                bot.resume(old.session, old.seq)
                got = bot.event("INTERACTION_CREATE")
                path = f"/interactions/{got['id']}/{got['token']}/callback"
                self.assertEqual(sim.rest("POST", path, {"type": 5}, token=None)[0], 204)

    def test_events_lost_before_a_close_and_replayed_out_of_order(self):
        with Simulator() as sim, sim.gateway() as old:
            old.login()
            sim.fault("reorder")
            sim.fault("lose", events=2, code=4000)
            sim.move(USER, LOUNGE)
            self.assertEqual(old.silent(0.2), [])
            sim.move(USER, None)
            self.assertEqual(old.close_code(), 4000)
            with sim.gateway() as bot:
                bot.resume(old.session, old.seq)
                bot.event("RESUMED")
                self.assertEqual([f["s"] for f in bot.seen], [4, 3, 5])


class Load(unittest.TestCase):
    def test_sixteen_shards_hold_thousands_of_guilds(self):
        count = 4000
        with Simulator("--guilds", str(count), "--guild-step", str(1 << 22), "--max-concurrency", "16", "--shards", "16",
                       "--channels", "20", "--voice-states", "5") as sim:
            bots = [sim.gateway("?v=10&encoding=json&compress=zlib-stream") for _ in range(16)]
            began = time.monotonic()
            for shard, bot in enumerate(bots):
                bot.identify(shard=(shard, 16))
            guilds = 0
            for bot in bots:
                expected = len(bot.event("READY", 30)["guilds"])
                for _ in range(expected):
                    self.assertEqual(len(bot.event("GUILD_CREATE", 30)["voice_states"]), 5)
                guilds += expected
                bot.send(1, bot.seq)
            self.assertEqual(guilds, count)
            print(f"{count} guilds on 16 shards in {time.monotonic() - began:.1f} s")
            for bot in bots:
                bot.drop()

    def test_traffic_comes_at_its_rate_and_in_full(self):
        with Simulator("--guilds", "100") as sim, sim.gateway() as bot:
            bot.login(guilds=100, intents=INTENTS | 1 << 9)
            began = time.monotonic()
            for kind, event in (("voice", "VOICE_STATE_UPDATE"), ("message", "MESSAGE_CREATE")):
                sim.control("POST", "/sim/traffic", {"kind": kind, "perSecond": 5000, "count": 5000})
                for _ in range(5000):
                    bot.event(event)
            self.assertGreater(time.monotonic() - began, 1.9)
            self.assertEqual([f["s"] for f in bot.seen], list(range(1, 10_102)))
            sim.control("POST", "/sim/traffic", {"kind": "song", "count": 1}, expect=400)

    def test_too_many_guilds_for_a_shard_close_with_4011(self):
        with Simulator("--guilds", "2501") as sim, sim.gateway() as bot:
            bot.identify()
            self.assertEqual(bot.close_code(), 4011)


class Hostile(unittest.TestCase):
    def test_garbage_frames_do_no_harm(self):
        with Simulator() as sim:
            for text in ("", "{", "[]", "null", '{"op":"2"}', '{"op":1e99}', "\ud800".encode("utf-16-le", "surrogatepass"),
                         "[" * 4000, '{"op":2,"d":[]}', '{"op":6,"d":{"token":1}}', '{"op":1,"d":"x"}'):
                with sim.gateway() as bot:
                    bot.send_text(text)
                    self.assertIn(bot.close_code(), (1007, 4002, 4009), text)
            with sim.gateway() as bot:
                bot.login()

    def test_plain_http_nonsense_is_answered(self):
        with Simulator() as sim:
            for base in sim.addresses.values():
                for method, path, body in (("GET", "/", None), ("POST", "/sim/faults", b"{"), ("PUT", "/api/v10/x", b"\xff"),
                                           ("GET", "/sim/guilds/-1", None), ("GET", "/sim/log?since=x&limit=y", None),
                                           ("PUT", "/sim/guilds/1/voice/2", b"[]"), ("POST", "/sim/users/a/interactions", b"3")):
                    status, _, _ = request(base, method, path, raw=body)
                    self.assertTrue(200 <= status < 500, (base, path, status))


if __name__ == "__main__":
    unittest.main(verbosity=2)
