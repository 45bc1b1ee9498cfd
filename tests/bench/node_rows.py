"""The node on its own memory: HTTP, the job system, what it holds."""
import collections
import socket
import time

from harness import Server, cpu_seconds, load, memory, node, programs


def http(build, peers, table, rounds, seconds):
    servers = {"tutti": lambda: node(build), "beast": lambda: Server([build / "bin/beast_fixed", "PORT", "1"])}
    if peers.there:
        servers["fastify"] = lambda: Server(peers.command("fastify.mjs", "memory", "PORT"))
    post, get = collections.defaultdict(list), collections.defaultdict(list)
    for _ in range(rounds):
        for name, start in servers.items():
            with start() as server:
                post[name].append(load(server, "post_jobs.lua", "/jobs", seconds))
                if name != "fastify":
                    get[name].append(load(server, "get_health.lua", "/health", seconds))
    rates = lambda runs: [r["rate"] for r in runs]
    cpu = lambda runs: [r["cpu_us"] for r in runs]
    table.add("POST /jobs, 32 connections, job run", "bare Beast, 1 I/O thread each", 0.7, 0.85, rates(post["tutti"]),
              rates(post["beast"]), "per s")
    table.add("the same", "Fastify, memory", 1.8, 2.3, rates(post["tutti"]), rates(post["fastify"]), "per s")
    table.add("server CPU a request", "Fastify, memory", 1, 0.5, cpu(post["tutti"]), cpu(post["fastify"]), "µs", True)
    table.add("GET /health, 32 connections", "bare Beast, 1 I/O thread each", 0.85, 0.95, rates(get["tutti"]),
              rates(get["beast"]), "per s")


def job_system(build, table):
    """→ how dear a job is by how many wait."""
    echo = programs(build, "echo", "actor_bench")
    table.add("diag.echo through the job system", "bare CAF spawn and message", 0.4, 0.6, echo["echo", "job_system"],
              echo["echo", "bare_spawn_and_message"], "per s")
    latency = programs(build, "latency", "actor_bench")
    table.add("submit to handler at 300/s, p50", "–", 0.3, 0.2, latency["submit_to_handler_p50", "tutti"], unit="ms",
              lower_is_better=True, absolute=True)
    table.add("the same, p99", "–", 3, 2, latency["submit_to_handler_p99", "tutti"], unit="ms", lower_is_better=True, absolute=True)
    cpu = programs(build, "messages", "actor_bench")
    table.add("CPU a message to an actor with statistics", "the same on bare CAF", 1.25, 1.1, cpu["message_cpu", "tutti"],
              cpu["message_cpu", "bare"], "µs", True)
    spread = programs(build, "spread", "actor_bench")
    table.add("messages over 100,000 actors beside a busy process", "the same unloaded", 0.3, 0.45,
              spread["spread", "beside_a_busy_process"], spread["spread", "unloaded"], "per s")
    held = programs(build, "memory", "actor_bench")
    table.add("1,000,000 queued jobs of 100 bytes, resident", "–", 1024, 600, held["queued_1M_resident", "tutti"],
              unit="MiB", lower_is_better=True, absolute=True)
    return {n: held["submit_claim_finish_with_queued", str(n)][0] for n in (1000, 10000, 100000, 1000000)}


def resident(build, table):
    with node(build) as server:
        time.sleep(2)  # a measurement window, not a wait: the node has started
        before = cpu_seconds(server.pid)
        time.sleep(10)
        idle = (cpu_seconds(server.pid) - before) / 10 * 100
        table.add("a started node: anonymous memory", "–", 12, 6, [memory(server.pid, "RssAnon") / 2**20], unit="MiB",
                  lower_is_better=True, absolute=True)
        table.add("the same: idle CPU", "–", 1, 0.2, [idle], unit="% of a core", lower_is_better=True, absolute=True)
        empty = memory(server.pid, "VmRSS")
        connections, wanted = [], 10000
        try:
            for _ in range(wanted):
                s = socket.create_connection(("127.0.0.1", server.port))
                s.sendall(b"GET /live HTTP/1.1\r\nHost: x\r\n\r\n")
                s.recv(1000)
                connections.append(s)
            each = (memory(server.pid, "VmRSS") - empty) / len(connections) / 1024
            table.add(f"{wanted:,} idle keep-alive connections, resident each", "–", 16, 8, [each], unit="KiB",
                      lower_is_better=True, absolute=True)
        finally:
            for s in connections:
                s.close()
