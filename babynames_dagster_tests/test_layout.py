"""The package's floors, as `docs/architecture.md` has them, and tests in folders of the same names."""

import ast
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from babynames_dagster_tests.docs.markdown import CHECKOUT

TESTS = CHECKOUT / "babynames_dagster_tests"
PACKAGE = CHECKOUT / "babynames_dagster"
OTHERS = {"bench", "deploy", "docs", "support", "ui"}
"""Folders about what is no part of the package: benchmarks, `deploy/`, documents, what tests share, Dagster's UI."""


def folders(root: Path) -> set[str]:
    return {str(init.parent.relative_to(root)) for init in root.rglob("__init__.py")}


def test_folders_of_tests_mirror_the_package() -> None:
    mirrored = {folder for folder in folders(TESTS) if folder.partition("/")[0] not in OTHERS}
    assert mirrored <= folders(PACKAGE)


def test_every_folder_with_tests_is_a_package_so_that_two_files_may_have_one_name() -> None:
    assert {str(file.parent.relative_to(TESTS)) for file in TESTS.rglob("test_*.py")} <= folders(TESTS)


MOST_LINES, MOST_ENTRIES = 330, 18
"""Some 300 lines a file, and some 14 entries a folder: above these, it is time to split."""


def test_no_file_and_no_folder_of_the_package_has_grown_too_large() -> None:
    files = [file for file in PACKAGE.rglob("*.py") if "migrations" not in file.parts]
    assert [file.name for file in files if len(file.read_text(encoding="utf-8").splitlines()) > MOST_LINES] == []
    entries = Counter(entry.parent for entry in PACKAGE.rglob("*") if "__pycache__" not in entry.parts)
    assert [str(folder) for folder, count in entries.items() if count > MOST_ENTRIES] == []


FLOORS = [
    {"settings", "errors", "common"},
    {"datafile", "database"},
    {"kaggle", "hubspot"},
    {"names", "sources"},
    {"orchestration"},
    {"definitions", "cli"},
]
"""Rooms and modules of the package, from the ground up."""

HUBSPOT_FLOORS = [
    {"pace", "mapping", "email_rules", "guards", "leases"},
    {"api", "source"},
    {"batches", "preflight"},
    {"archive"},
    {"sync"},
    {"plan", "reconcile"},
]
"""Rooms and modules of `hubspot/`, likewise."""

ORCHESTRATION_FLOORS = [{"io_managers", "resources"}, {"assets"}, {"automation", "queue"}, {"metrics"}]
"""Rooms of `orchestration/`, likewise."""

WITHOUT_DAGSTER = set().union(*FLOORS[:4])


def imports(file: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module


def rooms(root: Path = PACKAGE) -> Iterator[tuple[str, Path]]:
    """Yield each module of the package's floors, or of one of its folders, with the room that it is in."""
    for file in root.rglob("*.py"):
        room = file.relative_to(root).parts[0].removesuffix(".py")
        if room not in {"sandbox", "migrations", "__init__"}:
            yield room, file


def upwards(floors: list[set[str]], root: Path) -> list[tuple[str, str]]:
    """Return every module that imports from above, and what it imports."""
    height = {room: number for number, floor in enumerate(floors) for room in floor}
    prefix = ".".join(root.relative_to(CHECKOUT).parts) + "."
    return [
        (str(file.relative_to(root)), module)
        for room, file in rooms(root)
        for module in imports(file)
        if module.startswith(prefix)
        and (other := module.removeprefix(prefix).split(".")[0]) != room
        and height.get(other, len(floors)) > height[room]
    ]


def test_a_floor_imports_only_floors_below_it() -> None:
    found = upwards(FLOORS, PACKAGE)
    assert [(file, module) for file, module in found if not (file.startswith("cli/") and ".sandbox." in module)] == []


def test_within_hubspot_and_orchestration_neither() -> None:
    assert upwards(HUBSPOT_FLOORS, PACKAGE / "hubspot") == []
    assert upwards(ORCHESTRATION_FLOORS, PACKAGE / "orchestration") == []


def test_the_domain_does_not_know_dagster() -> None:
    known = [
        (str(file.relative_to(PACKAGE)), module)
        for room, file in rooms()
        if room in WITHOUT_DAGSTER
        for module in imports(file)
        if module.startswith("dagster")
    ]
    assert known == []


BEFORE_ALL = "common/allocators.py"
"""Sets a variable for a library, before anything is imported that reads it."""


def lines_with(pattern: str) -> dict[str, list[str]]:
    found = {
        str(file.relative_to(PACKAGE)): re.findall(pattern, file.read_text(encoding="utf-8"), flags=re.MULTILINE)
        for file in PACKAGE.rglob("*.py")
    }
    return {file: lines for file, lines in found.items() if lines}


def test_the_environment_is_read_by_the_settings_and_handed_to_the_browser() -> None:
    readers = {file for file in lines_with(r"os\.(?:environ|getenv)") if not file.startswith("settings/")}
    assert readers == {BEFORE_ALL, "kaggle/browser/launch.py"}


def test_the_environment_is_changed_for_dagsters_own_file_alone() -> None:
    changes = lines_with(r"putenv|environ(?:\[.*\] =|\.(?:update|setdefault|pop|clear))|load_dotenv")
    assert {file: len(lines) for file, lines in changes.items()} == {BEFORE_ALL: 1, "settings/shell.py": 1}


def test_nothing_is_global_that_changes() -> None:
    assert lines_with(r"^ +global ") == {}
