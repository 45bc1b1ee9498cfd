#!/usr/bin/env bash
# Installs what is missing, builds, and runs every test: all of them on the optimised build, then the unit
# tests with AddressSanitizer and UndefinedBehaviorSanitizer. The last line is "N passed, M failed", with
# ", K skipped" when there are some; the exit code is 0 only without failures.
#   deploy/test.sh
# Environment: TUTTI_BUILD_ROOT (default build), TUTTI_JOBS, TUTTI_BASE (what clang-tidy compares with, default
# origin/main).
set -eu -o pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
. "$root/deploy/common.sh"
trap stop_child INT TERM HUP

rm -rf "$results"
mkdir -p "$results"

# step NAME CMD…: one that fails is a failed test; those that need it are left out by the caller.
step() {
  local name=$1 began=$SECONDS code=0
  shift
  say "$name"
  guard "$@" || code=$?
  if [ "$code" = 0 ]; then
    echo "($((SECONDS - began)) s)"
  else
    echo "exit code $code" >"$results/${name// /-}.failed"
    echo "FAILED: $name (exit code $code, $((SECONDS - began)) s)" >&2
  fi
  return "$code"
}
# ctest's own exit code is not needed: its report is read in the end. No report is a failure.
all_tests() {
  ctest --test-dir "$build_root/ci" -j "$jobs" -LE chaos --output-on-failure --no-tests=error --timeout 600 \
    --output-junit "$results/release.ctest.xml" | grep -vE '^ *[0-9]+/[0-9]+ Test .* Passed|^ +Start ' || true
  [ -s "$results/release.ctest.xml" ]
}
build() { # PRESET TARGET…
  configure "$1" "$build_root/$1" &&
    cmake --build "$build_root/$1" -j "$jobs" --target "${@:2}"
}

if step "install" "$root/deploy/install-deps.sh"; then
  if step "build ci" build ci all; then
    step "test ci" all_tests || true
  fi
  if step "build asan" build asan unit_tests; then
    step "test asan" run_unit_tests asan "$build_root/asan" || true
  fi
fi
say "done in $((SECONDS / 60)) min $((SECONDS % 60)) s"
tally
