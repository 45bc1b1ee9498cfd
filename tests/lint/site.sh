#!/usr/bin/env bash
# The documentation builds without a warning. Exit code 77: there is no mkdocs.
#   tests/lint/site.sh OUTPUT-FOLDER
set -eu -o pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
command -v mkdocs >/dev/null || {
  echo "skipped: there is no mkdocs"
  exit 77
}
mkdocs build --strict --quiet --site-dir "$1"
