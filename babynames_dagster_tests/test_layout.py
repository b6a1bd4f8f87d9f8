"""Tests can be found: their folders are those of the package."""

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
