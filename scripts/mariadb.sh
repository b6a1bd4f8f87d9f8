#!/usr/bin/env bash
# Make sure that MariaDB's programs are here, for private servers on loopback: `server` (the tests) or `client`
# (the benchmark).
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/debian.sh

case ${1:?server or client} in
server) packages=(mariadb-server-core mariadb-client-core) programs=(mariadbd mariadb-install-db my_print_defaults) ;;
client) packages=(mariadb-client-core) programs=(mariadb) ;;
*) fail "server or client, not $1" ;;
esac

# Debian keeps the server where only root's PATH leads.
PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin:/usr/libexec

missing() {
    local program
    for program in "${programs[@]}"; do
        command -v "$program" >/dev/null || return 0
    done
    return 1
}

if [ "$1" = server ] && [ -n "${TEST_DATABASE_URL:-}" ]; then exit; fi
if ! missing; then exit; fi
debian_install "${packages[@]}" || true
if missing; then
    fail "These programs of MariaDB are missing: ${programs[*]}." "What to do: apt-get install ${packages[*]}" \
        "(or, for the tests, name a server in TEST_DATABASE_URL)."
fi
