"""Which worker of pytest-xdist runs which tests, and in which order."""

from typing import Any

import pytest
from xdist.scheduler import LoadScopeScheduling  # type: ignore[import-untyped]  # it has no types

_TESTS = "babynames_dagster_tests"
TOGETHER = (
    f"{_TESTS}/ui/",
    f"{_TESTS}/database/connection/test_array_binding.py",
    f"{_TESTS}/database/connection/test_reach.py",
    f"{_TESTS}/database/connection/test_server_defaults.py",
)
"""Tests that share a server of their own, which each worker would have to start."""

_LONG = {"browser", "process", "slow"}


class OneWorkerForASharedServer(LoadScopeScheduling):  # type: ignore[misc]  # for the same reason
    """Hands out tests one by one, but those that share a server all to one worker, and first.

    The mark `xdist_group` would say the same; pytest 9.2 no longer lets pytest-xdist 3.8 see it.
    """

    def _split_scope(self, nodeid: str) -> str:
        return next((group for group in TOGETHER if nodeid.startswith(group)), nodeid)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> OneWorkerForASharedServer:  # noqa: ANN401 - xdist's own
    """Say to pytest-xdist how to share out the tests."""
    return OneWorkerForASharedServer(config, log)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Let workers begin with what may take long: with quick tests left, they end at about the same time."""
    if hasattr(config, "workerinput"):
        items.sort(key=lambda item: _LONG.isdisjoint(mark.name for mark in item.iter_markers()))
