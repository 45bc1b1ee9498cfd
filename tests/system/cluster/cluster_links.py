"""Five nodes whose links are cut, one way and both, while clients add to counters."""
import networks
networks.enter()

import unittest

from cluster_faults import COORDINATION, KEYS, Clients
from clusters import TTL, Cluster
from support import main, wait_for


class Links(unittest.TestCase):
    NAMES = "abcde"

    def setUp(self):
        self.network = networks.Network(self.NAMES)
        self.addCleanup(self.network.close)
        self.cluster = Cluster(self.NAMES, coordination=COORDINATION, network=self.network)
        self.addCleanup(self.cluster.close)
        self.cluster.start()
        self.cluster.settled(within=30)
        for key in KEYS:
            self.assertEqual(self.cluster.command(key, "add", {"by": 0})[0], 200)
        self.clients = Clients(self.cluster)
        self.addCleanup(self.clients.stop)

    def others(self, name):
        return [n for n in self.NAMES if n != name]

    def all_answer(self, asked, within):
        """Every counter, each asked at these nodes."""
        def done():
            return all(self.cluster.command(key, "get", node=self.cluster.nodes[asked[n % len(asked)]])[0] == 200
                       for n, key in enumerate(KEYS))
        wait_for(done, f"all counters answer at {asked}", within, pause=0.1)

    def victim(self, coordinator=False):
        view = self.cluster.view()
        return view["coordinator"] if coordinator else next(n for n in self.NAMES if n != view["coordinator"])

    def healed(self):
        self.cluster.settled(within=40)
        self.cluster.agreed()
        self.clients.stop()
        self.clients.check(self)

    def test_isolated(self):
        """From the others and from the stores: its leases end, and it has stopped before."""
        name = self.victim()
        node = self.cluster.nodes.pop(name)
        self.network.isolate(name)
        self.all_answer(self.others(name), 2 * TTL + 2)
        self.network.join(name)
        self.cluster.nodes[name] = node
        self.healed()

    def test_coordinator_isolated(self):
        name = self.victim(coordinator=True)
        node = self.cluster.nodes.pop(name)
        self.network.isolate(name)
        self.all_answer(self.others(name), 2 * TTL + 2)
        self.network.join(name)
        self.cluster.nodes[name] = node
        self.healed()

    def test_cut_off_from_the_others_only(self):
        """It can still renew its leases: the coordinator takes its partitions away after 2 TTL."""
        name = self.victim()
        node = self.cluster.nodes.pop(name)
        for other in self.others(name):
            self.network.cut(name, other)
            self.network.cut(other, name)
        self.all_answer(self.others(name), 5 * TTL + 2)
        # The one that answers may read the table a little later than those that were asked for the counters.
        wait_for(lambda: self.cluster.view()["partitionsPerMember"].get(name, 0) == 0,
                 f"nothing is left at {name}", 5 * TTL)
        for other in self.others(name):
            self.network.mend(name, other)
            self.network.mend(other, name)
        self.cluster.nodes[name] = node
        self.healed()

    def test_cut_one_way(self):
        name = self.victim()
        node = self.cluster.nodes.pop(name)
        for other in self.others(name):
            self.network.cut(name, other)
        self.all_answer(self.others(name), 5 * TTL + 2)
        for other in self.others(name):
            self.network.mend(name, other)
        self.cluster.nodes[name] = node
        self.healed()


if __name__ == "__main__":
    main()
