"""What is reported of each partition: its own counts, rejects and rows, and what the run did while it was under way."""

import pytest
from sqlalchemy.engine import Engine

from babynames_dagster.hubspot.sync.report import PREVIEW_KEPT, REJECTS_KEPT, SyncOptions
from babynames_dagster.hubspot.sync.spans import Moment, Span, Spans
from babynames_dagster_tests.support.stand_ins.hubspot import StandIn
from babynames_dagster_tests.support.syncing import add_names, sync


def test_a_span_runs_from_the_first_hand_over_to_the_latest_answer() -> None:
    moments = iter([Moment(10, 2, 0), Moment(12, 5, 0.5), Moment(15, 9, 0.5), Moment(16, 11, 0.5)])
    spans = Spans(lambda: next(moments))
    spans.handed_over({"A"})
    spans.answered({"A"})
    spans.handed_over({"A", "B"})
    spans.answered({"A", "B"})
    assert spans.of("A") == Span(seconds=6, requests=9, waited_seconds=0.5)
    assert spans.of("B") == Span(seconds=1, requests=2, waited_seconds=0)


def test_nothing_is_reported_of_what_was_never_sent_or_never_answered() -> None:
    spans = Spans(lambda: Moment(1, 1, 1))
    spans.handed_over({"A"})
    assert spans.of("A") == spans.of("B") == Span()


def test_a_pause_counts_only_as_far_as_the_span_reaches() -> None:
    assert Span.between(Moment(0, 0, 0), Moment(2, 1, 10)).waited_seconds == 2


def test_partitions_that_follow_each_other_have_calls_of_their_own(sqlite_engine: Engine, stand_in: StandIn) -> None:
    add_names(sqlite_engine, 60, initials=["A", "B", "C"])
    report = sync(sqlite_engine, stand_in, hubspot_requests_per_batch=10, hubspot_max_in_flight=1)
    reported = [report.by_partition[initial] for initial in "ABC"]
    assert [counts.span.requests for counts in reported] == [2, 2, 2]
    assert 0 < sum(counts.span.seconds for counts in reported) <= report.seconds
    for counts in reported:
        assert counts.contacts_per_second == pytest.approx(20 / counts.span.seconds)


def test_partitions_that_share_a_batch_share_its_call(sqlite_engine: Engine, stand_in: StandIn) -> None:
    add_names(sqlite_engine, 30, initials=["A", "B", "C"])
    report = sync(sqlite_engine, stand_in)
    reported = [report.by_partition[initial] for initial in "ABC"]
    assert {counts.span.requests for counts in reported} == {1}
    assert len({counts.span.seconds for counts in reported}) == 1


def test_a_partition_that_sends_nothing_has_no_rates(sqlite_engine: Engine, stand_in: StandIn) -> None:
    add_names(sqlite_engine, 10, initials=["A"])
    sync(sqlite_engine, stand_in)
    add_names(sqlite_engine, 10, initials=["B"], first=11)
    report = sync(sqlite_engine, stand_in)
    unchanged, sent, empty = (report.by_partition[initial] for initial in "ABC")
    for counts in (unchanged, empty):
        assert (counts.span, counts.contacts_per_second) == (Span(), None)
    assert sent.span.requests == 1
    assert sent.contacts_per_second


def test_a_dry_run_acknowledges_nothing_and_so_has_no_rates(sqlite_engine: Engine, stand_in: StandIn) -> None:
    add_names(sqlite_engine, 10, initials=["A"])
    counts = sync(sqlite_engine, stand_in, options=SyncOptions(dry_run=True)).by_partition["A"]
    assert counts.span.requests == 1
    assert counts.contacts_per_second is None


def test_a_pause_is_reported_of_the_partition_that_had_to_wait(sqlite_engine: Engine, stand_in: StandIn) -> None:
    add_names(sqlite_engine, 20, initials=["A", "B"])
    stand_in.set_faults({"kind": "rate_limit", "emails": ["name1.f@babynamesdemo.com"], "times": 1, "retry_after": 1})
    report = sync(sqlite_engine, stand_in, hubspot_requests_per_batch=10, hubspot_max_in_flight=1)
    before, held_up = report.by_partition["A"].span, report.by_partition["B"].span
    assert (before.requests, before.waited_seconds) == (1, 0)
    assert held_up.requests == 2
    assert held_up.seconds >= held_up.waited_seconds >= 0.9


def test_each_partition_keeps_its_own_first_rejects_and_no_more_than_it_may(
    sqlite_engine: Engine, stand_in: StandIn
) -> None:
    add_names(sqlite_engine, 120, initials=["A", "B", "C"])
    with sqlite_engine.begin() as connection:
        connection.exec_driver_sql(
            "UPDATE baby_names SET slug = 'two..dots' || id WHERE initial = 'A' OR (initial = 'B' AND id < 5)"
        )
    report = sync(sqlite_engine, stand_in)
    reported = [report.by_partition[initial] for initial in "ABC"]
    assert [counts.rejected for counts in reported] == [40, 2, 0]
    assert [len(counts.troubles.first_rejects) for counts in reported] == [REJECTS_KEPT, 2, 0]
    assert {reject.email for reject in reported[1].troubles.first_rejects} == {
        "two..dots1@babynamesdemo.com",
        "two..dots4@babynamesdemo.com",
    }
    assert len(report.troubles.first_rejects) == REJECTS_KEPT


def test_each_partition_shows_its_first_contacts_sent_or_not(sqlite_engine: Engine, stand_in: StandIn) -> None:
    add_names(sqlite_engine, 20, initials=["A", "B"])
    for _ in range(2):
        report = sync(sqlite_engine, stand_in)
        preview = report.by_partition["B"].preview
        assert [contact["firstname"] for contact in preview] == [f"Name{number}" for number in (1, 3, 5, 7, 9)]
        assert preview[0]["email"] == "name1.f@babynamesdemo.com"
        assert len(preview) == PREVIEW_KEPT
        assert report.by_partition["C"].preview == []
