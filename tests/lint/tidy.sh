#!/usr/bin/env bash
# clang-tidy over what was changed since the branch left TUTTI_BASE (default origin/main), or over the given
# files. Exit code 77: nothing to check, or, with --quick, more than a few minutes' worth.
#   tests/lint/tidy.sh [--quick] [--all | FILE…]
set -eu -o pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
cd "$root"
skip() {
  echo "skipped: $*"
  exit 77
}
command -v clang-tidy >/dev/null || skip "there is no clang-tidy"
quick=
if [ "${1:-}" = --quick ]; then
  quick=1
  shift
fi
if [ "${1:-}" = --all ]; then
  mapfile -t files < <(find protocols runtime actors services -name '*.cpp' | LC_ALL=C sort)
elif [ $# -gt 0 ]; then
  files=("$@")
else
  base=$(git merge-base HEAD "${TUTTI_BASE:-origin/main}" 2>/dev/null) || skip "there is no ${TUTTI_BASE:-origin/main}"
  mapfile -t files < <({
    git diff --name-only --diff-filter=d "$base"
    git ls-files --others --exclude-standard
  } | grep -E '^(protocols|runtime|actors|services)/.*\.cpp$' | sort -u)
fi
[ ${#files[@]} -gt 0 ] || skip "no .cpp of ours was changed"
[ -z "$quick" ] || [ ${#files[@]} -le 12 ] || skip "${#files[@]} files were changed, too many for here: make lint"
# Its own folder: a unity build's commands are not those of the files.
commands=${TUTTI_BUILD_ROOT:-$root/build}/lint
mkdir -p "$commands"
cmake --preset release -B "$commands" -DTUTTI_TESTS=OFF >"$commands/configure.log" || {
  cat "$commands/configure.log"
  exit 1
}
printf '%s\0' "${files[@]}" | xargs -0 -P "$(nproc)" -n 1 clang-tidy -p "$commands" --quiet --warnings-as-errors='*' \
  2> >(grep -vE '^[0-9]+ warnings? generated|^[0-9]+ warnings? treated as errors' >&2)
