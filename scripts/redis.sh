#!/usr/bin/env bash
# Make sure that redis-server is here, for a private server on loopback: the queue's test.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/debian.sh

if command -v redis-server >/dev/null; then exit; fi
debian_install redis-server || true
command -v redis-server >/dev/null || fail "redis-server is missing." "What to do: apt-get install redis-server"
