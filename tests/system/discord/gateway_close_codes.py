"""Each close code of the gateway, by the mistake that earns it and by a fault; faults of the connection."""
import time
import unittest

from raw_client import BOT, GUILD, INTENTS, LOUNGE, USER, Closed, Simulator, wait_for


class CloseCodes(unittest.TestCase):
    def setUp(self):
        self.sim = Simulator("--max-concurrency", "16", "--bot-token", "sim-token", "--bot-token", "other")
        self.addCleanup(self.sim.close)

    def expect(self, code, breach, act, before=None):
        with self.sim.gateway() as bot:
            if before:
                before(bot)
            act(bot)
            self.assertEqual(bot.close_code(), code)
        if breach:
            self.assertEqual(self.sim.breaches(breach), 1, breach)

    def login(self, shard):
        return lambda bot: bot.login(guilds=int(shard == int(GUILD >> 22) % 16), shard=(shard, 16))

    def test_unknown_opcode_is_4001(self):
        self.expect(4001, "unknown_opcode", lambda bot: bot.send(5))

    def test_undecodable_is_4002(self):
        self.expect(4002, "decode", lambda bot: bot.send_text("{"))

    def test_binary_is_4002(self):
        self.expect(4002, "decode", lambda bot: bot.send_binary(b'{"op":1,"d":null}'))

    def test_more_than_4096_bytes_are_4002_and_4096_are_not(self):
        filler = '{"op":1,"d":null,"x":""}'
        with self.sim.gateway() as bot:
            bot.send_text(filler[:-2] + "x" * (4096 - len(filler)) + '"}')
            bot.expect_op(11)
            bot.send_text(filler[:-2] + "x" * (4097 - len(filler)) + '"}')
            self.assertEqual(bot.close_code(), 4002)
        self.assertEqual(self.sim.breaches("frame_too_long"), 1)

    def test_commands_before_identify_are_4003(self):
        for op in (3, 4, 8, 31, 43):
            self.expect(4003, None, lambda bot, o=op: bot.send(o, {}))
        self.assertEqual(self.sim.breaches("not_authenticated"), 5)

    def test_a_wrong_token_is_4004(self):
        self.expect(4004, "gateway_token", lambda bot: bot.identify(token="wrong"))
        with self.sim.gateway() as bot:
            bot.resume("x", 1, token="Bot sim-token")
            self.assertEqual(bot.close_code(), 4004)

    def test_identify_or_resume_twice_is_4005(self):
        self.expect(4005, None, lambda bot: bot.identify(), self.login(0))
        self.expect(4005, None, lambda bot: bot.resume("x", 1), self.login(1))
        self.assertEqual(self.sim.breaches("already_authenticated"), 2)

    def test_a_sequence_that_never_was_is_4007(self):
        with self.sim.gateway() as old, self.sim.gateway() as bot:
            old.login(guilds=1, shard=(0, 1))
            bot.resume(old.session, old.seq + 1)
            self.assertEqual(bot.close_code(), 4007)
        self.assertEqual(self.sim.breaches("resume_seq"), 1)

    def test_the_121st_frame_is_4008(self):
        with self.sim.gateway() as bot:
            for _ in range(120):
                bot.send(1)
            for _ in range(120):
                bot.expect_op(11)
            bot.send(1)
            self.assertEqual(bot.close_code(), 4008)
        self.assertEqual(self.sim.breaches("gateway_rate"), 1)

    def test_no_identify_is_4009(self):
        with self.sim.gateway() as bot:
            for _ in range(40):
                try:
                    bot.beat()
                    time.sleep(0.4)  # alive, but nobody
                except Closed as end:
                    self.assertEqual(end.code, 4009)
                    break
            else:
                self.fail("still open")
        self.assertEqual(self.sim.breaches("no_identify"), 1)

    def test_invalid_shards_are_4010(self):
        for shard in ((1, 1), (-1, 2), (0, 0), (0,), ("0", "1")):
            self.expect(4010, None, lambda bot, s=shard: bot.identify(shard=s))

    def test_urls_that_are_not_served_are_4012(self):
        for query in ("?v=9&encoding=json", "?encoding=json", "?v=10&encoding=etf", "?v=10&encoding=json&compress=zstd-stream"):
            with self.sim.gateway(query, hello=False) as bot:
                self.assertEqual(bot.close_code(), 4012, query)

    def test_invalid_intents_are_4013(self):
        for intents in (None, -1, 1 << 17, 1 << 26, "129"):
            self.expect(4013, None, lambda bot, i=intents: bot.identify(intents=i))

    def test_privileged_intents_are_4014(self):
        for bit in (1, 8, 15):
            self.expect(4014, None, lambda bot, b=bit: bot.identify(intents=INTENTS | 1 << b))

    def test_an_identify_without_its_fields_is_4002(self):
        for change in ({"token": None}, {"properties": None}, {"properties": {"os": "x"}}, {"large_threshold": 10},
                       {"compress": "yes"}):
            self.expect(4002, None, lambda bot, c=change: bot.identify(**c))
        with self.sim.gateway("?v=10&encoding=json&compress=zlib-stream") as bot:
            bot.identify(compress=True)
            self.assertEqual(bot.close_code(), 4002)

    def test_every_code_on_demand_and_what_it_does_to_the_session(self):
        fatal = (4003, 4004, 4007, 4009, 4010, 4011, 4012, 4013, 4014, 1000, 1001)
        for n, code in enumerate((1000, 1001, 4000, 4001, 4002, 4003, 4004, 4005, 4007, 4008, 4009, 4010, 4011, 4012, 4013, 4014)):
            with self.subTest(code=code), self.sim.gateway() as bot, self.sim.gateway() as again:
                bot.login(guilds=0, shard=(n, 17), intents=128)
                self.sim.fault("close", code=code, shard=n)
                self.assertEqual(bot.close_code(), code)
                again.resume(bot.session, bot.seq)
                if code in fatal:
                    self.assertEqual(again.expect_op(9)["d"], False)
                else:
                    again.event("RESUMED")
                    again.drop()
        self.assertEqual(self.sim.summary()["breaches"], {})


