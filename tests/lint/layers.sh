#!/usr/bin/env bash
# Holds the house together: which folder may include what (CONTRIBUTING, "Where do I put it?"). CMake's links do
# not stop a textual include. Everything that is not allowed here is an error.
#   tests/lint/layers.sh [DIR]
set -eu -o pipefail
cd "${1:-$(dirname "${BASH_SOURCE[0]}")/../..}"

std='<[a-z_0-9]+>'
posix='<(unistd|fcntl|malloc|signal|poll|termios)\.h>|<sys/(stat|types|resource|time|mman|random|wait|ioctl|file)\.h>'
json='<rapidjson/[a-z/]+\.h>'
wrong=0

# rule WHY ALLOWED PATH-REGEX: each include of the files whose path matches must match ALLOWED.
rule() {
  local why=$1 allowed=$2 paths=$3 found
  found=$(sources | grep -E "$paths" | xargs -r grep -nE '^[[:space:]]*#[[:space:]]*include' |
    grep -vE ":[[:space:]]*#[[:space:]]*include[[:space:]]+($allowed)([[:space:]]|$)" || true)
  report "$why" "$found"
}
# never WHY FORBIDDEN EXCEPT-PATH-REGEX: no other file may have such a line.
never() {
  local why=$1 forbidden=$2 except=$3 found
  found=$(sources | grep -vE "$except" | xargs -r grep -nE "$forbidden" || true)
  report "$why" "$found"
}
report() {
  [ -z "$2" ] && return
  printf '%s:\n%s\n' "$1" "$(sed 's/^/  /' <<<"$2")"
  wrong=1
}
sources() { find protocols runtime actors services tests -name '*.[ch]pp' | LC_ALL=C sort; }

rule 'protocols/ are pure: std and protocols/ only' "\"protocols/[^\"]+\"|$std" '^protocols/.*\.hpp$'
rule 'protocols/ are pure: std, protocols/ and RapidJSON only' "\"protocols/[^\"]+\"|$std|$json" '^protocols/.*\.cpp$'
never 'protocols/ read no clock, start no thread, know no address' \
  '_clock::now|std::j?thread|<(thread|mutex|condition_variable|future|random)>' '^(runtime|actors|services|tests)/'

own='"runtime/[^"]+"'
actor='<caf/[^>]+>|<atomic>|'$std
rule 'runtime/actor and runtime/*.hpp: CAF only' "$own|$actor" '^runtime/(actor/|[^/]+$)'
rule 'runtime/config headers: std, and fmt in the internal ones' "$own|$std|<fmt/[^>]+>" '^runtime/config/.*\.hpp$'
rule 'runtime/config: std, fmt, POSIX, RapidJSON; toml++ in document.cpp' \
  "$own|$std|<fmt/[^>]+>|$posix|<arpa/inet\.h>|$json|<toml\+\+/toml\.h>" '^runtime/config/.*\.cpp$'
rule 'runtime/telemetry headers: std and fmt only' "$own|$std|<fmt/[^>]+>" '^runtime/telemetry/.*\.hpp$'
rule 'runtime/telemetry: std, fmt, spdlog, prometheus-cpp' \
  "$own|$std|<fmt/[^>]+>|$posix|<spdlog/[^>]+>|<prometheus/[^>]+>" '^runtime/telemetry/.*\.cpp$'
rule 'runtime/jobs headers: std and CAF' "$own|$actor" '^runtime/jobs/(schedule/|schema/)?[^/]+\.hpp$'
rule 'runtime/jobs: std, CAF, RapidJSON, ICU' "$own|$actor|$json|<unicode/[^>]+>" \
  '^runtime/jobs/(schedule/|schema/)?[^/]+\.cpp$'
rule 'runtime/jobs/memory: std, CAF, Boost.Unordered' "$own|$actor|<boost/unordered/[^>]+>" '^runtime/jobs/memory/'
rule 'runtime/wire: std only' "$std" '^runtime/wire/'
rule 'runtime/cluster: std, CAF; POSIX clocks' "$own|$actor|<time\.h>" \
  '^runtime/cluster/(leases|placement)/|^runtime/cluster/membership/.*\.hpp$'
