#!/usr/bin/env bash
# Holds the exact counts of workloads/gate.toml against the baseline in results/baselines, which is of a debug build.
#
#   CACHEBENCH_PROGRAM    the program that counts; without it, one is built
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

if [[ -z ${CACHEBENCH_PROGRAM:-} ]]; then
  cargo build --quiet
  CACHEBENCH_PROGRAM=${CARGO_TARGET_DIR:-target}/debug/cachebench
fi
exec "$CACHEBENCH_PROGRAM" baseline check workloads/gate.toml "$@"
