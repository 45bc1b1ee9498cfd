"""The servers that jobs are kept in, as an operator would run them; each has a folder that goes with it."""
import os
import shutil
import subprocess
import tempfile

from harness import Server, free_port

POSTGRES = "/usr/lib/postgresql/15/bin/"


class Redis(Server):
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


class Postgres:
    """As the user postgres where the bench runs as root, which PostgreSQL refuses. synchronous_commit is on."""

    def __init__(self):
        self.folder = tempfile.mkdtemp(prefix="tutti-bench-postgres-")
        os.chmod(self.folder, 0o777)
        self.port, self.databases = free_port(), 0
        self.user = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
        self.run("initdb", "-D", self.folder + "/data", "-U", "tutti", "--auth=trust", "--encoding=UTF8")
        self.run("pg_ctl", "-D", self.folder + "/data", "-w", "-l", self.folder + "/log", "-o",
                 f"-p {self.port} -k {self.folder} -c listen_addresses=127.0.0.1 -c shared_buffers=256MB "
                 "-c max_wal_size=4GB", "start")

    def run(self, program, *words):
        done = subprocess.run([*self.user, POSTGRES + program, *words], capture_output=True, text=True, cwd="/")
        if done.returncode != 0:
            raise RuntimeError(done.stdout + done.stderr)

    def new_database(self):
        self.databases += 1
        name = f"bench{self.databases}"
        self.run("createdb", "-h", "127.0.0.1", "-p", str(self.port), "-U", "tutti", name)
        return f"postgres://tutti@127.0.0.1:{self.port}/{name}"

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.run("pg_ctl", "-D", self.folder + "/data", "-w", "-m", "immediate", "stop")
        shutil.rmtree(self.folder, ignore_errors=True)
