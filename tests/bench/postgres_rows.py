"""Jobs in PostgreSQL, beside pg-boss and graphile-worker. Each measurement has a database of its own."""
import os
import subprocess

from harness import Figures
from stores import Postgres


def job_system(build, peers, table, rounds):
    figures = Figures()
    with Postgres() as server:
        def ours(what):
            url = server.new_database()
            subprocess.run([build / "bin/tutti", "migrate"], env={**os.environ, "DATABASE_URL": url}, check=True,
                           stdout=subprocess.DEVNULL)
            figures.run(build / "bin/postgres_jobs_bench", url, what)

        def theirs(script, *what):
            figures.run(*peers.command(script, server.new_database(), *what))

        for _ in range(rounds):
            for what in ("submit", "run"):
                ours(what)
            if peers.there:
                theirs("pgboss.mjs", "submit")
                theirs("pgboss.mjs", "run")
                theirs("graphile.mjs")

    def row(figure, key, peer, name, must, aim):
        table.add(figure, name, must, aim, figures[key, "tutti"], figures[key, peer], "per s")

    row("PostgreSQL: submission, 32 in flight, synchronous_commit on", "submit", "pg-boss", "pg-boss send", 3, 8)
    row("PostgreSQL: no-op jobs run", "run", "graphile", "graphile-worker with local queue", 1.2, 2)
    row("the same", "run", "pg-boss", "pg-boss by 100", 4, 8)
