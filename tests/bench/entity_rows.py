"""Entities on this node and on others."""
import json
import os
import subprocess
import sys

from harness import HERE, Figures


def entities(build, table):
    figures = Figures()
    for name in ("ask", "activation", "memory", "remote"):
        figures.run(build / "bin/entity_bench", name)

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
