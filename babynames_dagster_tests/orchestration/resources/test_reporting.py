"""Progress on Dagster's log: at a pace people can read."""

import dagster as dg
import pytest

from babynames_dagster.common.progress import Progress
from babynames_dagster.orchestration.resources.reporting import progress_events


class _Clock:
    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


def test_events_come_at_most_every_five_seconds(capfd: pytest.CaptureFixture[str]) -> None:
    clock = _Clock()
    listen = progress_events(dg.build_op_context().log, clock=clock)
    for second in range(21):
        clock.seconds = float(second)
        listen(Progress("load", second * 10, 200, "rows"))
    assert capfd.readouterr().err.count("load:") == 4
