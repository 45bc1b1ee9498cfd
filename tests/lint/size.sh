#!/usr/bin/env bash
# A file that has grown past 500 lines holds more than one thing; and a text file ends with a newline, without
# blanks at the ends of its lines.
set -eu -o pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
wrong=0
while IFS= read -r -d '' file; do
  lines=$(wc -l <"$file")
  if [ "$lines" -gt 500 ]; then
    echo "$file has $lines lines; 500 are enough"
    wrong=1
  fi
  if [ -s "$file" ] && [ -n "$(tail -c 1 "$file")" ]; then
    echo "$file does not end with a newline"
    wrong=1
  fi
done < <(find protocols runtime actors services tests deploy cmake docs ./*.md CMakeLists.txt Makefile -type f \
  \( -name '*.[ch]pp' -o -name '*.sh' -o -name '*.py' -o -name '*.mjs' -o -name '*.cmake' -o -name '*.txt' \
  -o -name '*.md' -o -name Makefile \) -not -path '*/node_modules/*' -print0)
if grep -rnE '[[:blank:]]+$' --include='*.[ch]pp' --include='*.sh' --include='*.py' --include='*.cmake' \
  --include=CMakeLists.txt --include='*.md' protocols runtime actors services tests deploy cmake docs ./*.md; then
  echo "blanks at the ends of these lines"
  wrong=1
fi
exit "$wrong"
