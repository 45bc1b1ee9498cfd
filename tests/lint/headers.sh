#!/usr/bin/env bash
# Every header compiles alone, so that includes may stand in any order. ccache, where there is one, spares those that
# are as they were, with all that they include; its depend mode spares the others a preprocessor of their own.
#   tests/lint/headers.sh FOLDER COMPILER [flag…]     FOLDER: for what is compiled
set -eu -o pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
check() {
  local folder=$1 header=$2 unit=$1/$2
  shift 2
  mkdir -p "$folder/$(dirname "$header")"
  printf '#include "%s"\n' "$header" >"$unit.cpp"
  "$@" -MD -c "$unit.cpp" -o "$unit.o" || {
    echo "does not compile alone: $header"
    return 1
  }
}
export -f check
folder=$1
shift
if command -v ccache >/dev/null; then
  export CCACHE_DEPEND=1
  set -- ccache "$@"
fi
find protocols runtime actors services tests -name '*.hpp' -print0 |
  xargs -0 -P "$(nproc)" -I{} bash -c 'check "$@"' check "$folder" {} "$@" -std=c++20 -I. -Wall -Wextra -Werror
