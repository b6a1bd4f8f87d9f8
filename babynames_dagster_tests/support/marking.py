"""Marks that tests get by the fixtures they use, and by their folder, so that no test has to be marked by hand."""

import pytest

BY_FIXTURE = {"start_mariadb": "mariadb", "chromium": "browser"}
"""The mark of each fixture whose program may be missing on a machine; what depends on the fixture has it, too."""

BY_FOLDER = {"deploy": "deploy"}
"""The mark of each folder of `babynames_dagster_tests` whose tests need further programs."""

_BY_PARAMETER = {("database_url", "mariadb"): "mariadb"}
"""The mark of a fixture's parameter; with it, the fixture asks for others while it runs."""


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark every test before `-m` chooses among them."""
    for item in items:
        for mark in marks_of(item):
            item.add_marker(mark)


def marks_of(item: pytest.Item) -> set[str]:
    """Return the marks that a test's fixtures and folder give it."""
    marks = {mark for fixture, mark in BY_FIXTURE.items() if fixture in getattr(item, "fixturenames", ())}
    given = item.callspec.params if hasattr(item, "callspec") else {}
    marks |= {mark for (fixture, value), mark in _BY_PARAMETER.items() if given.get(fixture) == value}
    return marks | {mark for folder, mark in BY_FOLDER.items() if folder in item.path.parts}
