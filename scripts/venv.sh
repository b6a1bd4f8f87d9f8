#!/usr/bin/env bash
# Make the virtual environment VENV with PYTHON and install this package into it, editable, at pinned versions.
#   scripts/venv.sh .          what runs the pipeline
#   scripts/venv.sh '.[dev]'   the tools to change it, too
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/debian.sh

python=${PYTHON:-python3}
venv=${VENV:-.venv}

works() { "$venv/bin/python" -c 'import pip' 2>/dev/null; }

if ! command -v "$python" >/dev/null; then
    { [ "$python" = python3 ] && debian_install python3 python3-venv; } ||
        fail "There is no $python." "What to do: install Python 3.10 or newer (Debian: apt-get install python3 python3-venv)."
fi
"$python" -c 'import sys; sys.exit(sys.version_info < (3, 10))' || fail \
    "$python is $("$python" --version 2>&1); this needs Python 3.10 or newer." \
    "What to do: name a newer one, for example: make PYTHON=python3.12 test"

if ! works; then
    say "Making a virtual environment in $venv"
    rm -rf "$venv"
    if ! "$python" -c 'import venv, ensurepip' 2>/dev/null; then
        version=$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
        debian_install "python$version-venv" || fail \
            "$python can't make virtual environments." "What to do: apt-get install python$version-venv"
    fi
    "$python" -m venv "$venv"
fi

say "Installing the package and its dependencies into $venv"
"$venv/bin/python" -m pip install --quiet --disable-pip-version-check -c constraints.txt -e "$1"
