#!/usr/bin/env bash
# Runs the unit tests under ThreadSanitizer, against a CAF core that is built with it too: with Debian's
# uninstrumented CAF every message looks like a race, and suppressing those would hide real ones.
#   deploy/tsan.sh [gtest filter]
# Environment: TUTTI_BUILD_ROOT (default build), TUTTI_JOBS.
set -eu -o pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
. "$root/deploy/common.sh"
results=$build_root/results-tsan # apart from those of deploy/test.sh

version=0.17.6
archive=actor-framework_$version.orig.tar.gz # of Debian's source package actor-framework
sum=e2bf5bd243f08bb7d8adde197cfe3e6d71314ed3378fe0692f8932f4c3b3928c
mirror=${DEBIAN_MIRROR:-http://deb.debian.org/debian}
caf=$build_root/caf-tsan

if [ ! -e "$caf/lib/libcaf_core.so" ]; then
  "$root/deploy/install-deps.sh" test
  mkdir -p "$caf/src"
  say "ThreadSanitizer: fetching and building libcaf_core $version"
  curl -fsSL --retry 3 -o "$caf/$archive" "$mirror/pool/main/a/actor-framework/$archive"
  echo "$sum  $caf/$archive" | sha256sum --check --quiet
  tar -xzf "$caf/$archive" -C "$caf/src" --strip-components=1
  cmake -S "$caf/src" -B "$caf/obj" -G Ninja -DCMAKE_BUILD_TYPE=None -DCMAKE_INSTALL_PREFIX="$caf" \
    -DCMAKE_INSTALL_LIBDIR=lib -DCMAKE_CXX_FLAGS="-fsanitize=thread -O1 -g1 -fno-omit-frame-pointer -w" \
    -DCAF_NO_IO=yes -DCAF_NO_OPENSSL=yes -DCAF_NO_TOOLS=yes -DCAF_NO_EXAMPLES=yes -DCAF_NO_UNIT_TESTS=yes \
    -DCAF_NO_PYTHON=yes -DCAF_NO_OPENCL=yes -DCAF_NO_SUMMARY=yes >"$caf/configure.log" 2>&1 ||
    { tail -n 40 "$caf/configure.log" >&2; exit 1; }
  cmake --build "$caf/obj" -j "$jobs"
  cmake --install "$caf/obj" >"$caf/install.log"
  rm -rf "$caf/obj" "$caf/src"
fi

say "ThreadSanitizer: building the unit tests"
configure tsan "$build_root/tsan" -DTUTTI_CAF_ROOT="$caf"
cmake --build "$build_root/tsan" --target unit_tests -j "$jobs"
say "ThreadSanitizer: running the unit tests"
run_unit_tests tsan "$build_root/tsan" "${1:-*}"
tally
