"""One line about a long step: share, rate and time left."""

from babynames_dagster.common.progress import Progress, describe


def test_a_line_says_count_share_rate_and_time_left() -> None:
    line = describe(Progress("sync", 2_000, 10_000, "contacts"), seconds=2.0)
    assert line == "sync: 2,000 of 10,000 contacts, 20%, 1,000 contacts/s, 8 s left"


def test_a_line_without_a_total_says_no_share() -> None:
    assert describe(Progress("load", 500, None, "rows"), seconds=1.0) == "load: 500 rows, 500 rows/s"


def test_what_was_done_before_does_not_count_into_the_rate() -> None:
    line = describe(Progress("load", 1_500, None, "rows"), seconds=1.0, since=1_000)
    assert line == "load: 1,500 rows, 500 rows/s"
