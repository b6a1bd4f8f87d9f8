"""What commands import before they answer: the packages that take long, only where they are needed."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from babynames_dagster.settings.env_file import CHOICE
from babynames_dagster_tests.docs.markdown import CHECKOUT
from babynames_dagster_tests.support.command import clean_environment

_HEAVY = ("dagster", "pyarrow", "alembic", "playwright")
_OF_STEPS = ("sqlalchemy", "pymysql", "requests", "urllib3")
_COLLECTIONS = 10
"""Passes of the garbage collector at most; with the threshold that Python begins with, `status` makes 84."""
_SCRIPT = """
import atexit, contextlib, gc, sys
collections = []
atexit.register(lambda: print("collections", len(collections), "left alone", gc.get_freeze_count()))
from babynames_dagster.cli import main
gc.callbacks.append(lambda phase, _: collections.append(phase) if phase == "stop" else None)
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
        (["status"], set()),
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
    *_, imported, collected = done.stdout.splitlines()
    assert set(imported.split()) - {"imported"} == needed
    _, collections, _, _, left_alone = collected.split()
    assert int(collections) <= _COLLECTIONS
    assert int(left_alone) > 0  # as it ends, too


@pytest.mark.parametrize(
    ("folder", "module"),
    [(".", "babynames_dagster.definitions"), ("examples/customers", "shop.definitions")],
    ids=["of this project", "of somebody's own table"],
)
def test_definitions_are_loaded_without_what_their_steps_need(folder: str, module: str) -> None:
    script = (
        f"import sys\nfrom {module} import definitions\ndefinitions().get_repository_def()\n"
        f"print(*(name for name in {(*_HEAVY, *_OF_STEPS)!r} if name in sys.modules))"
    )
    done = subprocess.run(  # noqa: S603 - this interpreter
        [sys.executable, "-B", "-c", script],
        capture_output=True,
        text=True,
        check=True,
        cwd=CHECKOUT / folder,
        env=clean_environment({CHOICE: os.devnull}),
    )
    assert done.stdout.split() == ["dagster"]
