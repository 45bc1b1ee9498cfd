#!/usr/bin/env python3
"""What the documentation says is there: links, code copies, settings, metrics, routes. Prints each mistake."""
import pathlib, re, sys

root = pathlib.Path(__file__).resolve().parents[2]
mistakes = []


def read(path):
    return (root / path).read_text()


def compare(what, shown, shown_in, real, real_in):
    for name in sorted(set(shown) - set(real)):
        mistakes.append(f"{shown_in}: {what} {name} is not in {real_in}")
    for name in sorted(set(real) - set(shown)):
        mistakes.append(f"{shown_in}: {what} {name} of {real_in} is missing")


def sources(*folders):
    return "\n".join(f.read_text() for folder in folders for f in sorted((root / folder).rglob("*.[ch]pp")))


pages = sorted([*root.glob("*.md"), *(root / "docs").rglob("*.md")])

# Relative links, and their anchors.
def anchors(text):
    heads = re.findall(r"^#+ (.*)", re.sub(r"^```.*?^```", "", text, flags=re.M | re.S), re.M)
    return {re.sub(r"\s+", "-", re.sub(r"[^\w\s-]", "", re.sub(r"\[(.*?)\]\(.*?\)", r"\1", h).lower()).strip()) for h in heads}

for page in pages:
    text = re.sub(r"^```.*?^```", "", page.read_text(), flags=re.M | re.S)
    for link in re.findall(r"\[[^\]]*\]\(([^)\s]+)\)", text):
        if re.match(r"[a-z]+:", link):
            continue
        file, _, anchor = link.partition("#")
        target = (page.parent / file).resolve() if file else page
        if not target.exists():
            mistakes.append(f"{page.relative_to(root)}: {link} does not exist")
        elif anchor and target.suffix == ".md" and anchor not in anchors(target.read_text()):
            mistakes.append(f"{page.relative_to(root)}: {link} has no such heading")

# Code that a page shows is the code that a test runs.
for page in pages:
    for file, code in re.findall(r"<!-- the same as (\S+) -->\s*^```\w+\n(.*?)^```", page.read_text(), re.M | re.S):
        if read(file) != code:
            mistakes.append(f"{page.relative_to(root)}: the copy of {file} differs from it")
    # Files that a page names in backquotes with a path of ours exist.
    for file in re.findall(r"`((?:protocols|runtime|actors|services|tests|deploy|cmake|docs)/[\w./-]+\.\w+)`", page.read_text()):
        if not (root / file).exists() and "/sample/" not in file and "FILE" not in file:
            mistakes.append(f"{page.relative_to(root)}: {file} does not exist")

# Settings: key and variable.
page = "docs/operator/configuration.md"
body = read("runtime/config/keys.cpp")
body = body[: body.index("const std::vector<key<settings>>& setting_keys()")]
calls = re.findall(r'r\.add\("([a-z_.]+)",(.*?)\);', body, re.S)
real = {key: (re.findall(r'"([A-Z][A-Z0-9_]+)"', rest) or [""])[0] for key, rest in calls}
shown = dict(re.findall(r"^\| `([a-z_.]+)` \| (?:`([A-Z0-9_]+)`)? *\|", read(page), re.M))
compare("key", shown, page, real, "runtime/config/keys.cpp")
for key in sorted(set(shown) & set(real)):
    if shown[key] != real[key]:
        mistakes.append(f"{page}: {key} has the variable {real[key] or 'of its name'}, not {shown[key] or 'that'}")

# Variables that any page names are read somewhere.
known = set(real.values()) | {"PORT", "DEBUG", "OTEL_EXPORTER_OTLP_ENDPOINT", "REQUIRE", "TUTTI_CONFIG"}
code = sources("runtime", "services") + "".join(f.read_text() for f in (root / "deploy").glob("*.sh")) + read(".ci/run")
code += "\n".join(f.read_text() for f in [root / "CMakeLists.txt", *(root / "cmake").iterdir(), *(root / "tests").rglob("*.py")])
derived = {"TUTTI_" + re.sub(r"[^A-Z]", "_", key.upper()) for key in real}
derived |= {f"TUTTI_NODE_{k}" for k in ("NAME", "HOST", "PORT", "HTTP", "ROLES")} | {"TUTTI_QUEUES_NAME_RATE"}
for file in pages:
    for name in re.findall(r"(?<![A-Z_\w])([A-Z]+(?:_[A-Z0-9]+)+)(?![\w-])", file.read_text()):
        plain = re.sub(r"_FILE$|\d+$", "", name)
        prefix = name.startswith(("TUTTI_", "ADMIN_", "LOG_", "REDIS_", "DATABASE_", "QUEUE_", "SPOTIFY_", "DISCORD_"))
        if prefix and not {name, plain} & (known | derived) and name not in code:
            mistakes.append(f"{file.relative_to(root)}: the variable {name} is read nowhere")

# Metrics.
page = "docs/operator/metrics.md"
real = set(re.findall(r'"(tutti_[a-z_]+)"', sources("runtime", "actors", "services")))
compare("metric", re.findall(r"^\| `(tutti_[a-z_]+)`", read(page), re.M), page, real, "the code")
for file in pages:
    for name in set(re.findall(r"`(tutti_[a-z_]+)[`{]", file.read_text())) - real:
        if file.name != "metrics.md" and not re.search(rf"add_library\({name}|tutti_library\({name}|function\({name}", read("cmake/targets.cmake")) and name not in ("tutti_test", "tutti_library"):
            mistakes.append(f"{file.relative_to(root)}: the metric {name} is not in the code")

# Routes.
rows = re.findall(r'"(GET|POST|PUT|DELETE)", "(/[^"]*)"', read("actors/http_gateway/admission/routes.cpp"))
real = {f"{method} {path}" for method, path in rows}
page = "docs/user/http.md"
shown = [f"{m} {p}" for m, p in re.findall(r"^\| (GET|POST|PUT|DELETE) \| `(/[^`]*)` \|", read(page), re.M)]
compare("route", shown, page, real, "actors/http_gateway/admission/routes.cpp")
called = []
for block in re.findall(r"^```sh\n(.*?)^```", read("README.md"), re.M | re.S):
    for line in re.findall(r"curl .*", block):
        if path := re.search(r"localhost:3000([^\s'\"?]*)", line):
            method = (re.search(r"-X (\w+)", line) or [0, "POST" if re.search(r"--json|--data", line) else "GET"])[1]
            path = re.sub(r"\$\{job[^}]*\}", "{id}", path[1].replace("$job", "/jobs/{id}"))
            path = re.sub(r"^/(queues|schedules|flags|nodes)/[a-z-]+", r"/\1/{name}", path)
            path = re.sub(r"^/actors/[a-z]+/[a-z]+", "/actors/{type}/{key}", path)
            called.append(f"{method} " + re.sub(r"/commands/[a-z]+", "/commands/{command}", path))
compare("route", called, "README.md", real, "actors/http_gateway/admission/routes.cpp")
pages_of_nav = set(re.findall(r": (\S+\.md)$", read("mkdocs.yml"), re.M))
compare("page", pages_of_nav, "mkdocs.yml", {str(p.relative_to(root / "docs")) for p in (root / "docs").rglob("*.md")}, "docs/")

for line in mistakes:
    print(line)
sys.exit(1 if mistakes else 0)
