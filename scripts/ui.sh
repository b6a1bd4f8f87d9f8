#!/usr/bin/env bash
# Open Dagster's UI on loopback over the instance that `babynames run` records its runs in.
set -euo pipefail
cd "$(dirname "$0")/.."

bin=${VENV:-.venv}/bin
DAGSTER_HOME=$("$bin/python" - <<'PYTHON'
from babynames_dagster.cli.runs.instance import ready_home
from babynames_dagster.errors import PipelineError
from babynames_dagster.settings import load_settings

try:
    print(ready_home(load_settings().files.records))
except PipelineError as error:
    raise SystemExit(str(error)) from None
PYTHON
)
export DAGSTER_HOME
# Dagster praises its newer command, dg, which is a package of its own.
export PYTHONWARNINGS="ignore:Function \`dev_command\` is superseded${PYTHONWARNINGS:+,$PYTHONWARNINGS}"
exec "$bin/dagster" dev --host 127.0.0.1 "$@"