class Faults(unittest.TestCase):
    def setUp(self):
        self.sim = Simulator()
        self.addCleanup(self.sim.close)

    def test_op_7_before_and_after_hello(self):
        self.sim.fault("reconnect", beforeHello=True)
        with self.sim.gateway(hello=False) as early:
            self.assertEqual(early.read()["op"], 7)
        with self.sim.gateway() as bot:
            bot.login()
            self.sim.fault("reconnect")
            bot.expect_op(7)
            bot.close(4000)
            with self.sim.gateway() as again:
                again.resume(bot.session, bot.seq)
                again.event("RESUMED")

    def test_op_9_true_lets_resume_and_false_does_not(self):
        with self.sim.gateway() as bot:
            bot.login()
            self.sim.fault("invalid_session", resumable=True)
            self.assertEqual(bot.expect_op(9)["d"], True)
            bot.resume(bot.session, bot.seq)
            bot.event("RESUMED")
            self.sim.fault("invalid_session", resumable=False)
            self.assertEqual(bot.expect_op(9)["d"], False)
            bot.resume(bot.session, bot.seq)
            self.assertEqual(bot.expect_op(9)["d"], False)

    def test_an_unanswered_op_1_is_a_breach(self):
        with self.sim.gateway() as bot:
            bot.login()
            self.sim.fault("heartbeat")
            wait_for(lambda: self.sim.breaches("heartbeat_demand"), "the breach")

    def test_a_dropped_connection_has_no_close_frame(self):
        with self.sim.gateway() as bot:
            bot.login()
            self.sim.fault("drop")
            self.assertEqual(bot.close_code(), 1006)

    def test_a_blackhole_swallows_and_the_session_goes_on(self):
        with self.sim.gateway() as bot, self.sim.gateway() as again:
            bot.login()
            self.sim.fault("blackhole")
            bot.send(1, bot.seq)
            self.sim.move(USER, LOUNGE)
            self.assertEqual(bot.silent(), [])
            again.resume(bot.session, bot.seq)
            again.event("VOICE_STATE_UPDATE")
            again.event("RESUMED")

    def test_a_freeze_holds_everything_until_it_is_healed(self):
        with self.sim.gateway() as bot:
            bot.login()
            self.sim.fault("freeze")
            bot.send(1, bot.seq)
            self.assertEqual(bot.silent(), [])
            with self.assertRaises(TimeoutError):
                import http.client
                connection = http.client.HTTPConnection(self.sim.discord.removeprefix("http://"), timeout=0.3)
                connection.request("GET", "/api/v10/gateway", headers={"User-Agent": "DiscordBot (x, 1)"})
                connection.getresponse()
            self.sim.heal()
            bot.expect_op(11)
            self.assertEqual(self.sim.rest("GET", "/gateway")[0], 200)

    def test_refuse_and_crash(self):
        with self.sim.gateway() as bot:
            bot.login()
            self.sim.fault("refuse")
            with self.assertRaises(ConnectionRefusedError):
                self.sim.rest("GET", "/gateway")
            bot.beat()
            self.sim.heal()
            self.sim.fault("refuse", target="gateway")
            with self.assertRaises(Closed):
                self.sim.gateway()
            self.assertEqual(self.sim.rest("GET", "/gateway")[0], 200)
            self.sim.heal()
            self.sim.fault("crash", durationMs=200)
            self.assertEqual(bot.close_code(), 1006)

            def back():
                try:
                    return self.sim.rest("GET", "/gateway")[0] == 200
                except ConnectionRefusedError:
                    return False
            wait_for(back, "the end of the crash")
            with self.sim.gateway() as again:
                again.resume(bot.session, bot.seq)
                self.assertEqual(again.expect_op(9)["d"], False)

    def test_garbage_frames_of_all_kinds(self):
        with self.sim.gateway() as bot:
            bot.login()
            self.sim.fault("garbage", what="opcode")
            self.assertEqual(bot.read()["op"], 99)
            self.sim.fault("garbage", what="event")
            self.assertEqual(bot.read()["t"], "SIM_UNHEARD_OF")
            self.sim.fault("garbage")
            self.assertEqual(bot.read_message()[1][-1:], b"{")
            self.sim.fault("garbage", what="binary")
            self.assertEqual(bot.read_message()[0], 2)
            bot.beat()

    def test_an_outage_takes_the_guild_and_gives_it_back(self):
        with self.sim.gateway() as bot:
            bot.login()
            self.sim.fault("outage", guildId=str(GUILD), durationMs=50)
            self.assertEqual(bot.event("GUILD_DELETE"), {"id": str(GUILD), "unavailable": True})
            self.assertEqual(bot.event("GUILD_CREATE")["id"], str(GUILD))

    def test_wrong_faults_are_refused(self):
        for body, status in (({"service": "discord", "fault": "sing"}, 400), ({"service": "lavalink", "fault": "drop"}, 404),
                             ({"service": "discord", "fault": "close", "code": 99}, 400), ({}, 400),
                             ({"service": "discord", "fault": "status", "code": 99, "target": "rest"}, 400)):
            self.sim.control("POST", "/sim/faults", body, expect=status)


if __name__ == "__main__":
    unittest.main(verbosity=2)
