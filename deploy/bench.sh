#!/usr/bin/env bash
# Measures the node beside its peers and prints a table of ratios.
#   deploy/bench.sh [argument of tests/bench/run.py]…     --write docs/benchmarks.md keeps the table
set -eu -o pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
. "$root/deploy/common.sh"
"$root/deploy/install-deps.sh" build run bench
say "building the benchmarks"
configure release "$build_root/bench" -DTUTTI_BENCH=ON -DTUTTI_TESTS=OFF -DCMAKE_UNITY_BUILD=ON
cmake --build "$build_root/bench" -j "$jobs"
cd "$root"
exec python3 tests/bench/run.py "$build_root/bench" "$@"
