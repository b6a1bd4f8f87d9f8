"""The package's floors, as `docs/architecture.md` has them, and tests in folders of the same names."""

import ast
from collections.abc import Iterator
from pathlib import Path

from babynames_dagster.documents import CHECKOUT

TESTS = CHECKOUT / "babynames_dagster_tests"
PACKAGE = CHECKOUT / "babynames_dagster"
OTHERS = {"bench", "deploy", "support", "ui"}
"""Folders about what is no part of the package: benchmarks, `deploy/`, what tests share, Dagster's UI in a browser."""


def folders(root: Path) -> set[str]:
    return {str(init.parent.relative_to(root)) for init in root.rglob("__init__.py")}


def test_folders_of_tests_mirror_the_package() -> None:
    mirrored = {folder for folder in folders(TESTS) if folder.partition("/")[0] not in OTHERS}
    assert mirrored <= folders(PACKAGE)


def test_every_folder_with_tests_is_a_package_so_that_two_files_may_have_one_name() -> None:
    assert {str(file.parent.relative_to(TESTS)) for file in TESTS.rglob("test_*.py")} <= folders(TESTS)


FLOORS = [
    {"settings", "errors", "progress", "retry", "masking", "logs", "json_logs", "charts", "allocators", "paths"}
    | {"documents", "errors_docs"},
    {"datafile", "database"},
    {"kaggle", "hubspot"},
    {"names", "sources"},
    {"io_managers", "resources"},
    {"assets"},
    {"definitions", "automation", "cli", "metrics", "queue"},
]
"""Rooms and modules of the package, from the ground up."""

WITHOUT_DAGSTER = set().union(*FLOORS[:4])


def imports(file: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module


def rooms() -> Iterator[tuple[str, Path]]:
    """Yield each module of the package's floors with the room that it is in."""
    for file in PACKAGE.rglob("*.py"):
        room = file.relative_to(PACKAGE).parts[0].removesuffix(".py")
        if room not in {"sandbox", "migrations", "__init__"}:
            yield room, file


def test_a_floor_imports_only_floors_below_it() -> None:
    height = {room: number for number, floor in enumerate(FLOORS) for room in floor}
    upwards = [
        (str(file.relative_to(PACKAGE)), module)
        for room, file in rooms()
        for module in imports(file)
        if module.startswith("babynames_dagster.")
        and (other := module.split(".")[1]) != room
        and height.get(other, len(FLOORS)) > height[room]
    ]
    assert [found for found in upwards if not (found[0].startswith("cli/") and ".sandbox." in found[1])] == []


def test_the_domain_does_not_know_dagster() -> None:
    known = [
        (str(file.relative_to(PACKAGE)), module)
        for room, file in rooms()
        if room in WITHOUT_DAGSTER
        for module in imports(file)
        if module.startswith("dagster")
    ]
    assert known == []
