"""Marks that tests get by what they use, so that `make test-fast` can leave out what needs programs or takes long."""

import pytest

BY_FIXTURE = {"start_mariadb": "mariadb", "chromium": "browser", "sandbox": "graph", "instance": "graph"}
"""The mark of each fixture; what depends on the fixture has it, too."""

BY_FOLDER = {"deploy": "deploy"}
"""The mark of each folder of `babynames_dagster_tests` whose tests need further programs."""

BY_NAME = {
    "running_mariadb": "mariadb",
    "running_sandbox": "graph",
    "run_script": "process",
    "start_script": "process",
    "subprocess": "process",
    "processes": "process",
}
"""The mark of each name that a test's module has imported."""

_BY_PARAMETER = {("database_url", "mariadb"): "mariadb"}
"""The mark of a fixture's parameter; with it, the fixture asks for others while it runs."""


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark every test before `-m` chooses among them."""
    for item in items:
        for mark in marks_of(item):
            item.add_marker(mark)


def marks_of(item: pytest.Item) -> set[str]:
    """Return the marks that a test's fixtures, folder and module give it."""
    marks = {mark for fixture, mark in BY_FIXTURE.items() if fixture in getattr(item, "fixturenames", ())}
    parameters = item.callspec.params if hasattr(item, "callspec") else {}
    marks |= {mark for (fixture, value), mark in _BY_PARAMETER.items() if parameters.get(fixture) == value}
    marks |= {mark for folder, mark in BY_FOLDER.items() if folder in item.path.parts}
    if isinstance(item, pytest.Function):
        marks |= {mark for name, mark in BY_NAME.items() if hasattr(item.module, name)}
    return marks
