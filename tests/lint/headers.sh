#!/usr/bin/env bash
# Every header compiles alone, so that includes may stand in any order.
#   tests/lint/headers.sh COMPILER [flag…]
set -eu -o pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
check() {
  local header=$1
  shift
  printf '#include "%s"\n' "$header" | "$@" -fsyntax-only -Wall -Wextra -Werror -x c++ - || {
    echo "does not compile alone: $header"
    return 1
  }
}
export -f check
find protocols runtime actors services tests -name '*.hpp' -print0 |
  xargs -0 -P "$(nproc)" -I{} bash -c 'check "$@"' check {} "$@" -std=c++20 -I.
