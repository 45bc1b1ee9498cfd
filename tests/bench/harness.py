"""What the rows of run.py share: servers on ports of their own, load, the table."""
import collections
import json
import os
import pathlib
import shutil
import socket
import statistics
import subprocess
import tempfile
import time

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
                    self.stop()
                    raise RuntimeError(f"{command[0]} did not start")
                time.sleep(0.05)

    @property
    def pid(self):
        return self.process.pid

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


class Redis(Server):
    """Durable as an operator would run it; its folder goes with it."""

    def __init__(self):
        self.folder = tempfile.mkdtemp(prefix="tutti-bench-redis-")
        super().__init__(["redis-server", "--port", "PORT", "--bind", "127.0.0.1", "--dir", self.folder, "--save", "",
                          "--appendonly", "yes", "--appendfsync", "everysec", "--maxmemory-policy", "noeviction"])
        self.url = f"redis://127.0.0.1:{self.port}"

    def used_memory(self):
        out = subprocess.run(["redis-cli", "-p", str(self.port), "INFO", "memory"], capture_output=True, text=True,
                             check=True).stdout
        return int(next(line for line in out.splitlines() if line.startswith("used_memory:")).split(":")[1])

    def stop(self):
        super().stop()
        shutil.rmtree(self.folder, ignore_errors=True)


def node(build, **env):
    return Server([build / "bin/tutti", "node"], {"PORT": "PORT", "LOG_LEVEL": "error", "TUTTI_HTTP_THREADS": "1", **env})


def load(server, script, path, seconds):
    before = cpu_seconds(server.pid)
    out = subprocess.run(["wrk", "-t1", "-c32", f"-d{seconds}s", "-s", HERE / script, f"http://127.0.0.1:{server.port}{path}"],
                         capture_output=True, text=True, check=True).stdout
    result = json.loads(next(line for line in out.splitlines() if line.startswith("{")))
    if result["refused"] or result["broken"]:
        raise RuntimeError(f"{path}: {result} (answers other than 2xx must be 0)")
    result["cpu_us"] = (cpu_seconds(server.pid) - before) / result["requests"] * 1e6
    return result


class Figures(collections.defaultdict):
    """(figure, of whom) → its values, one a round."""

    def __init__(self):
        super().__init__(list)

    def run(self, *command):
        """A program that prints a JSON line for each figure."""
        done = subprocess.run([str(c) for c in command], capture_output=True, text=True)
        if done.returncode != 0:
            raise RuntimeError(f"{command[0]}: {done.returncode}\n{done.stdout}{done.stderr}")
        for line in done.stdout.splitlines():
            if line.startswith("{"):
                item = json.loads(line)
                self[item["figure"], item["of"]].append(item["value"])
        return self


def programs(build, name, program):
    return Figures().run(build / "bin" / program, name)


class Peers:
    """The scripts of peers/, with what npm installs for them; nothing when npm is not there."""

    def __init__(self, build):
        self.folder = build / "peers"
        self.there = shutil.which("npm") is not None
        if not self.there:
            print("npm is not there: its peers are not measured", flush=True)
            return
        self.folder.mkdir(exist_ok=True)
        fresh = (HERE / "peers/package.json").read_text()
        installed = self.folder / "package.json"
        stale = not installed.exists() or installed.read_text() != fresh or not (self.folder / "node_modules").exists()
        for path in (HERE / "peers").iterdir():
            shutil.copy(path, self.folder)
        if stale:
            subprocess.run(["npm", "install", "--no-audit", "--no-fund", "--silent"], cwd=self.folder, check=True)

    def command(self, script, *arguments):
        return ["node", self.folder / script, *arguments]


class Table:
    def __init__(self):
        self.rows = []

    def add(self, figure, against, must, aim, values, peers=None, unit="", lower_is_better=False, absolute=False):
        """A ratio of medians, with its spread over the rounds; or an absolute figure. No row without a peer's values."""
        if not values or not (absolute or peers):
            return
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
        self.rows.append((figure, against, f"{sign} {must:.3g}", f"{sign} {aim:.3g}", number,
                          f"{min(spread):,.3g} … {max(spread):,.3g}", detail, verdict))
        print("  ".join(self.rows[-1]), flush=True)

    def markdown(self):
        head = ("figure", "against", "must", "aim", "measured", "over the rounds", "medians", "reached")
        lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
        return "\n".join(lines + ["| " + " | ".join(row) + " |" for row in self.rows])
