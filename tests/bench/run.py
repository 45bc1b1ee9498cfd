#!/usr/bin/env python3
"""Measures the node beside its peers and ceilings, in turns on the same machine, and prints a table of ratios.

usage: run.py BUILD_DIR [--rounds N] [--seconds S] [--only node|entities|redis] [--write docs/benchmarks.md]
"""
import argparse
import pathlib
import sys

import entity_rows
import node_rows
import redis_rows
from harness import Peers, Table


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("build", type=pathlib.Path)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=3)
    parser.add_argument("--only", choices=("node", "entities", "redis"))
    parser.add_argument("--write", type=pathlib.Path)
    options = parser.parse_args()
    if options.write and options.only:
        parser.error("--write keeps a whole table")
    build, table = options.build.resolve(), Table()
    peers = Peers(build)
    wanted = lambda group: options.only in (None, group)
    text = ""
    if wanted("node"):
        node_rows.http(build, peers, table, options.rounds, options.seconds)
        cost = node_rows.job_system(build, table)
        node_rows.resident(build, table)
        text = "\n".join(["| jobs waiting | submit, claim and finish one |", "|---|---|"]
                         + [f"| {n:,} | {us:.2f} µs |" for n, us in cost.items()]) + "\n"
    if wanted("redis"):
        redis_rows.http(build, peers, table, options.rounds, options.seconds)
        redis_rows.job_system(build, peers, table, options.rounds)
    if wanted("entities"):
        entity_rows.entities(build, table)
    text = table.markdown() + "\n\n" + text
    print("\n" + text)
    if options.write:
        page = options.write.read_text()
        begin, end = "<!-- figures: begin -->", "<!-- figures: end -->"
        head, rest = page.split(begin)
        options.write.write_text(head + begin + "\n\n" + text + "\n" + end + rest.split(end)[1])
    return 1 if any(row[-1] == "MISSED" for row in table.rows) else 0


if __name__ == "__main__":
    sys.exit(main())
