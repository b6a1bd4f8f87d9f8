"""`babynames check`: the database alone is a cheap probe, and a schedule that Dagster can't read is found."""

import subprocess
import sys
from pathlib import Path

import pytest

from babynames_dagster.cli.checks import check_schedule
from babynames_dagster.errors import ErrorCode, PipelineError
from babynames_dagster.settings import load_settings
from babynames_dagster_tests.support.command import clean_environment, run_babynames

COSTLY = {"dagster", "pyarrow", "playwright", "requests", "mysql"}
_PROBE = """
import sys
sys.argv = ["babynames", "check", "db"]
from babynames_dagster.cli import main
try:
    main()
finally:
    print("imported:", *{name.partition(".")[0] for name in sys.modules})
"""


def test_a_probe_of_the_database_imports_nothing_that_it_does_not_ask(database_url: str, tmp_path: Path) -> None:
    done = subprocess.run(  # noqa: S603 - our own code
        [sys.executable, "-c", _PROBE],
        cwd=tmp_path,
        env=clean_environment({"DATABASE_URL": database_url}),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    answer, _, imported = done.stdout.partition("imported:")
    assert "✓ db:" in answer
    assert "sqlalchemy" in imported.split()
    assert not COSTLY & set(imported.split())


@pytest.mark.parametrize("text", ["0 25 * * *", "daily", "0 6 * * FOO", "* * *"])
def test_a_schedule_that_dagster_cannot_read_is_found(text: str, tmp_path: Path) -> None:
    done = run_babynames("check", "schedule", folder=tmp_path, environment={"DAILY_CRON": text})
    assert (done.returncode, "INVALID_CONFIG" in done.stdout, f"DAILY_CRON='{text}'" in done.stdout) == (2, True, True)
    with pytest.raises(PipelineError) as caught:
        check_schedule(load_settings(daily_cron=text))
    assert caught.value.code is ErrorCode.INVALID_CONFIG


def test_a_good_schedule_is_reported(tmp_path: Path) -> None:
    names = {"DAILY_CRON": "15 4 * * MON-FRI", "DAILY_TIME_ZONE": "Europe/Berlin"}
    done = run_babynames("check", "schedule", folder=tmp_path, environment=names)
    assert done.returncode == 0
    assert "schedule: 15 4 * * MON-FRI (Europe/Berlin)" in done.stdout
