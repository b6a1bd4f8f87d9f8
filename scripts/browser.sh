#!/usr/bin/env bash
# Make sure that there is a Chromium which Playwright can drive: one that is here, else Playwright's own
# download, else Debian's.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/debian.sh

python=${VENV:-.venv}/bin/python
download_seconds=300

starts() { [ -n "$1" ] && timeout 30 "$1" --version >/dev/null 2>&1; }

playwrights_own() {
    "$python" -c 'from playwright.sync_api import sync_playwright
with sync_playwright() as playwright: print(playwright.chromium.executable_path)'
}

found() {
    local name
    for name in "${CHROMIUM_PATH:-}" chromium google-chrome google-chrome-stable chromium-browser; do
        if starts "$name"; then return; fi
    done
    starts "$(playwrights_own)"
}

if found; then exit; fi
say "Downloading Playwright's Chromium"
timeout "$download_seconds" "$python" -m playwright install chromium >/dev/null 2>&1 || say "It can't be downloaded here"
if found; then exit; fi
debian_install chromium || true
if found; then exit; fi
fail "There is no Chromium that starts." \
    "What to do: install one (Debian: apt-get install chromium), or name yours in CHROMIUM_PATH."