rule 'runtime/cluster/membership: std, CAF' "$own|$actor" '^runtime/cluster/membership/.*\.cpp$'
rule 'runtime/cluster/links: std, CAF, OpenSSL, sockets' \
  "$own|$actor|$posix|<openssl/[a-z0-9_]+\.h>|<(netdb|netinet/in)\.h>|<sys/(eventfd|socket)\.h>" \
  '^runtime/cluster/links/'
rule 'runtime/cluster/tls headers: std' "$own|$std" '^runtime/cluster/tls/.*\.hpp$'
rule 'runtime/cluster/tls: std, OpenSSL, POSIX' "$own|$std|$posix|<openssl/[a-z0-9_]+\.h>" \
  '^runtime/cluster/tls/.*\.cpp$'
rule 'runtime/store: std, CAF' "$own|$actor" '^runtime/store/'
rule 'runtime/outbound: std, CAF' "$own|$actor" '^runtime/outbound/'
rule 'runtime/entity headers: std, CAF' "$own|$actor" '^runtime/entity/.*\.hpp$'
rule 'runtime/entity: std, CAF, RapidJSON' "$own|$actor|$json" '^runtime/entity/.*\.cpp$'
rule 'runtime/ knows nothing of what uses it' '"runtime/[^"]+"|<.+>' '^runtime/'

rule 'actors/ know protocols/, runtime/ and CAF, no outside' \
  "\"(actors|protocols|runtime)/[^\"]+\"|$actor|$posix|$json" '^actors/.*\.cpp$'
rule 'actors/ know protocols/, runtime/ and CAF, no outside' \
  "\"(actors|protocols|runtime)/[^\"]+\"|$actor" '^actors/.*\.hpp$'
rule 'services/ do not know tests/' '"(services|actors|protocols|runtime)/[^"]+"|<.+>' '^services/'
rule 'services/sim checks our clients, so it shares nothing with them' '"services/(sim|net)/[^"]+"|<.+>' '^services/sim/'

include='^[[:space:]]*#[[:space:]]*include[[:space:]]+<'
never 'toml++ is included in one translation unit' "${include}toml" '^runtime/config/document\.cpp$'
never 'spdlog is included in runtime/telemetry only' "${include}spdlog" '^runtime/telemetry/.*\.cpp$'
never 'prometheus-cpp is included in runtime/telemetry only' "${include}prometheus" '^(tests/)?runtime/telemetry/.*\.cpp$'
never 'ICU is for runtime/jobs (time zones, UTF-8) and, later, actors/transfer' "${include}unicode/" \
  '^(runtime/jobs/sche(dule|ma)/[^/]+\.cpp|tests/runtime/jobs/|actors/transfer/)'
never 'CLI11 is included in services/cli only' "${include}CLI" '^services/cli/.*\.cpp$'
never 'Asio and Beast are for services/ (and tests)' "${include}boost/(asio|beast)" '^(services|tests)/'
never 'hiredis is for services/redis' "${include}hiredis/" '^services/redis/protocol/[^/]+\.cpp$|^tests/bench/'
never 'libpq is for services/postgres, in .cpp files' "${include}(postgresql/)?(libpq|pg_config|postgres_ext)" \
  '^services/postgres/(connection|statement)/[^/]+\.cpp$'
never 'whole CAF in a header costs every includer a second' "${include}caf/all\.hpp" '\.cpp$'
never 'only runtime/cluster may talk CAF between processes' "${include}caf/io/" '^(tests/)?runtime/cluster/|^tests/bench/'
never 'CAF has a TLS of its own, which one stranger breaks: runtime/cluster/links' "${include}caf/openssl/" '^$'

cli=$(sources | grep -E '^services/' | xargs -r grep -nE "${include}CLI" || true)
[ "$(cut -d: -f1 <<<"$cli" | sort -u | wc -l)" -le 1 ] || report 'CLI11 is included in one translation unit' "$cli"
report 'a header begins with #pragma once' "$(sources | grep '\.hpp$' | xargs -r grep -L '^#pragma once' || true)"
report 'includes start at the repository root' "$(sources | xargs -r grep -nE '#include "(\.|[a-z_]+\.hpp)' || true)"
exit "$wrong"
