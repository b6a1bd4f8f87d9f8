"""`babynames plan` and `apply`: what would be written, reviewed and then written."""

import json
import re
from pathlib import Path

from babynames_dagster_tests.docs.markdown import CHECKOUT
from babynames_dagster_tests.support.command import run_babynames
from babynames_dagster_tests.support.pipeline import write_csv


def test_a_plan_is_reviewed_and_applied_by_command(tmp_path: Path, environment: dict[str, str]) -> None:
    names = write_csv(tmp_path / "names.csv", [(1990, "Mary", "F", 1), (1990, "John", "M", 1)])
    assert run_babynames("run", "--path", str(names), folder=tmp_path, environment=environment).returncode == 0
    moved = {**environment, "HUBSPOT_EMAIL_DOMAIN": "other.com"}
    reported = run_babynames("plan", "--out", "plan.jsonl", "--json", folder=tmp_path, environment=moved)
    assert reported.returncode == 0, reported.stderr
    planned = json.loads(reported.stdout)
    assert (planned["contacts_create"], planned["contacts_archive"]) == (2, 0)
    assert planned["first"][0]["changes"]["email"]["hubspot"] is None
    assert environment["HUBSPOT_ACCESS_TOKEN"] not in (tmp_path / "plan.jsonl").read_text(encoding="utf-8")
    refused = run_babynames("apply", "plan.jsonl", folder=tmp_path, environment=environment)
    assert refused.returncode == 1
    assert "its name or the mapping has changed" in refused.stdout
    assert "What to do: make a plan again" in refused.stdout
    applied = run_babynames("apply", "plan.jsonl", "--json", folder=tmp_path, environment=moved)
    assert applied.returncode == 0, applied.stderr
    assert json.loads(applied.stdout)["contacts_created"] == 2
    repeated = run_babynames("apply", "plan.jsonl", folder=tmp_path, environment=moved)
    assert (repeated.returncode, repeated.stdout.splitlines()) == (
        0,
        ["Already applied: HubSpot has all 2 rows of the plan as they are to be."],
    )
    again = run_babynames("plan", folder=tmp_path, environment={**moved, "HUBSPOT_MIRROR": "archive"})
    assert "archive" in again.stdout
    assert "applying it takes --override-guards: Nothing was written" in again.stdout


def test_what_the_readme_plans_after_the_demo_is_an_update_of_every_contact(
    tmp_path: Path, environment: dict[str, str]
) -> None:
    readme = (CHECKOUT / "README.md").read_text(encoding="utf-8")
    (more,) = re.findall(r"^HUBSPOT_EXTRA_PROPERTIES=.*$", readme, flags=re.MULTILINE)
    names = write_csv(tmp_path / "names.csv", [(1990, "Mary", "F", 1), (1990, "John", "M", 1)])
    assert run_babynames("run", "--path", str(names), folder=tmp_path, environment=environment).returncode == 0
    nothing = run_babynames("plan", "--out", "nothing.jsonl", folder=tmp_path, environment=environment)
    assert "unchanged" in nothing.stdout
    idle = run_babynames("apply", "nothing.jsonl", folder=tmp_path, environment=environment)
    assert (idle.returncode, idle.stdout) == (0, "Nothing to write: the plan has no rows.\n")
    (tmp_path / "sandbox.env").write_text(f"{more}\n", encoding="utf-8")
    sandbox = ("--env-file", "sandbox.env")
    planned = run_babynames(*sandbox, "plan", "--out", "plan.jsonl", folder=tmp_path, environment=environment)
    assert planned.stdout.count("company: (empty) -> babynames") == 2
    applied = run_babynames(*sandbox, "apply", "plan.jsonl", "--json", folder=tmp_path, environment=environment)
    assert json.loads(applied.stdout)["contacts_updated"] == 2
