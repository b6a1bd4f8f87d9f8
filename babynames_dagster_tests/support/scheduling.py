"""Which worker of pytest-xdist runs which tests."""

from xdist.scheduler import LoadScopeScheduling  # type: ignore[import-untyped]  # it has no types

UI_TESTS = "babynames_dagster_tests/ui/"


class OneWorkerForTheUI(LoadScopeScheduling):  # type: ignore[misc]  # for the same reason
    """Hands out tests one by one, but those of the UI, which share a server, all to one worker, and first.

    The mark `xdist_group` would say the same; pytest 9.2 no longer lets pytest-xdist 3.8 see it.
    """

    def _split_scope(self, nodeid: str) -> str:
        return UI_TESTS if nodeid.startswith(UI_TESTS) else nodeid
