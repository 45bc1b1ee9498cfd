# For the scripts of this folder, which source it after setting `root`.
# Environment: TUTTI_BUILD_ROOT (default build), TUTTI_JOBS (default: cores, as far as memory allows).
build_root=${TUTTI_BUILD_ROOT:-$root/build}
results=$build_root/results

say() { printf '\n== %s\n' "$*"; }

# A compiler of a unity build needs up to 1.5 GB.
memory_jobs=$(awk '/^MemTotal/ { n = int($2 / 1500000); print n < 1 ? 1 : n }' /proc/meminfo 2>/dev/null || echo 2)
jobs=${TUTTI_JOBS:-$(n=$(nproc); echo $((n < memory_jobs ? n : memory_jobs)))}

# configure PRESET DIR [cmake argument…]: quiet unless it fails.
configure() {
  local preset=$1 dir=$2
  shift 2
  mkdir -p "$dir"
  (cd "$root" && cmake --preset "$preset" -B "$dir" "$@") >"$dir/configure.log" 2>&1 ||
    { cat "$dir/configure.log" >&2; return 1; }
}

# guard CMD…: runs it in a process group of its own, which stop_child ends.
child=
guard() {
  local code=0
  set -m
  "$@" &
  child=$!
  set +m
  wait "$child" || code=$?
  child=
  return "$code"
}
stop_child() {
  trap - INT TERM HUP
  if [ -n "$child" ]; then
    kill -TERM -- "-$child" 2>/dev/null || true
    wait "$child" 2>/dev/null || true
  fi
  echo "interrupted" >&2
  exit 130
}

# run_unit_tests RUN DIR [filter]: each unit test program of the build as a whole, several at once. Leaves
# NAME.xml, NAME.log and NAME.code in $results/RUN. Returns 0 whatever they say: tally tells.
run_unit_tests() {
  local out=$results/$1 dir=$2 filter=${3:-*}
  rm -rf "$out"
  mkdir -p "$out"
  # shellcheck disable=SC2016 # expanded by the inner shell
  TUTTI_OUT=$out TUTTI_FILTER=$filter xargs -P "$jobs" -L 1 bash -c '
    code=0
    ASAN_OPTIONS=detect_stack_use_after_return=1:strict_string_checks=1 \
    UBSAN_OPTIONS=print_stacktrace=1 TSAN_OPTIONS=second_deadlock_stack=1:history_size=5 \
      timeout --foreground -k 10 "$2" "$1" --gtest_filter="$TUTTI_FILTER" --gtest_output="xml:$TUTTI_OUT/$0.xml" \
      >"$TUTTI_OUT/$0.log" 2>&1 </dev/null || code=$?
    echo "$code" >"$TUTTI_OUT/$0.code"
    if [ "$code" = 0 ]; then
      echo "ok      $0"
    else
      echo "FAILED  $0 (exit code $code): $TUTTI_OUT/$0.log"
      grep -vE "^\[ (RUN|      OK)|^\[-----" "$TUTTI_OUT/$0.log" | head -n 150
    fi' <"$dir/unit-tests.txt"
}

# tally: one line with the sums of all that ran, from $results; fails when a test failed. A program that
# crashed or ran out of time counts as failed, and so does a test that could not be started.
tally() {
  python3 - "$results" <<'PYTHON'
import pathlib, re, sys
import xml.etree.ElementTree as xml

passed = failed = skipped = 0
wrong = []

def fail(name, why):
    global failed
    failed += 1
    wrong.append(f"{name}: {why}")

results = pathlib.Path(sys.argv[1])
for file in sorted(results.glob("*.ctest.xml")):  # ctest --output-junit
    for case in xml.parse(file).getroot().iter("testcase"):
        reason = case.find("skipped")
        message = "" if reason is None else reason.get("message", "")
        if case.get("status") == "run":
            passed += 1
        elif case.get("status") == "disabled" or message.startswith("SKIP_"):
            skipped += 1
        else:
            fail(case.get("name"), message or case.get("status"))
for code_file in sorted(results.glob("*/*.code")):  # programs run as a whole
    name, code = f"{code_file.parent.name}/{code_file.stem}", code_file.read_text().strip()
    before = failed
    try:
        for case in xml.parse(code_file.with_suffix(".xml")).getroot().iter("testcase"):
            if case.find("failure") is not None:
                fail(f"{name}:{case.get('classname')}.{case.get('name')}", "failed")
            elif case.get("result") == "skipped" or case.get("status") == "notrun":
                skipped += case.get("result") == "skipped"  # not run: disabled, or not of the filter
            else:
                passed += 1
    except (OSError, xml.ParseError):  # it did not get to its end
        passed += len(re.findall(r"^\[       OK \]", code_file.with_suffix(".log").read_text(errors="replace"), re.M))
    if code != "0" and failed == before:
        fail(name, "timed out" if code in ("124", "137") else f"exit code {code}")
for file in sorted(results.glob("*.failed")):  # steps
    fail(file.stem, file.read_text().strip())
for line in wrong:
    print("failed:", line)
print(f"{passed} passed, {failed} failed" + (f", {skipped} skipped" if skipped else ""))
sys.exit(1 if failed or not passed else 0)
PYTHON
}
