"""`babynames undo`: archiving what was made, and making it again."""

import json
from pathlib import Path

from babynames_dagster_tests.support.command import run_babynames
from babynames_dagster_tests.support.pipeline import write_csv


def test_undo_archives_within_the_guards_and_only_a_full_refresh_makes_contacts_again(
    tmp_path: Path, environment: dict[str, str]
) -> None:
    names = write_csv(tmp_path / "names.csv", [(1990, "Mary", "F", 1), (1990, "John", "M", 1)])
    assert run_babynames("run", "--path", str(names), folder=tmp_path, environment=environment).returncode == 0

    guarded = run_babynames("undo", "--yes", folder=tmp_path, environment=environment)
    assert guarded.returncode == 1
    assert "2 contacts to archive, at most 1 allowed (HUBSPOT_MAX_ARCHIVES=5% of 2)" in guarded.stderr
    undone = run_babynames("undo", "--yes", "--override-guards", folder=tmp_path, environment=environment)
    assert undone.returncode == 0, undone.stderr
    assert "Archived 2 contacts" in undone.stdout
    assert "`babynames run --full-refresh` makes them again" in undone.stdout
    left = run_babynames("run", "--path", str(names), folder=tmp_path, environment=environment)
    assert "Archived contacts are left alone. --full-refresh makes those again" in left.stdout
    nothing = run_babynames("reconcile", folder=tmp_path, environment=environment)
    assert "no contact of the names to read back" in nothing.stdout
    planned = run_babynames("plan", "--out", "plan.jsonl", folder=tmp_path, environment=environment)
    assert "there is nothing to write in it" in planned.stdout
    back = run_babynames(
        "run", "--path", str(names), "--full-refresh", "--json", folder=tmp_path, environment=environment
    )
    assert (json.loads(back.stdout)["contacts_created"], json.loads(back.stdout)["contacts_archived"]) == (2, 0)
