#!/usr/bin/env bash
# Make sure that promtool and amtool are here, which check the alerts' files for the tests.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/debian.sh

there() { command -v promtool >/dev/null && command -v amtool >/dev/null; }

if there; then exit; fi
debian_install prometheus prometheus-alertmanager || true
there || fail "promtool or amtool is missing." "What to do: apt-get install prometheus prometheus-alertmanager"
