"""How long remembered entities are gone when their node is killed: takeover.py [COUNT]. TUTTI_BIN names the program.

Three nodes, lease TTL 2 s, states in PostgreSQL. Prints when the last entity lived again, and when the last of the killed
node's had answered a question that was asked right after the kill."""
import http.client
import json
import os
import sys
import threading
import time

SYSTEM_TESTS = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "system")
sys.path[:0] = [SYSTEM_TESTS, os.path.join(SYSTEM_TESTS, "cluster")]
from clusters import TTL, Cluster
from support import TOKEN

COUNT = int(sys.argv[1]) if len(sys.argv) > 1 else 30_000
CLIENTS = 16


def each(items, node_of, what):
    """`what(connection, item)` for all, over some connections."""
    def run(mine):
        connections = {}
        for item in mine:
            node = node_of(item)
            if node.pid not in connections:
                connections[node.pid] = http.client.HTTPConnection(node.host, node.port, timeout=20)
            what(connections[node.pid], item)

    threads = [threading.Thread(target=run, args=(items[n::CLIENTS],)) for n in range(CLIENTS)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()


def ask(connection, key, command, body):
    connection.request("POST", f"/actors/counter/{key}/commands/{command}", json.dumps(body),
                       {"Authorization": "Bearer " + TOKEN, "Content-Type": "application/json"})
    answer = connection.getresponse()
    return answer.status, json.loads(answer.read())


def main():
    with Cluster("abc") as cluster:
        cluster.start()
        cluster.settled()
        keys = [f"guild-{n}" for n in range(COUNT)]
        owner = {}

        def make(connection, key):
            status, body = ask(connection, key, "add", {"by": 1})
            assert status == 200, body
            owner[key] = body["node"]

        nodes = list(cluster.nodes.values())
        began = time.monotonic()
        each(keys, lambda key: nodes[hash(key) % 3], make)
        print(f"made {COUNT} in {time.monotonic() - began:.1f} s")
        victim = cluster.view()["coordinator"]
        lost = [k for k in keys if owner[k] == victim]
        cluster.kill(victim)
        killed = time.monotonic()
        while cluster.view()["entities"].get("counter", 0) < COUNT:
            time.sleep(0.02)
            assert time.monotonic() - killed < 60
        alive = time.monotonic() - killed
        wrong = []

        def look(connection, key):
            status, body = ask(connection, key, "get", {})
            if status != 200 or body["value"] != 1:
                wrong.append((key, status, body))

        nodes = list(cluster.nodes.values())
        each(lost, lambda key: nodes[hash(key) % 2], look)
        print(json.dumps({"remembered": COUNT, "lost": len(lost), "ttl_s": TTL, "last_alive_s": round(alive, 2),
                          "over_2_ttl_s": round(alive - 2 * TTL, 2), "wrong": len(wrong)}))
        print(f"all asked once more in {time.monotonic() - killed - alive:.1f} s")
        return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
