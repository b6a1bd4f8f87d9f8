"""Alerts and dashboard: valid by Prometheus' own tools, and about metrics that the exporter has."""

import json
import re
import subprocess
from pathlib import Path

import pytest
import yaml

from babynames_dagster.database.figures import ContactCount, LoadCount
from babynames_dagster.database.rate_limits import PacingRow
from babynames_dagster.orchestration.metrics.families import (
    contact_families,
    limiter_families,
    load_families,
    queue_families,
    run_families,
    up,
    work_families,
)
from babynames_dagster.orchestration.metrics.queue import QueueFigures
from babynames_dagster.orchestration.metrics.runs import RunFigures
from babynames_dagster_tests.deploy.deployment import AMTOOL, DEPLOY, PROMTOOL

RUNBOOKS = DEPLOY.parent / "docs" / "operations.md"
METRIC = re.compile(r"\bbabynames_[a-z_]+")


def tool(*command: str) -> str:
    """Run one of Prometheus' tools; return what it complains of."""
    done = subprocess.run(  # noqa: S603 - a program of this machine
        command, cwd=DEPLOY / "prometheus", capture_output=True, text=True, check=False
    )
    return done.stdout + done.stderr if done.returncode else ""


def samples_of_the_exporter() -> set[str]:
    """Return the name of every sample that the exporter can have."""
    row = PacingRow([], 100, 10.0, 0.0, 1, 0.0, 1)
    families = [
        up("database", "", is_up=True),
        up("dagster", "", is_up=True),
        up("queue", "", is_up=True),
        *contact_families([ContactCount(1, "baby_names", "synced", "A", 1)]),
        *work_families(1, {"A": 1}),
        *load_families([LoadCount("baby_names", "done", 1)], []),
        *limiter_families({"app": row}, 0.0),
        *run_families(RunFigures({}, {}, {}, {})),
        *queue_families(QueueFigures(1, 0)),
    ]
    suffixes = {"gauge": [""], "counter": ["_total"], "histogram": ["_bucket", "_sum", "_count"]}
    return {family.name + suffix for family in families for suffix in suffixes[family.type]}


def dashboard_queries() -> list[str]:
    dashboard = json.loads((DEPLOY / "grafana" / "dashboard.json").read_text())
    return [target["expr"] for panel in dashboard["panels"] for target in panel["targets"]]


def alerts() -> list[dict[str, object]]:
    (group,) = yaml.safe_load((DEPLOY / "prometheus" / "rules.yaml").read_text())["groups"]
    rules: list[dict[str, object]] = group["rules"]
    return rules


@pytest.mark.parametrize(
    "command",
    [
        (PROMTOOL, "check", "rules", "rules.yaml"),
        (PROMTOOL, "test", "rules", "rules_test.yaml"),
        (PROMTOOL, "check", "config", "prometheus.yaml"),
        (AMTOOL, "check-config", "alertmanager.example.yaml"),
    ],
    ids=" ".join,
)
def test_prometheus_own_tools_accept_the_files(command: tuple[str, ...]) -> None:
    assert tool(*command) == ""


def test_the_dashboards_queries_parse(tmp_path: Path) -> None:
    rules = [
        {"record": f"query_{number}", "expr": query.replace("$portal", ".*")}
        for number, query in enumerate(dashboard_queries())
    ]
    assert rules
    file = tmp_path / "queries.yaml"
    file.write_text(yaml.safe_dump({"groups": [{"name": "dashboard", "rules": rules}]}))
    assert tool(PROMTOOL, "check", "rules", str(file)) == ""


def test_every_metric_that_is_asked_for_exists() -> None:
    asked = {
        name
        for query in [*dashboard_queries(), *(str(rule["expr"]) for rule in alerts())]
        for name in METRIC.findall(query)
    }
    assert asked
    assert asked <= samples_of_the_exporter()


def test_every_alert_has_its_runbook_and_its_test() -> None:
    headings = re.findall(r"^#+ (.*)$", RUNBOOKS.read_text(), flags=re.MULTILINE)
    anchors = {heading.lower().replace(" ", "-") for heading in headings}
    tested = (DEPLOY / "prometheus" / "rules_test.yaml").read_text()
    for rule in alerts():
        annotations = rule["annotations"]
        assert isinstance(annotations, dict)
        assert annotations["runbook"].partition("#")[2] in anchors, rule["alert"]
        assert f"alertname: {rule['alert']}\n        exp_alerts" in tested
