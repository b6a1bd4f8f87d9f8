"""The benchmarks fail where a threshold is missed, and say which."""

import os
import time

import pytest

from babynames_dagster_tests.bench import big_table, load, startup, sync
from babynames_dagster_tests.bench.load import Figures
from babynames_dagster_tests.bench.measuring import Measured, cpu_seconds, middle, table
from babynames_dagster_tests.docs.markdown import CHECKOUT, with_text

ONE_PROCESS, *_, FOUR_PROCESSES = sync.SCENARIOS


@pytest.mark.parametrize("scenario", [*sync.SCENARIOS, sync.BY_WORKERS], ids=lambda scenario: scenario.title)
def test_a_sync_at_its_threshold_misses_nothing(scenario: sync.Scenario) -> None:
    assert sync.missed(scenario, unsent=0, share=scenario.least_share, refused=0) == []


def test_the_thresholds_are_98_per_cent_and_95_for_workers_of_a_queue() -> None:
    for syncs in (ONE_PROCESS, FOUR_PROCESSES):
        assert sync.missed(syncs, unsent=0, share=0.979, refused=0)
        assert not sync.missed(syncs, unsent=0, share=0.981, refused=0)
    assert sync.missed(sync.BY_WORKERS, unsent=0, share=0.949, refused=0)
    assert not sync.missed(sync.BY_WORKERS, unsent=0, share=0.951, refused=0)


def test_one_refusal_or_one_contact_left_is_missed_and_named() -> None:
    (refused,) = sync.missed(ONE_PROCESS, unsent=0, share=1.0, refused=1)
    (unsent,) = sync.missed(ONE_PROCESS, unsent=1, share=1.0, refused=0)
    assert "429" in refused
    assert "not acknowledged" in unsent
    assert ONE_PROCESS.title in refused


def test_nothing_changed_takes_three_seconds_and_no_write() -> None:
    assert sync.missed_unchanged(unchanged=105_000, seconds=3.0, writes=0) == []
    assert len(sync.missed_unchanged(unchanged=104_999, seconds=3.1, writes=1)) == 3


def test_a_load_at_its_thresholds_misses_nothing() -> None:
    assert load.missed(Figures(12.0, 2.0, years_per_second=250_000, peak_mb=260, memory_growth=1.05)) == []
    assert load.missed(Figures()) == []


@pytest.mark.parametrize(
    ("figures", "said"),
    [
        (Figures(ratio_real=11.9), "at least 12"),
        (Figures(ratio_distinct=1.9), "at least 2.0"),
        (Figures(ratio_distinct=1.4, least_distinct=1.5), "at least 1.5"),
        (Figures(years_per_second=249_000), "births by year"),
        (Figures(peak_mb=261), "260 MB"),
        (Figures(memory_growth=1.06), "ten times"),
    ],
)
def test_each_threshold_of_the_load_is_named(figures: Figures, said: str) -> None:
    (shortfall,) = load.missed(figures)
    assert said in shortfall


def test_reconciling_that_is_slow_or_finds_less_or_is_refused_is_a_failure() -> None:
    assert sync.missed_reconciling(same=105_000, seconds=120.0, refused=0) == []
    assert len(sync.missed_reconciling(same=104_999, seconds=120.1, refused=1)) == 3


def test_one_turn_that_a_neighbour_slowed_down_does_not_count() -> None:
    quiet = Measured(1000, seconds=2.0, client_cpu=1.0, server_cpu=1.5, peak_mb=100)
    disturbed = Measured(1000, seconds=20.0, client_cpu=1.1, server_cpu=1.6, peak_mb=120)
    assert middle([quiet, disturbed, quiet]) == Measured(1000, 2.0, 1.0, 1.5, 120)


def test_the_busier_process_bounds_a_method() -> None:
    assert Measured(1, seconds=9.0, client_cpu=1.0, server_cpu=3.0, peak_mb=None).bound == 3.0
    assert Measured(1, seconds=9.0, client_cpu=4.0, server_cpu=3.0, peak_mb=None).bound == 4.0
    assert Measured(1, seconds=9.0, client_cpu=4.0, server_cpu=None, peak_mb=1).bound == 4.0


def test_a_table_has_both_ratios() -> None:
    results = {"ours": Measured(100, 1.0, 1.0, 0.5, 90), "theirs": Measured(100, 2.0, 0.1, 3.0, None)}
    assert "| ours | 1.00 | 100 | 2.00 | 1.00 | 0.50 | 3.00 | 90 MB |" in table("title", results, "theirs")
    assert "| ours | 1.00 | 100 |  | 1.00 | 0.50 |  | 90 MB |" in table("title", results)


def test_the_cpu_seconds_of_a_process_are_those_that_it_counts_itself() -> None:
    until = time.process_time() + 0.2
    while time.process_time() < until:
        pass
    assert cpu_seconds(os.getpid()) == pytest.approx(time.process_time(), abs=0.1)


@pytest.mark.parametrize("name", ["bench-real", "bench-distinct", "bench-years", "bench-sync"])
def test_the_page_has_a_place_for_the_figures(name: str) -> None:
    page = (CHECKOUT / "docs" / "performance.md").read_text(encoding="utf-8")
    assert "figures" in with_text(page, name, "figures")


_QUICK = {what: startup.Took(9.0, most) for what, most in startup.LIMITS.items()}


def test_start_up_is_judged_by_cpu_seconds_and_by_a_ratio() -> None:
    dagster, definitions = startup.Took(9.0, 1.0), startup.Took(9.0, startup.DEFINITIONS_LIMIT)
    took = {**_QUICK, startup.DAGSTER: dagster, startup.DEFINITIONS: definitions}
    assert startup.missed(took) == []
    slower = {what: startup.Took(1.0, one.cpu + 0.1) for what, one in took.items()} | {startup.DAGSTER: dagster}
    assert len(startup.missed(slower)) == len(startup.LIMITS) + 1


def test_a_large_table_may_take_time_by_its_rows_and_no_more_memory() -> None:
    took = big_table.Took
    assert not big_table.missed({"sync": {1000: took(1.0, 170), 10_000: took(10.5, 175)}})
    (memory,) = big_table.missed({"sync": {1000: took(1.0, 170), 10_000: took(10.5, 260)}})
    (work,) = big_table.missed({"sync": {1000: took(1.0, 170), 10_000: took(31.0, 175)}})
    assert "260 MB for the largest table, 170 MB for the smallest" in memory
    assert "the power 1.49 of the rows" in work
