"""Real nodes that are killed, frozen, restarted and drained, while clients add to counters. What every client was told is
kept, and held against the counters afterwards."""
import os
import random
import signal
import threading
import time
import unittest

from clusters import TTL, Cluster
from support import Closed, main, wait_for

KEYS = [f"k{n}" for n in range(24)]
COORDINATION = os.environ.get("TUTTI_COORDINATION", "redis")


class Clients:
    """Adds 1 to counters until stopped, each request with a deadline. Of each counter: how many additions were
    confirmed, how many may have happened, and what the confirmations said."""

    def __init__(self, cluster, threads=3):
        self.cluster = cluster
        self.confirmed = dict.fromkeys(KEYS, 0)
        self.unknown = dict.fromkeys(KEYS, 0)
        self.refused = 0
        self.seen = {key: {} for key in KEYS}  # value → (node, epoch), each at most once
        self.wrong = []
        self.lock = threading.Lock()
        self.stopping = threading.Event()
        self.threads = [threading.Thread(target=self.run, args=(n,)) for n in range(threads)]
        for t in self.threads:
            t.start()

    def run(self, number):
        choose = random.Random(number)
        while not self.stopping.is_set():
            key = choose.choice(KEYS)
            try:
                node = choose.choice(list(self.cluster.nodes.values()))
                began = time.monotonic()
                status, body = self.cluster.command(key, "add", {"by": 1}, node=node, timeout=14)
                took = time.monotonic() - began
            except (OSError, Closed, AssertionError, IndexError):  # that node has gone: it may have happened
                with self.lock:
                    self.unknown[key] += 1
                time.sleep(0.05)
                continue
            with self.lock:
                if took > 12:
                    self.wrong.append(f"{key}: an answer after {took:.1f} s")
                self.note(key, status, body)

    def note(self, key, status, body):
        if status == 503:
            self.refused += 1
        elif status == 504:
            self.unknown[key] += 1
        elif status != 200:
            self.wrong.append(f"{key}: {status} {body}")
        else:
            self.confirmed[key] += 1
            at = (body["node"], body["epoch"])
            if self.seen[key].setdefault(body["value"], at) != at:
                self.wrong.append(f"{key}: two activations gave {body['value']}: {self.seen[key][body['value']]}, {at}")

    def stop(self):
        self.stopping.set()
        for t in self.threads:
            t.join(20)

    def check(self, test):
        """Against the counters as they are now. Every value was given once, so a lost or doubled addition shows."""
        test.assertEqual(self.wrong, [])
        for key in KEYS:
            status, body = wait_for(lambda: answered(self.cluster, key), f"an answer of {key}", 15)
            low, high = self.confirmed[key], self.confirmed[key] + self.unknown[key]
            test.assertTrue(low <= body["value"] <= high, f"{key}: {low} <= {body['value']} <= {high}")
            epochs = [at[1] for _, at in sorted(self.seen[key].items())]
            test.assertEqual(epochs, sorted(epochs), f"{key}: an epoch went back")


def answered(cluster, key):
    got = cluster.command(key, "get")
    return got if got[0] == 200 else None


class Faults(unittest.TestCase):
    def setUp(self):
        self.cluster = Cluster("abc", coordination=COORDINATION)
        self.addCleanup(self.cluster.close)
        self.cluster.start()
        self.cluster.settled()
        for key in KEYS:
            status, body = self.cluster.command(key, "add", {"by": 0})
            self.assertEqual(status, 200, body)

    def clients(self):
        out = Clients(self.cluster)
        self.addCleanup(out.stop)
        return out

    def all_answer(self, within):
        """Seconds until every counter has answered on a node that lives."""
        began = time.monotonic()
        left = set(KEYS)
        while left:
            for key in sorted(left):
                if self.cluster.command(key, "get", timeout=12)[0] == 200:
                    left.discard(key)
            took = time.monotonic() - began
            self.assertLess(took, within, f"no answer from {sorted(left)}")
        return took

    def test_killed_nodes(self):
        clients = self.clients()
        for round in range(2):
            view = self.cluster.view()
            victim = view["coordinator"] if round == 0 else next(n for n in self.cluster.nodes if n != view["coordinator"])
            self.cluster.kill(victim)
            took = self.all_answer(2 * TTL + 1)
            print(f"after SIGKILL of {victim} ({'the coordinator' if round == 0 else 'an owner'}): {took:.2f} s")
            events = " ".join(e["what"] for e in self.cluster.view()["events"])
            self.assertIn(f"{victim} was lost", events)
            self.cluster.start(victim)
            self.cluster.settled()
        clients.stop()
        clients.check(self)
        self.assertGreater(sum(clients.confirmed.values()), 100)

    def test_frozen_longer_than_the_ttl(self):
        clients = self.clients()
        victim = next(n for n in self.cluster.nodes if n != self.cluster.view()["coordinator"])
        frozen = self.cluster.nodes.pop(victim)
        frozen.signal(signal.SIGSTOP)
        try:
            self.all_answer(2 * TTL + 1)
            time.sleep(TTL)  # the others go on without it
        finally:
            frozen.signal(signal.SIGCONT)
        self.cluster.nodes[victim] = frozen
        self.cluster.settled()
        clients.stop()
        clients.check(self)

    def test_drained_and_stopped(self):
        clients = self.clients()
        view = self.cluster.view()
        name = next(n for n in self.cluster.nodes if n != view["coordinator"])
        plan = self.cluster.any(but=[name]).post(f"/nodes/{name}/drain?plan=true").json()
        self.assertEqual(plan["partitions"], view["partitionsPerMember"][name])
        self.assertEqual(self.cluster.view()["partitionsPerMember"], view["partitionsPerMember"])
        answer = self.cluster.any(but=[name]).post(f"/nodes/{name}/drain")
        self.assertEqual(answer.status, 202, answer)
        wait_for(lambda: self.cluster.view()["partitionsPerMember"].get(name, 0) == 0, "nothing left on it")
        self.assertEqual(self.cluster.any().post(f"/nodes/{name}/undrain").status, 200)
        self.cluster.settled()
        leaving = self.cluster.nodes.pop(name)
        began = time.monotonic()
        self.assertEqual(leaving.stop(), 0, leaving.log())
        self.all_answer(2)
        print(f"SIGTERM to the last answer: {time.monotonic() - began:.2f} s")
        clients.stop()
        clients.check(self)
        # Handed over, not lost: whoever asked in between waited.
        self.assertLess(clients.refused, 20)

    def test_lease_store_away_for_longer_than_the_ttl(self):
        clients = self.clients()
        before = {key: self.cluster.command(key, "get")[1]["node"] for key in KEYS}
        store = self.cluster.redis if COORDINATION == "redis" else self.cluster.postgres
        store.kill()
        wait_for(lambda: self.cluster.command(KEYS[0], "get")[0] == 503, "entities are suspended", 15)
        store.start()
        self.all_answer(6 * TTL)
        self.cluster.settled()
        clients.stop()
        clients.check(self)
        after = {key: self.cluster.command(key, "get")[1]["node"] for key in KEYS}
        self.assertEqual(before, after)  # the former owners came first


if __name__ == "__main__":
    main()
