#!/usr/bin/env python3
"""Measures the node beside its peers and ceilings, in turns on the same machine, and prints a table of ratios.

usage: run.py BUILD_DIR [--rounds N] [--seconds S] [--write docs/benchmarks.md]
"""
import argparse, collections, json, os, pathlib, shutil, socket, statistics, subprocess, sys, time, urllib.request

HERE = pathlib.Path(__file__).resolve().parent
TICKS = os.sysconf("SC_CLK_TCK")


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def cpu_seconds(pid):
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def memory(pid, field):
    for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(field + ":"):
            return int(line.split()[1]) * 1024
    return 0


class Server:
    """A process that listens on a port of its own."""

    def __init__(self, command, env=None):
        self.port = free_port()
        command = [str(c).replace("PORT", str(self.port)) for c in command]
        env = {**os.environ, **{k: v.replace("PORT", str(self.port)) for k, v in (env or {}).items()}}
        self.process = subprocess.Popen(command, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        deadline = time.monotonic() + 15
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                return
            except OSError:
                if self.process.poll() is not None or time.monotonic() > deadline:
                    raise RuntimeError(f"{command[0]} did not start")
                time.sleep(0.05)

    def stop(self):
        self.process.terminate()
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()


def load(server, script, path, seconds):
    before = cpu_seconds(server.process.pid)
    out = subprocess.run(["wrk", "-t1", "-c32", f"-d{seconds}s", "-s", HERE / script, f"http://127.0.0.1:{server.port}{path}"],
                         capture_output=True, text=True, check=True).stdout
    result = json.loads(next(line for line in out.splitlines() if line.startswith("{")))
    if result["refused"] or result["broken"]:
        raise RuntimeError(f"{path}: {result} (answers other than 2xx must be 0)")
    result["cpu_us"] = (cpu_seconds(server.process.pid) - before) / result["requests"] * 1e6
    return result


class Table:
    def __init__(self):
        self.rows = []

    def add(self, figure, against, must, aim, values, peers=None, unit="", lower_is_better=False, absolute=False):
        """A ratio of medians, with its spread over the rounds; or an absolute figure."""
        value = statistics.median(values)
        if absolute:
            shown, detail, spread = value, f"{value:,.4g} {unit}", values
        else:
            peer = statistics.median(peers)
            shown = value / peer
            detail = f"{value:,.4g} / {peer:,.4g} {unit}"
            spread = [v / p for v, p in zip(values, peers)]
        met = (lambda bound: shown <= bound) if lower_is_better else (lambda bound: shown >= bound)
        verdict = "aim" if met(aim) else "must" if met(must) else "MISSED"
        sign = "≤" if lower_is_better else "≥"
        number = f"{shown:,.3g}" + ("" if absolute else "×")
        self.rows.append((figure, against, f"{sign} {must:g}", f"{sign} {aim:g}", number,
                          f"{min(spread):,.3g} … {max(spread):,.3g}", detail, verdict))
        print("  ".join(self.rows[-1]), flush=True)

    def markdown(self):
        head = ("figure", "against", "must", "aim", "measured", "over the rounds", "medians", "reached")
        lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
        return "\n".join(lines + ["| " + " | ".join(row) + " |" for row in self.rows])


def parts(build, name, program="actor_bench"):
    out = subprocess.run([build / "bin" / program, name], capture_output=True, text=True, check=True).stdout
    figures = collections.defaultdict(list)
    for line in out.splitlines():
        item = json.loads(line)
        figures[item["figure"], item["of"]].append(item["value"])
    return figures


def node(build, **env):
    return Server([build / "bin/tutti", "node"], {"PORT": "PORT", "LOG_LEVEL": "error", "TUTTI_HTTP_THREADS": "1", **env})


def http_figures(build, table, rounds, seconds):
    beast = lambda: Server([build / "bin/beast_fixed", "PORT", "1"])
    peers = {"tutti": lambda: node(build), "beast": beast}
    modules = build / "peers"
    if shutil.which("npm"):
        modules.mkdir(exist_ok=True)
        for name in ("package.json", "fastify_memory.mjs"):
            shutil.copy(HERE / "peers" / name, modules)
        if not (modules / "node_modules/fastify").exists():
            subprocess.run(["npm", "install", "--no-audit", "--no-fund", "--silent"], cwd=modules, check=True)
        peers["fastify"] = lambda: Server(["node", modules / "fastify_memory.mjs", "PORT"])
    else:
        print("npm is not there: Fastify is not measured", flush=True)
    post, get = collections.defaultdict(list), collections.defaultdict(list)
    for _ in range(rounds):
        for name, start in peers.items():
            with start() as server:
                post[name].append(load(server, "post_jobs.lua", "/jobs", seconds))
                if name != "fastify":
                    get[name].append(load(server, "get_health.lua", "/health", seconds))
    rates = lambda runs: [r["rate"] for r in runs]
    table.add("POST /jobs, 32 connections, job run", "bare Beast, 1 I/O thread each", 0.7, 0.85, rates(post["tutti"]),
              rates(post["beast"]), "per s")
    if "fastify" in post:
        table.add("the same", "Fastify, memory", 1.8, 2.3, rates(post["tutti"]), rates(post["fastify"]), "per s")
        cpu = lambda runs: [r["cpu_us"] for r in runs]
        table.add("server CPU a request", "Fastify, memory", 1, 0.5, cpu(post["tutti"]), cpu(post["fastify"]), "µs", True)
    table.add("GET /health, 32 connections", "bare Beast, 1 I/O thread each", 0.85, 0.95, rates(get["tutti"]),
              rates(get["beast"]), "per s")


def part_figures(build, table):
    echo = parts(build, "echo")
    table.add("diag.echo through the job system", "bare CAF spawn and message", 0.4, 0.6, echo["echo", "job_system"],
              echo["echo", "bare_spawn_and_message"], "per s")
    latency = parts(build, "latency")
    table.add("submit to handler at 300/s, p50", "–", 0.3, 0.2, latency["submit_to_handler", "p50"], unit="ms",
              lower_is_better=True, absolute=True)
    table.add("the same, p99", "–", 3, 2, latency["submit_to_handler", "p99"], unit="ms", lower_is_better=True, absolute=True)
    cpu = parts(build, "messages")
    table.add("CPU a message to an actor with statistics", "the same on bare CAF", 1.25, 1.1, cpu["message_cpu", "tutti"],
              cpu["message_cpu", "bare"], "µs", True)
    spread = parts(build, "spread")
    table.add("messages over 100,000 actors beside a busy process", "the same unloaded", 0.3, 0.45,
              spread["spread", "beside_a_busy_process"], spread["spread", "unloaded"], "per s")
    memory_figures = parts(build, "memory")
    table.add("1,000,000 queued jobs of 100 bytes, resident", "–", 1024, 600, memory_figures["queued_1M_resident", "tutti"],
              unit="MiB", lower_is_better=True, absolute=True)
    cost = {n: memory_figures["submit_claim_finish_with_queued", str(n)][0] for n in (1000, 10000, 100000, 1000000)}
    return cost


def entity_figures(build, table):
    figures = collections.defaultdict(list)
    for name in ("ask", "activation", "memory", "remote"):
        figures.update(parts(build, name, "entity_bench"))

    def row(figure, key, against, must, aim, unit, lower=False):
        table.add(figure, against, must, aim, figures[key, "entity"], figures[key, "bare"], unit, lower)

    row("ask an entity on another node, 64 outstanding", "ask_remote_64", "bare CAF remote request", 0.8, 1.5, "per s")
    row("tell an entity on another node", "tell_remote", "bare CAF remote message", 1, 3, "per s")
    row("ask, 1 outstanding, p50", "ask_remote_1_p50", "bare CAF remote request", 1.4, 1.15, "µs", True)
    row("ask a local entity, 64 outstanding", "ask_local_64", "bare CAF request", 0.5, 0.7, "per s")
    row("activation of new entities", "activation", "bare CAF spawn and message", 0.4, 0.6, "per s")
    row("resident bytes an idle entity", "idle_resident", "bare CAF stateful actor", 1.5, 1.2, "B", True)
    out = subprocess.run([sys.executable, HERE / "takeover.py"], env={**os.environ, "TUTTI_BIN": str(build / "bin/tutti")},
                         capture_output=True, text=True, check=True).stdout
    takeover = json.loads(next(line for line in out.splitlines() if line.startswith("{")))
    table.add("takeover after SIGKILL, 30,000 remembered entities, beyond 2 TTL", "–", 3, 1, [takeover["over_2_ttl_s"]],
              unit="s", lower_is_better=True, absolute=True)


def resident_figures(build, table):
    with node(build) as server:
        pid = server.process.pid
        time.sleep(2)  # a measurement window, not a wait: the node has started
        before = cpu_seconds(pid)
        time.sleep(10)
        idle = (cpu_seconds(pid) - before) / 10 * 100
        table.add("a started node: anonymous memory", "–", 12, 6, [memory(pid, "RssAnon") / 2**20], unit="MiB",
                  lower_is_better=True, absolute=True)
        table.add("the same: idle CPU", "–", 1, 0.2, [idle], unit="% of a core", lower_is_better=True, absolute=True)
        empty = memory(pid, "VmRSS")
        connections, wanted = [], 10000
        try:
            for _ in range(wanted):
                s = socket.create_connection(("127.0.0.1", server.port))
                s.sendall(b"GET /live HTTP/1.1\r\nHost: x\r\n\r\n")
                s.recv(1000)
                connections.append(s)
            each = (memory(pid, "VmRSS") - empty) / len(connections) / 1024
            table.add(f"{wanted:,} idle keep-alive connections, resident each", "–", 16, 8, [each], unit="KiB",
                      lower_is_better=True, absolute=True)
        finally:
            for s in connections:
                s.close()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("build", type=pathlib.Path)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=3)
    parser.add_argument("--write", type=pathlib.Path)
    options = parser.parse_args()
    build = options.build.resolve()
    table = Table()
    http_figures(build, table, options.rounds, options.seconds)
    cost = part_figures(build, table)
    resident_figures(build, table)
    entity_figures(build, table)
    scaling = "\n".join(["| jobs waiting | submit, claim and finish one |", "|---|---|"]
                        + [f"| {n:,} | {us:.2f} µs |" for n, us in cost.items()])
    text = table.markdown() + "\n\n" + scaling + "\n"
    print("\n" + text)
    if options.write:
        page = options.write.read_text()
        begin, end = "<!-- figures: begin -->", "<!-- figures: end -->"
        head, rest = page.split(begin)
        options.write.write_text(head + begin + "\n\n" + text + "\n" + end + rest.split(end)[1])
    return 1 if any(row[-1] == "MISSED" for row in table.rows) else 0


if __name__ == "__main__":
    sys.exit(main())
