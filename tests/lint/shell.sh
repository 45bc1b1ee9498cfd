#!/usr/bin/env bash
# Shell and Python scripts can be read by their interpreters; those that are run directly are executable.
set -eu -o pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
wrong=0
while IFS= read -r -d '' file; do
  bash -n "$file" || wrong=1
  if head -n 1 "$file" | grep -q '^#!' && [ ! -x "$file" ]; then
    echo "$file has a #! line but is not executable"
    wrong=1
  fi
done < <(find deploy tests .ci/run -type f \( -name '*.sh' -o -path .ci/run \) -not -path '*/node_modules/*' -print0)
while IFS= read -r -d '' file; do
  python3 -c 'import ast, sys; ast.parse(open(sys.argv[1]).read(), sys.argv[1])' "$file" || wrong=1
done < <(find tests deploy -name '*.py' -not -path '*/node_modules/*' -print0)
exit "$wrong"
