#!/usr/bin/env bash
# Open Dagster's UI on loopback over the instance that `babynames run` and `demo` record their runs in.
set -euo pipefail
cd "$(dirname "$0")/.."

bin=${VENV:-.venv}/bin
DAGSTER_HOME=$("$bin/python" - <<'PYTHON'
from babynames_dagster.cli.pipeline import dagster_home
from babynames_dagster.errors import PipelineError
from babynames_dagster.settings import load_settings

try:
    print(dagster_home(load_settings().data).resolve())
except PipelineError as error:
    raise SystemExit(str(error)) from None
PYTHON
)
export DAGSTER_HOME
exec "$bin/dagster" dev --host 127.0.0.1 "$@"
