#!/usr/bin/env bash
# Make sure that there is a Chromium which Playwright can drive: one that is here, else Playwright's own
# download, else Debian's.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/debian.sh

python=${VENV:-.venv}/bin/python
download_seconds=300

# The very browser that the pipeline would drive; and it has libraries enough to start.
found() {
    local program
    program=$("$python" - <<'PYTHON'
from babynames_dagster.errors import PipelineError
from babynames_dagster.kaggle.browser.program import find_chromium
from babynames_dagster.settings import load_settings

try:
    print(find_chromium(load_settings().kaggle.chromium_path) or "")
except PipelineError as error:
    raise SystemExit(str(error)) from None
PYTHON
    ) || exit 1
    [ -n "$program" ] && timeout 30 "$program" --version >/dev/null 2>&1
}

driver_starts() { "$python" -m playwright --version >/dev/null 2>&1; }

# Playwright's driver is a Node.js, whose one library that a bare Debian lacks is this.
if ! driver_starts; then
    debian_install libatomic1 || true
    driver_starts || fail "Playwright's driver does not start." "What to do: apt-get install libatomic1"
fi

if found; then exit; fi
say "Downloading Playwright's Chromium"
timeout "$download_seconds" "$python" -m playwright install chromium >/dev/null 2>&1 || say "It can't be downloaded here"
if found; then exit; fi
# One that came but does not start, for want of libraries, must not be preferred to Debian's.
"$python" -m playwright uninstall >/dev/null 2>&1 || true
debian_install chromium || true
if found; then exit; fi
fail "There is no Chromium that starts." \
    "What to do: install one (Debian: apt-get install chromium), or name yours in CHROMIUM_PATH."
