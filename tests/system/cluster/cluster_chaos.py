"""Faults at random on five nodes and their stores, while clients add to counters. TUTTI_CHAOS_SECONDS says for how long,
TUTTI_SEED repeats a run's choices."""
import networks
networks.enter()

import os
import random
import signal
import time
import unittest

from cluster_faults import KEYS, Clients
from clusters import TTL, Cluster
from support import main

SECONDS = float(os.environ.get("TUTTI_CHAOS_SECONDS", "20"))
SEED = int(os.environ.get("TUTTI_SEED", random.randrange(1 << 30)))
NAMES = "abcde"


class Chaos(unittest.TestCase):
    def setUp(self):
        self.network = networks.Network(NAMES)
        self.addCleanup(self.network.close)
        self.cluster = Cluster(NAMES, network=self.network, coordination=os.environ.get("TUTTI_COORDINATION", "redis"))
        self.addCleanup(self.cluster.close)
        self.cluster.start()
        self.cluster.settled(within=30)
        self.random = random.Random(SEED)

    def pause(self, most):
        time.sleep(self.random.uniform(0.1, most))

    def one_node(self):
        return self.random.choice(sorted(self.cluster.nodes))

    def killed(self):
        name = self.one_node()
        self.cluster.kill(name)
        self.pause(2 * TTL)
        self.cluster.start(name, ready=False)[0]
        self.starting.append(name)

    def stopped(self):
        name = self.one_node()
        node = self.cluster.nodes.pop(name)
        node.signal(signal.SIGTERM)
        self.assertEqual(node.wait(40), 0, node.log()[-2000:])
        self.cluster.start(name, ready=False)
        self.starting.append(name)

    def frozen(self):
        name = self.one_node()
        node = self.cluster.nodes.pop(name)
        node.signal(signal.SIGSTOP)
        self.pause(3 * TTL)
        node.signal(signal.SIGCONT)
        self.cluster.nodes[name] = node

    def isolated(self):
        name = self.one_node()
        node = self.cluster.nodes.pop(name)
        self.network.isolate(name)
        self.pause(3 * TTL)
        self.network.join(name)
        self.cluster.nodes[name] = node

    def cut(self):
        source, target = self.random.sample(NAMES, 2)
        ways = [(source, target), (target, source)][:self.random.choice((1, 2))]
        for way in ways:
            self.network.cut(*way)
        self.pause(3 * TTL)
        for way in ways:
            self.network.mend(*way)

    def redis_killed(self):
        self.cluster.redis.kill()
        self.pause(2 * TTL)
        self.cluster.redis.start()

    def redis_frozen(self):
        self.cluster.redis.freeze()
        self.pause(2 * TTL)
        self.cluster.redis.thaw()

    def postgres_killed(self):
        self.cluster.postgres.kill()
        self.pause(TTL)
        self.cluster.postgres.start()

    def test_faults(self):
        print(f"TUTTI_SEED={SEED}", flush=True)
        for key in KEYS:
            self.assertEqual(self.cluster.command(key, "add", {"by": 0})[0], 200)
        clients = Clients(self.cluster)
        self.addCleanup(clients.stop)
        faults = [self.killed, self.killed, self.stopped, self.frozen, self.isolated, self.cut, self.redis_killed,
                  self.redis_frozen, self.postgres_killed]
        self.starting, done = [], 0
        until = time.monotonic() + SECONDS
        while time.monotonic() < until:
            fault = self.random.choice(faults)
            fault()
            done += 1
            self.bring_up()
            self.pause(2 * TTL)
        self.cluster.settled(within=60)
        self.cluster.agreed()
        clients.stop()
        clients.check(self)
        print(f"{done} faults; {sum(clients.confirmed.values())} additions confirmed, {clients.refused} refused, "
              f"{sum(clients.unknown.values())} of unknown outcome")
        self.assertGreater(sum(clients.confirmed.values()), SECONDS)

    def bring_up(self):
        for name in self.starting:
            self.cluster.nodes[name].wait_ready()
        self.starting.clear()


if __name__ == "__main__":
    main()
