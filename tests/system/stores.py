"""A Redis of its own for a test: a real server that can be killed, frozen and filled."""
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time

from support import binary, prepare_child, wait_for


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Redis:
    def __init__(self, *arguments, host="127.0.0.1"):
        self.folder = tempfile.mkdtemp(prefix="tutti-redis-")
        self.host, self.port = host, free_port()
        self.arguments = arguments
        self.process = None
        self.url = f"redis://{host}:{self.port}"
        self.start()

    def start(self):
        with open(os.path.join(self.folder, "log"), "ab") as log:
            self.process = subprocess.Popen(
                ["redis-server", "--port", str(self.port), "--bind", self.host, "--dir", self.folder, "--save", "",
                 "--protected-mode", "no", "--appendonly", "yes", "--appendfsync", "always", *self.arguments],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, preexec_fn=lambda: prepare_child(None))
        wait_for(lambda: self.cli("PING", check=False).startswith(("PONG", "NOAUTH")), "redis")

    def cli(self, *words, check=True):
        done = subprocess.run(["redis-cli", "-h", self.host, "-p", str(self.port), *words], capture_output=True, text=True, timeout=10)
        if check and done.returncode != 0:
            raise AssertionError(done.stderr)
        return done.stdout.strip()

    def kill(self):
        self.process.send_signal(signal.SIGCONT)
        self.process.kill()
        self.process.wait()

    def freeze(self):
        self.process.send_signal(signal.SIGSTOP)

    def thaw(self):
        self.process.send_signal(signal.SIGCONT)

    def environment(self, name, **more):
        return {"QUEUE_PROVIDER": "redis", "REDIS_URL": self.url, "TUTTI_NODE_NAME": name,
                "TUTTI_JOBS_CLAIM_TTL": "2s", **more}

    def close(self):
        self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


class Postgres:
    """As the user postgres where the test runs as root, which PostgreSQL refuses."""
    BIN = "/usr/lib/postgresql/15/bin/"

    def __init__(self, host="127.0.0.1"):
        self.host = host
        self.folder = tempfile.mkdtemp(prefix="tutti-postgres-")
        self.data = os.path.join(self.folder, "data")
        self.port = free_port()
        self.user = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
        os.chmod(self.folder, 0o777)
        self.run("initdb", "-D", self.data, "-U", "tutti", "--auth=trust", "--no-sync", "--encoding=UTF8")
        if host != "127.0.0.1":  # a network of the test's own, see networks.py
            with open(os.path.join(self.data, "pg_hba.conf"), "a", encoding="ascii") as f:
                f.write("host all all samenet trust\n")
        self.url = f"postgres://tutti@{host}:{self.port}/postgres"
        self.process = None
        self.start()

    def run(self, program, *words):
        done = subprocess.run([*self.user, self.BIN + program, *words], capture_output=True, text=True, timeout=60,
                              cwd="/")
        if done.returncode != 0:
            raise AssertionError(done.stdout + done.stderr)
        return done.stdout.strip()

    def start(self):
        self.run("pg_ctl", "-D", self.data, "-w", "-l", os.path.join(self.folder, "log"), "-o",
                 f"-p {self.port} -k {self.folder} -c listen_addresses={self.host}", "start")

    def kill(self):
        """All of it at once, as a crash does: `immediate` recovers from the log at the next start."""
        self.thaw()
        self.run("pg_ctl", "-D", self.data, "-w", "-m", "immediate", "stop")

    def migrate(self):
        done = subprocess.run([binary(), "migrate"], env={"DATABASE_URL": self.url}, capture_output=True, text=True,
                              timeout=60)
        if done.returncode != 0:
            raise AssertionError(done.stdout + done.stderr)

    def query(self, sql):
        """What psql prints for it, values only; it is not our client."""
        return self.run("psql", self.url, "-Atc", sql)

    def cut(self):
        """All connections but its own."""
        self.query("SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                   "WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()")

    def signal_all(self, what):
        try:
            with open(os.path.join(self.data, "postmaster.pid"), encoding="ascii") as f:
                parent = f.readline().strip()
            with open(f"/proc/{parent}/task/{parent}/children", encoding="ascii") as f:
                children = f.read().split()
        except FileNotFoundError:  # it is down
            return
        for pid in [parent, *children]:
            try:
                os.kill(int(pid), what)
            except ProcessLookupError:
                pass  # a connection's process that has just ended

    def freeze(self):
        self.signal_all(signal.SIGSTOP)

    def thaw(self):
        self.signal_all(signal.SIGCONT)

    def environment(self, name, **more):
        return {"QUEUE_PROVIDER": "postgres", "DATABASE_URL": self.url, "TUTTI_NODE_NAME": name,
                "TUTTI_JOBS_CLAIM_TTL": "2s", **more}

    def close(self):
        try:
            self.kill()
        except AssertionError:
            pass  # it was down
        shutil.rmtree(self.folder, ignore_errors=True)
