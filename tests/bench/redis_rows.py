"""Jobs in Redis, beside BullMQ and beside the same writes by a bare client. Each measurement has a fresh server."""
import collections
import urllib.request

from harness import Figures, Redis, Server, load, node


def node_with_paused_queue(build, redis):
    server = node(build, QUEUE_PROVIDER="redis", REDIS_URL=redis.url)
    request = urllib.request.Request(f"http://127.0.0.1:{server.port}/queues/default/pause", method="POST")
    urllib.request.urlopen(request, timeout=5).close()
    return server


def http(build, peers, table, rounds, seconds):
    servers = {"tutti": lambda redis: node_with_paused_queue(build, redis),
               "beast": lambda _: Server([build / "bin/beast_fixed", "PORT", "1"])}
    for name in ("bullmq", "stream") if peers.there else ():
        servers[name] = lambda redis, name=name: Server(peers.command("fastify.mjs", name, "PORT", redis.port))
    runs = collections.defaultdict(list)
    for _ in range(rounds):
        for name, start in servers.items():
            with Redis() as redis, start(redis) as server:
                runs[name].append(load(server, "post_jobs.lua", "/jobs", seconds))
    rate, cpu = ({name: [r[field] for r in of] for name, of in runs.items()} for field in ("rate", "cpu_us"))
    what, per_s = "Redis: POST /jobs, 32 connections, queue paused", "per s"
    table.add(what, "Fastify and BullMQ with jobId", 3, 4, rate["tutti"], rate.get("bullmq"), per_s)
    table.add("the same: server CPU a request", "Fastify and BullMQ with jobId", 1 / 3, 1 / 4, cpu["tutti"],
              cpu.get("bullmq"), "µs", True)
    table.add(what, "Fastify and one stream script", 1.5, 2, rate["tutti"], rate.get("stream"), per_s)
    table.add(what, "bare Beast, 1 I/O thread each", 0.5, 0.65, rate["tutti"], rate["beast"], per_s)


def job_system(build, peers, table, rounds):
    figures = Figures()
    ours = lambda redis, *what: figures.run(build / "bin/redis_jobs_bench", redis.port, *what)
    theirs = lambda redis, *what: figures.run(*peers.command("bullmq.mjs", redis.port, *what))
    measured = [(ours, "submit"), (ours, "run"), (ours, "latency")]
    if peers.there:
        measured += [(theirs, "run"), (theirs, "latency")]
    for _ in range(rounds):
        for who, what in measured:
            with Redis() as redis:
                who(redis, what)
    for who, name in [(ours, "tutti")] + ([(theirs, "bullmq")] if peers.there else []):
        with Redis() as redis:
            who(redis, "fill", 1000)  # what is there once, however many wait
            before, count = redis.used_memory(), 100_000
            who(redis, "fill", count)
            figures["memory", name] = [(redis.used_memory() - before) / count]
    for _ in range(rounds):
        with Redis() as redis:
            ours(redis, "waiting")

    def row(figure, key, against, must, aim, unit, lower=False):
        table.add(figure, against[1], must, aim, figures[key, "tutti"], figures[key, against[0]], unit, lower)

    bullmq, bare = ("bullmq", "BullMQ, concurrency 100"), ("hiredis", "hiredis loop, same writes")
    row("Redis: submission without HTTP, 32 in flight", "submit", ("hiredis", "hiredis, pipeline 16, script with the same writes"),
        0.6, 0.8, "per s")
    row("Redis: no-op jobs run", "run", bullmq, 2, 4, "per s")
    row("the same: Redis CPU a job", "run_redis_cpu", bullmq, 0.6, 0.35, "µs", True)
    row("Redis: no-op jobs run", "run", bare, 0.6, 0.8, "per s")
    row("Redis: submit to handler at 300/s, p50", "latency_p50", ("bullmq", "BullMQ"), 0.5, 0.3, "ms", True)
    row("the same, p99", "latency_p99", ("bullmq", "BullMQ"), 0.5, 0.3, "ms", True)
    row("Redis: memory a queued job of 200 bytes", "memory", ("bullmq", "BullMQ with jobId"), 0.6, 0.4, "B", True)
    table.add("Redis: jobs a second with 1,000,000 waiting", "with 1,000", 0.85, 0.95, figures["waiting", "1000000"],
              figures["waiting", "1000"], "per s")
