#!/usr/bin/env python3
"""Runs each curl example of a Markdown file against a node of its own, in order, in one shell.

usage: readme_examples.py TUTTI FILE.md

Every curl must succeed (2xx), unless a comment "<!-- the answer is a NNN -->" stands before its block. A JSON block
right after an example must have the same keys as the last answer, and the same values where they are not "…", an id
or a time.
"""
import json, os, pathlib, re, signal, subprocess, sys, tempfile, time, urllib.request

# Stands in for curl in the examples: quiet, fails on an unexpected status, and takes a set time at most.
WRAPPER = r"""
curl() {
  local out=$(mktemp -p "$EXAMPLE_DIR") code=0 status limit=20
  case " $* " in *' -o /dev/null '*) command curl -sS --fail --max-time 20 "$@"; return ;; esac
  case " $* " in *' --max-time '*) limit= ;; esac
  status=$(command curl -sS ${limit:+--max-time $limit} -o "$out" -w '%{http_code}' "$@") || code=$?
  cp "$out" "$EXAMPLE_DIR/last"
  cat "$out"; echo
  [ "$code" = 28 ] && [ -z "$limit" ] && code=0 # --max-time ends a stream
  case $status in $EXPECTED) ;; *) echo "status $status: curl $*" >&2; code=1 ;; esac
  [ "$code" = 0 ] || exit 1
}
"""


def examples(text):
    """(shell text, expected status as a pattern, JSON of the answer or None)"""
    found = []
    pattern = r"(?:<!-- the answer is a (\d+) -->\s*)?^```(sh|json)\n(.*?)^```"
    for status, kind, body in re.findall(pattern, text, re.M | re.S):
        if kind == "sh" and "localhost:3000" in body:
            found.append([body, status or "2*", None])
        elif kind == "json" and found:
            found[-1][2] = body
    return found


def differs(shown, given, path=""):
    if isinstance(shown, dict) and isinstance(given, dict):
        if shown.keys() != given.keys():
            return f"{path or '/'}: the keys are {sorted(given)}, shown are {sorted(shown)}"
        return next(filter(None, (differs(shown[k], given[k], f"{path}/{k}") for k in shown)), None)
    if isinstance(shown, list) and isinstance(given, list) and len(shown) == len(given):
        return next(filter(None, (differs(a, b, f"{path}/{i}") for i, (a, b) in enumerate(zip(shown, given)))), None)
    volatile = isinstance(shown, str) and re.fullmatch(r"[0-9A-Z]{26}|\d{4}-\d\d-\d\dT.*Z", shown)
    fits = shown == given or volatile and isinstance(given, str) or shown == "…" and not isinstance(given, (dict, list))
    return None if fits else f"{path}: {given!r}, shown is {shown!r}"


def start(program, folder):
    log = open(folder / "node.log", "wb")
    env = {k: v for k, v in os.environ.items() if not k.startswith("TUTTI_") and k != "ADMIN_API_TOKEN"}
    node = subprocess.Popen([program, "node"], env={**env, "PORT": "0"}, stdout=log, stderr=log)
    for _ in range(200):
        time.sleep(0.05)
        if ready := re.search(r"http=127\.0\.0\.1:(\d+)", (folder / "node.log").read_text()):
            return node, int(ready[1])
        if node.poll() is not None:
            break
    node.kill()
    sys.exit("the node did not start:\n" + (folder / "node.log").read_text())


def main(program, file):
    found = examples(pathlib.Path(file).read_text())
    if not found:
        sys.exit(f"{file} has no curl example")
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        node, port = start(program, folder)
        try:
            for number, (body, status, answer) in enumerate(found, 1):
                script = "\n".join(
                    [WRAPPER, f"EXPECTED='{status}'", body.replace("localhost:3000", f"127.0.0.1:{port}")]
                )
                done = subprocess.run(
                    ["bash", "-eu", "-c", script], env={**os.environ, "EXAMPLE_DIR": name},
                    capture_output=True, text=True, timeout=60)
                if done.returncode != 0:
                    sys.exit(f"example {number} failed\n{body}\n{done.stdout}\n{done.stderr}")
                if answer:
                    given = json.loads((folder / "last").read_text())
                    if wrong := differs(json.loads(answer), given):
                        sys.exit(f"example {number} answers differently: {wrong}\n{body}\n{done.stdout}")
            urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=5).read()
        finally:
            node.send_signal(signal.SIGTERM)
            try:
                code = node.wait(timeout=40)
            except subprocess.TimeoutExpired:
                node.kill()
                sys.exit("the node did not stop")
        if code != 0:
            sys.exit(f"the node ended with {code}:\n" + (folder / "node.log").read_text())
    print(f"{len(found)} examples work")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
