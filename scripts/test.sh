#!/usr/bin/env bash
# `cargo test` with the arguments given, or else all tests, as a machine of few cores does it best:
# - unit tests without optimisation, which takes longer than they do;
# - more tests at a time than cores, since most of them wait for servers;
# - the files of those servers in memory, where there is room: a new Postgres is a thousand files.
#
#   RUST_TEST_THREADS            tests at a time (4)
#   TMPDIR                       where servers keep their files, if not in memory
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

free_mb() { df -Pm "$1" 2>/dev/null | awk 'NR == 2 { print $4 }'; }

memory=/dev/shm
if [[ -z ${TMPDIR:-} && -d $memory && -w $memory ]] && (($(free_mb $memory) >= 4096)); then
  TMPDIR=$(mktemp -d "$memory/cachebench-tests.XXXXXX")
  trap 'rm -rf "$TMPDIR"' EXIT
  chmod 755 "$TMPDIR" # the user that servers run as has to pass
  export TMPDIR
fi

export RUST_TEST_THREADS=${RUST_TEST_THREADS:-4}
if (($#)); then
  cargo test "$@"
else
  CARGO_PROFILE_TEST_OPT_LEVEL=0 cargo test --lib
  cargo test --bins --test '*'
  cargo test --doc
fi
