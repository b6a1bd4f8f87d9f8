"""What commands import before they answer: the packages that take long, only where they are needed."""

import subprocess
import sys
from pathlib import Path

import pytest

from babynames_dagster_tests.support.command import clean_environment

_HEAVY = ("dagster", "pyarrow", "alembic", "playwright")
_SCRIPT = """
import contextlib, sys
from babynames_dagster.cli import main
sys.argv[0] = "babynames"
with contextlib.suppress(SystemExit):
    main()
print("imported", *(name for name in {heavy!r} if name in sys.modules))
"""


@pytest.mark.parametrize(
    ("command", "needed"),
    [
        (["--help"], set()),
        (["--version"], set()),
        (["status"], {"pyarrow"}),
        (["check", "db"], set()),
    ],
)
def test_a_command_imports_only_what_it_needs(command: list[str], needed: set[str], tmp_path: Path) -> None:
    done = subprocess.run(  # noqa: S603 - this interpreter
        [sys.executable, "-c", _SCRIPT.format(heavy=_HEAVY), *command],
        capture_output=True,
        text=True,
        check=True,
        cwd=tmp_path,
        env=clean_environment(),
    )
    assert set(done.stdout.splitlines()[-1].split()) - {"imported"} == needed


def test_definitions_import_neither_a_browser_nor_migrations() -> None:
    script = f"import sys, babynames_dagster.definitions\nprint(*(name for name in {_HEAVY!r} if name in sys.modules))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)  # noqa: S603 - this interpreter
    assert set(done.stdout.split()) == {"dagster", "pyarrow"}
