#!/usr/bin/env bash
# Installs by apt what this machine lacks (Debian 12; sudo when not root). Asks nothing, starts no service,
# and is done at once when nothing is missing.
#   deploy/install-deps.sh [build|run|test|bench]…   default: build and test
set -eu -o pipefail

missing=()
prefixes=(/usr/include "/usr/include/$(uname -m)-linux-gnu" /usr/local/include)
libraries=("/usr/lib/$(uname -m)-linux-gnu" /usr/lib /usr/local/lib)

# command_of PACKAGE COMMAND: a command counts wherever it comes from.
command_of() {
  command -v "$2" >/dev/null || missing+=("$1")
}
# file_of PACKAGE header|library FILE
file_of() {
  local -n where=$2
  local folder
  for folder in "${where[@]}"; do
    [ -e "$folder/$3" ] && return
  done
  missing+=("$1")
}
# module_of PACKAGE MODULE: of the python3 that comes first, or of Debian's.
module_of() {
  local python
  for python in python3 /usr/bin/python3; do
    "$python" -c "import importlib.util as u, sys; sys.exit(u.find_spec('$2') is None)" 2>/dev/null && return
  done
  missing+=("$1")
}

for_build() {
  command_of g++ g++
  command_of make make
  command_of cmake cmake
  command_of ninja-build ninja
  command_of ccache ccache
  command_of python3 python3
  file_of libcaf-dev prefixes caf/all.hpp
  file_of libcaf-dev libraries libcaf_core.so
  file_of libboost1.81-dev prefixes boost/beast.hpp
  file_of libboost1.81-dev prefixes boost/unordered/unordered_flat_map.hpp
  file_of rapidjson-dev prefixes rapidjson/rapidjson.h
  file_of libspdlog-dev prefixes spdlog/spdlog.h
  file_of libfmt-dev prefixes fmt/core.h
  file_of prometheus-cpp-dev prefixes prometheus/registry.h
  file_of libtomlplusplus-dev prefixes toml++/toml.h
  file_of libcli11-dev prefixes CLI/CLI.hpp
  file_of libcurl4-openssl-dev prefixes curl/curl.h
  file_of libjemalloc-dev prefixes jemalloc/jemalloc.h
  file_of libicu-dev prefixes unicode/timezone.h
  file_of libssl-dev prefixes openssl/ssl.h
  file_of libhiredis-dev prefixes hiredis/read.h
  file_of libpq-dev prefixes postgresql/libpq-fe.h
  file_of zlib1g-dev prefixes zlib.h
  file_of libgtest-dev prefixes gtest/gtest.h
  file_of libgmock-dev prefixes gmock/gmock.h
}
for_run() { # servers that the demo and tests start for themselves
  command_of redis-server redis-server
  local program
  for program in initdb postgres; do
    compgen -G "/usr/lib/postgresql/*/bin/$program" >/dev/null || command_of postgresql-15 "$program"
  done
}
for_test() {
  for_run
  command_of curl curl
  command_of git git
  command_of clang-format clang-format
  command_of clang-tidy clang-tidy
  command_of mkdocs mkdocs
  command_of openssl openssl
  command_of iproute2 ip
  command_of redis-tools redis-cli
  [ -x /usr/lib/postgresql/15/bin/initdb ] || missing+=(postgresql-15) # tests look there only
  module_of python3-yaml yaml
  module_of python3-jsonschema jsonschema
}
for_bench() {
  command_of wrk wrk
  command_of nodejs node # from elsewhere (nodesource, say) these two come together
  command_of npm npm
}

[ $# -gt 0 ] || set -- build test
for group; do
  case $group in
  build | run | test | bench) "for_$group" ;;
  *)
    echo "usage: ${0##*/} [build|run|test|bench]…" >&2
    exit 2
    ;;
  esac
done
[ ${#missing[@]} -gt 0 ] || exit 0

mapfile -t missing < <(printf '%s\n' "${missing[@]}" | sort -u)
echo "Installing ${missing[*]}"
as_root=()
if [ "$(id -u)" != 0 ]; then
  command -v sudo >/dev/null || {
    echo "Not root, and there is no sudo. As root: apt-get install ${missing[*]}" >&2
    exit 1
  }
  as_root=(sudo)
fi
command -v apt-get >/dev/null || {
  echo "There is no apt-get here: this works on Debian 12. Needed: ${missing[*]}" >&2
  exit 1
}

# Packages may bring services with them; nothing here needs those to run.
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
  printf '#!/bin/sh\nexit 101\n' | "${as_root[@]}" tee "$policy" >/dev/null
  trap '"${as_root[@]}" rm -f "$policy"' EXIT
  "${as_root[@]}" chmod 755 "$policy"
fi
apt=("${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -qq -o Acquire::Retries=3 -o Dpkg::Use-Pty=0
  -o DPkg::Lock::Timeout=300)
log=$(mktemp)
{
  "${apt[@]}" update &&
    "${apt[@]}" install -y --no-install-recommends "${missing[@]}"
} </dev/null >"$log" 2>&1 || {
  tail -n 30 "$log" >&2
  echo "apt-get failed; its whole output is in $log" >&2
  exit 1
}
rm -f "$log"
