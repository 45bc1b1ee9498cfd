#!/usr/bin/env bash
# Every file as clang-format 14 (Debian 12) would write it. Exit code 77: another version is installed.
set -eu -o pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
version=$(clang-format --version 2>/dev/null || true)
if [[ $version != *' 14.'* ]]; then
  echo "skipped: needs clang-format 14, found ${version:-none}"
  exit 77
fi
find protocols runtime actors services tests -name '*.[ch]pp' -print0 |
  xargs -0 -P "$(nproc)" -n 16 clang-format --dry-run --Werror
