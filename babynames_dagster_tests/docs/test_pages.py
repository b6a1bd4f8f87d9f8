"""What the documents name is there: files, folders, functions and targets."""

import ast
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from babynames_dagster_tests.docs.markdown import CHECKOUT
from babynames_dagster_tests.docs.pages import PAGES, spans

ROOTS = [CHECKOUT, CHECKOUT / "babynames_dagster", CHECKOUT / "babynames_dagster_tests"]
PATH = re.compile(r"[\w.-]+(/[\w.*-]+)*(\.(py|sh|ini|toml|cfg|mako)|/)")
WITHIN = re.compile(r"((?:`\w+`(?:, | and )?)+) (?:in|of) `([\w/]+\.py)`")
CALL = re.compile(r"([a-z_]+)\.([a-z_]+)")
MADE = {"data/", "data/demo/", "data/downloads/", "data/dagster/", "venv/"}
"""Folders that a run makes."""

OUTPUT = re.compile(
    r"(?<![<>-])> ?([A-Za-z][\w./-]*\.[a-z]+)(?= |$|`)|--(?:out|env-file) ([A-Za-z][\w./-]*\.[a-z]+)", re.MULTILINE
)
"""A file that a command of a page makes in the checkout."""

CURRENT = [page for page in PAGES if page.name != "CHANGELOG.md"]
"""The pages about the code as it is."""


def found(path: str) -> list[Path]:
    """Return what a path may mean; a name alone may be in any folder of the package."""
    direct = [there for root in ROOTS for there in root.glob(path.rstrip("/"))]
    return direct or ([] if "/" in path.rstrip("/") else list(ROOTS[1].rglob(path.rstrip("/"))))


def missing(page: Path) -> Iterator[str]:
    """Yield each path in backticks that leads nowhere, and each name that its file lacks."""
    text = page.read_text(encoding="utf-8")
    for span in spans(text):
        if PATH.fullmatch(span) and span not in MADE and not found(span):
            yield span
    for names, path in WITHIN.findall(" ".join(text.split())):
        files = found(path)
        for name in re.findall(r"`(\w+)`", names):
            if not any(re.search(rf"\b{name}\b", file.read_text(encoding="utf-8")) for file in files):
                yield f"{name} in {path}"


@pytest.mark.parametrize("page", CURRENT, ids=lambda page: page.name)
def test_every_path_and_name_in_backticks_is_there(page: Path) -> None:
    assert sorted(missing(page)) == []


def test_a_path_that_leads_nowhere_is_noticed(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("`cli/no_such.py`, `retry.py`, `no_such` in `retry.py`, `retried` in\n`retry.py`", encoding="utf-8")
    assert list(missing(page)) == ["cli/no_such.py", "no_such in retry.py"]


def astray(module: Path) -> list[str]:
    """Return the modules that a module's docstring names, and that are not where it says.

    A path begins at the module's folder, at the one around it, or at the top of the package or of the tests.
    """
    text = ast.get_docstring(ast.parse(module.read_text(encoding="utf-8"))) or ""
    named = [span for span in spans(text) if span.endswith(".py") and not span.startswith("dagster/")]
    return [path for path in named if not any((root / path).exists() for root in [*module.parents[:2], *ROOTS])]


def test_every_module_that_a_docstring_names_is_there() -> None:
    modules = [module for root in ROOTS[1:] for module in root.rglob("*.py")]
    assert {module.name: paths for module in modules if (paths := astray(module))} == {}


def test_a_module_that_a_docstring_names_and_that_is_gone_is_noticed(tmp_path: Path) -> None:
    module = tmp_path / "module.py"
    module.write_text(
        '"""Not `sync/no_such.py`, nor `retry.py`, but `common/retry.py`, or `module.py`."""', encoding="utf-8"
    )
    assert astray(module) == ["sync/no_such.py", "retry.py"]


def test_decisions_that_the_architecture_names_are_there() -> None:
    text = (CHECKOUT / "docs" / "architecture.md").read_text(encoding="utf-8")
    named = re.search(r"Decisions are pure functions of values \((.*?)\)", text, re.DOTALL)
    assert named is not None
    for module, function in CALL.findall(named[1]):
        files = list((CHECKOUT / "babynames_dagster").rglob(f"{module}.py"))
        assert any(f"def {function}(" in file.read_text(encoding="utf-8") for file in files), f"{module}.{function}"


def test_every_package_has_its_floor_in_the_architecture() -> None:
    text = (CHECKOUT / "docs" / "architecture.md").read_text(encoding="utf-8")
    floors = text.partition("## The floors")[2].partition("## ")[0]
    package = CHECKOUT / "babynames_dagster"
    rooms = {f"{init.parent.name}/" for init in package.glob("*/__init__.py")}
    modules = {file.name for file in package.glob("*.py")} - {"__init__.py"}
    assert {name for name in rooms | modules if name not in floors} == set()


def test_what_the_pages_let_users_make_is_no_change_to_git(tmp_path: Path) -> None:
    text = "\n".join(page.read_text(encoding="utf-8") for page in CURRENT)
    made = {first or second for first, second in OUTPUT.findall(text)}
    assert made >= {"sandbox.env", "plan.jsonl", "backup.sql", "deploy/babynames.env"}
    shutil.copy(CHECKOUT / ".gitignore", tmp_path)
    subprocess.run(["git", "init", "--quiet", tmp_path], check=True)  # noqa: S603, S607 - git is what is asked
    listed = subprocess.run(  # noqa: S603 - as above
        ["git", "-C", tmp_path, "check-ignore", *sorted(made)],  # noqa: S607 - as above
        capture_output=True,
        text=True,
        check=False,
    )
    assert made - {*listed.stdout.split()} == set()
