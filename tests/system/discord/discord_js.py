"""Unchanged discord.js from npm against tutti-sim: two shards, a command, a reconnect, and no rule broken.

Exit code 77, with words, where node or npm is missing or npm cannot fetch the package.
"""
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import unittest

from raw_client import GUILD, LIBC, LOUNGE, USER, Simulator, wait_for

HERE = os.path.dirname(os.path.abspath(__file__))
FOLDER = os.environ.get("TUTTI_NPM_FOLDER", os.path.join(HERE, "node_modules"))


def skip(why):
    print(f"skipped: {why}")
    sys.exit(77)


def install():
    for program in ("node", "npm"):
        if not shutil.which(program):
            skip(f"{program} is not installed")
    os.makedirs(FOLDER, exist_ok=True)
    for file in ("package.json", "discord_js.mjs"):
        shutil.copy(os.path.join(HERE, file), FOLDER)
    with open(os.path.join(HERE, "package.json"), encoding="utf-8") as f:
        wanted = json.load(f)["dependencies"]["discord.js"]
    there = os.path.join(FOLDER, "node_modules", "discord.js", "package.json")
    if os.path.exists(there):
        with open(there, encoding="utf-8") as f:
            if json.load(f)["version"] == wanted:
                return
    try:
        done = subprocess.run(["npm", "install", "--no-audit", "--no-fund", "--ignore-scripts"], cwd=FOLDER, timeout=90,
                              capture_output=True, text=True)
    except subprocess.TimeoutExpired:
        skip("npm did not finish within 90 s")
    if done.returncode:
        skip(f"npm install: {done.stderr.strip()[-300:]}")


class Client:
    """discord_js.mjs and the lines that it prints."""

    def __init__(self, api):
        self.process = subprocess.Popen(["node", "discord_js.mjs", api], cwd=FOLDER, stdout=subprocess.PIPE,
                                        stderr=subprocess.STDOUT, text=True,
                                        preexec_fn=lambda: LIBC.prctl(1, signal.SIGKILL))
        self.lines = []
        self.reader = threading.Thread(target=self._read)
        self.reader.start()

    def _read(self):
        for line in self.process.stdout:
            self.lines.append(line.strip())

    def events(self, name):
        out = []
        for line in list(self.lines):
            try:
                one = json.loads(line)
            except ValueError:
                continue
            if one.get("event") == name:
                out.append(one)
        return out

    def close(self):
        self.process.terminate()
        try:
            self.process.wait(10)
        finally:
            self.process.kill()
            self.reader.join()
            self.process.stdout.close()


class DiscordJs(unittest.TestCase):
    def test_two_shards_answer_reconnect_and_resume(self):
        with Simulator("--guilds", "4", "--guild-step", str(1 << 22), "--shards", "2", "--max-concurrency", "2") as sim:
            bot = Client(sim.discord + "/api")
            try:
                self.go_through(sim, bot)
            except BaseException:
                print("\n".join(bot.lines))
                raise
            finally:
                bot.close()
            summary = sim.summary()
            self.assertEqual((summary["identifies"], summary["resumes"], summary["breaches"]), (2, 4, {}))
            self.assertEqual(bot.events("error"), [])

    def go_through(self, sim, bot):
        ready = wait_for(lambda: bot.events("ready"), "ready", 30)[0]
        self.assertEqual((ready["guilds"], ready["commands"]), (4, 2))
        self.assertEqual(sorted(one["shard"] for one in bot.events("shardReady")), [0, 1])
        for guild in range(4):  # of both shards
            reply = sim.interact({"guildId": str(GUILD + guild * (1 << 22)), "command": "play", "options": {"query": "loop"}})
            self.assertEqual(reply["reply"]["content"], "playing loop")
        self.assertEqual(sim.interact({"button": "Skip"})["reply"]["content"], "pressed skip")
        typed = sim.interact({"command": "play", "autocomplete": "query", "options": {"query": "lo"}})
        self.assertEqual(typed["reply"]["choices"], [{"name": "lo!", "value": "lo"}])
        self.assertEqual(sim.interact({"command": "slow"})["reply"]["content"], "done")
        sim.move(USER, LOUNGE)
        wait_for(lambda: bot.events("voice"), "the voice state")
        self.assertEqual(bot.events("voice")[0]["channel"], str(LOUNGE))

        sim.fault("reconnect")
        wait_for(lambda: len(bot.events("shardResume")) == 2, "both resumes")
        sim.fault("close", code=4000)
        wait_for(lambda: len(bot.events("shardResume")) == 4, "both resumes after a close")
        reply = sim.interact({"command": "play", "options": {"query": "again"}})
        self.assertEqual(reply["reply"]["content"], "playing again")


if __name__ == "__main__":
    install()
    unittest.main(verbosity=2)
