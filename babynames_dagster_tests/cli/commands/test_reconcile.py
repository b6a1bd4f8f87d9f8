"""`babynames reconcile`: what was changed in HubSpot, shown and repaired."""

import json
from pathlib import Path

from babynames_dagster.sandbox.server import Sandbox
from babynames_dagster_tests.support.command import run_babynames
from babynames_dagster_tests.support.pipeline import write_csv
from babynames_dagster_tests.support.stand_ins.hubspot import StandIn


def test_what_was_changed_in_hubspot_is_shown_and_no_failure(
    tmp_path: Path, environment: dict[str, str], sandbox: Sandbox
) -> None:
    names = write_csv(tmp_path / "names.csv", [(1990, "Mary", "F", 1), (1990, "John", "M", 1)])
    assert run_babynames("run", "--path", str(names), folder=tmp_path, environment=environment).returncode == 0
    StandIn(sandbox.hubspot_url).edit("mary.f@babynamesdemo.com", lastname="Smith")
    again = run_babynames("rejects", "--retry", folder=tmp_path, environment=environment)
    assert again.returncode == 0, again.stderr
    assert "sample_reads_back: Mary (F) changed: lastname: Female -> Smith" in again.stderr
    reported = json.loads(run_babynames("reconcile", "--json", folder=tmp_path, environment=environment).stdout)
    assert (reported["contacts_changed"], reported["contacts_same"]) == (1, 1)
    assert reported["first"][0]["what"] == "lastname: Female -> Smith"
    repaired = run_babynames("reconcile", "--repair", folder=tmp_path, environment=environment)
    assert repaired.returncode == 0, repaired.stderr
    assert "repaired" in repaired.stdout
    quiet = run_babynames("rejects", "--retry", folder=tmp_path, environment=environment)
    assert "Warning" not in quiet.stderr
