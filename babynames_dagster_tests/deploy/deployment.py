"""The deployment's files, and the programs that read them."""

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import yaml

from babynames_dagster_tests.docs.markdown import CHECKOUT

DEPLOY = CHECKOUT / "deploy"
CHART = DEPLOY / "chart"
PROMTOOL = shutil.which("promtool") or "promtool"
AMTOOL = shutil.which("amtool") or "amtool"
"""Prometheus' own tools; `make prometheus` finds or installs them."""
_BIN = Path(sys.executable).parent


def ran(program: str, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """Run one of the development extra's programs, or helm as scripts/helm.sh puts it beside them.

    Args:
        program: Its name.
        arguments: What it is given.
    """
    path = os.pathsep.join([str(_BIN), str(_BIN.parent / "helm"), os.environ["PATH"]])
    return subprocess.run(  # noqa: S603 - the development extra's programs
        [program, *map(str, arguments)],
        capture_output=True,
        check=False,
        text=True,
        env={**os.environ, "PATH": path},
        timeout=120,
    )


def loaded(path: Path) -> Any:  # noqa: ANN401 - whatever YAML holds
    """Return what a YAML file with one document says."""
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def rendered(values: Path | None = None, *options: str) -> list[dict[str, Any]]:
    """Return the manifests that the chart makes.

    Args:
        values: A values file beside the chart's own.
        options: More options of `helm template`.

    Raises:
        AssertionError: With helm's message, where it refuses.
    """
    given = ["--values", str(values)] if values else []
    made = ran("helm", "template", "release", CHART, "--namespace", "pipelines", *given, *options)
    assert made.returncode == 0, made.stderr
    return [document for document in yaml.safe_load_all(made.stdout) if document]


def one_of(manifests: list[dict[str, Any]], kind: str, name: str = "release-babynames") -> dict[str, Any]:
    """Return the manifest of that kind and name."""
    [found] = [item for item in manifests if (item["kind"], item["metadata"]["name"]) == (kind, name)]
    return found
