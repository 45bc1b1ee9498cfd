"""Clusters of real nodes over a Redis and a PostgreSQL of their own, with mutual TLS."""
import json
import os
import shutil
import subprocess
import tempfile

from stores import Postgres, Redis, free_port
from support import Node, TOKEN, binary, wait_for

TTL = 2.0  # seconds


def make_certificates(folder, names):
    """A throw-away CA with a certificate for each name."""
    def openssl(*words):
        subprocess.run(["openssl", *words], check=True, capture_output=True, cwd=folder, timeout=30)

    key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
    openssl("req", "-x509", *key, "-keyout", "ca.key", "-out", "ca.crt", "-subj", "/CN=tests", "-days", "2")
    for name in names:
        openssl("req", *key, "-keyout", f"{name}.key", "-out", f"{name}.csr", "-subj", f"/CN={name}")
        openssl("x509", "-req", "-in", f"{name}.csr", "-CA", "ca.crt", "-CAkey", "ca.key", "-CAcreateserial",
                "-out", f"{name}.crt", "-days", "2")


class Cluster:
    """Nodes of one shared config, started and ended one by one. `coordination`: redis or postgres."""

    def __init__(self, names="abc", coordination="redis", tls=True, network=None):
        """`network`: where nodes have addresses and a namespace of their own, see networks.py."""
        self.folder = tempfile.mkdtemp(prefix="tutti-cluster-")
        self.names = list(names)
        self.nodes = {}
        self.network = network
        server = network.hub if network else "127.0.0.1"
        self.redis, self.postgres = Redis(host=server), Postgres(host=server)
        hosts = {name: network.address(name) if network else "127.0.0.1" for name in self.names}
        lines = ["[cluster]", 'name = "test"', f'coordination = "{coordination}"', f'lease_ttl = "{int(TTL * 1000)}ms"']
        if tls:
            make_certificates(self.folder, self.names)
        self.ports = {name: free_port() for name in self.names}
        lines.append(f'seeds = ["{hosts[self.names[0]]}:{self.ports[self.names[0]]}"]')
        lines += ["[cluster.tls]", f'mode = "{"on" if tls else "off"}"']
        if tls:
            lines += [f'certificate = "{self.folder}/NODE.crt"', f'key = "{self.folder}/NODE.key"',
                      f'ca = "{self.folder}/ca.crt"']
        for name in self.names:
            lines += ["[[node]]", f'name = "{name}"', f'host = "{hosts[name]}"',
                      f"port = {self.ports[name]}", f'http = "{hosts[name]}:0"']
        lines += ["[queue]", 'provider = "redis"', "[store]", 'provider = "postgres"',
                  "[redis]", f'url = "{self.redis.url}"', "[postgres]", f'url = "{self.postgres.url}"',
                  "[jobs]", 'claim_ttl = "2s"', "[log]", 'format = "json"']
        self.config = "\n".join(lines) + "\n"
        done = subprocess.run([binary(), "migrate"], env={"DATABASE_URL": self.postgres.url, "PATH": os.environ["PATH"]},
                              capture_output=True, text=True, timeout=60)
        if done.returncode != 0:
            raise AssertionError(done.stdout + done.stderr)

    def start(self, *names, ready=True):
        """All at once, then waits until each is ready."""
        started = []
        for name in names or self.names:
            path = os.path.join(self.folder, f"{name}.toml")
            with open(path, "w", encoding="utf-8") as f:
                f.write(self.config.replace("NODE", name))
            node = Node(port=None, ready=False, arguments=("--config", path, "--name", name),
                        prefix=self.network.prefix(name) if self.network else ())
            self.nodes[name] = node
            started.append(node)
        if ready:
            for node in started:
                node.wait_ready()
        return started

    def kill(self, name):
        node = self.nodes.pop(name)
        node.process.kill()
        node.process.wait()
        return node

    def any(self, *, but=()):
        return next(node for name, node in self.nodes.items() if name not in but)

    def view(self, name=None):
        answer = (self.nodes[name] if name else self.any()).get("/clusters")
        assert answer.status == 200, answer
        return answer.json()

    def settled(self, *names, within=20.0):
        """Waits until each node sees these members up, all partitions owned by them, and evenly."""
        names = sorted(names or self.nodes)

        def even(view):
            owned = view["partitionsPerMember"]
            up = sorted(m["name"] for m in view["members"] if m["state"] == "up")
            return (up == names and sorted(n for n in owned if owned[n]) == names and sum(owned.values()) == 256
                    and max(owned.values()) - min(v for v in owned.values() if v) <= 1)

        def all_see():
            views = [self.view(n) for n in names]
            return views if all(even(v) for v in views) else None

        return wait_for(all_see, f"a cluster of {names}", within, pause=0.1)

    def agreed(self, within=10.0):
        """Waits until all nodes have the same table."""
        wait_for(lambda: len({(v["epoch"], json.dumps(v["partitionsPerMember"], sort_keys=True))
                              for v in map(self.view, list(self.nodes))}) == 1, "all agree on the table", within, 0.1)

    def command(self, key, command, body=None, node=None, timeout=15):
        """(status, answer) of a counter's command."""
        node = node or self.any()
        answer = node.post(f"/actors/counter/{key}/commands/{command}", body or {}, timeout=timeout)
        return answer.status, answer.json()

    def close(self):
        for node in self.nodes.values():
            node.close()
        self.redis.close()
        self.postgres.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
