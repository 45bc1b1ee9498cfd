#!/usr/bin/env bash
# Installs what is missing, builds, and runs the demo: a cluster of three nodes with a Redis and a
# PostgreSQL of its own.
#   deploy/run.sh [--once] [argument of `tutti demo`]…
# --once: exits after the tour, 0 only if each of its steps did what it says.
set -eu -o pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
. "$root/deploy/common.sh"
"$root/deploy/install-deps.sh" build run
say "building $build_root/bin/tutti"
configure release "$build_root"
cmake --build "$build_root" --target tutti -j "$jobs"
exec "$build_root/bin/tutti" demo "$@"
