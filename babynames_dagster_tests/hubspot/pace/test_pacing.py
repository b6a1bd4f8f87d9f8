"""When calls may go: every rolling window holds at most the limit, and no time is given away."""

import heapq
import itertools
import random
from collections import deque

import pytest
from hypothesis import given
from hypothesis import strategies as st

from babynames_dagster.hubspot.pace.pacing import (
    MARGIN_SECONDS,
    MOST_DETOUR_SECONDS,
    UNSTATED_DETOUR_SECONDS,
    Limit,
    Trip,
    calls_left_today,
    clock_set_back_by,
    detour,
    is_worth_saying,
    next_slot,
    still_counted,
)

pytestmark = pytest.mark.slow


def run_calls(limit: Limit, count: int, idle: list[float]) -> list[float]:
    """Make calls as fast as the limit allows, but for the idle times before each."""
    now = 1000.0
    log: list[float] = []
    made: list[float] = []
    for number in range(count):
        now += idle[number % len(idle)]
        log = still_counted(log, now=now, limit=limit)
        slot = next_slot(log, now=now, paused_until=0.0, limit=limit)
        log.append(slot)
        made.append(slot)
        now = slot
    return made


def most_in_a_window(calls: list[float], seconds: float) -> int:
    return max(sum(first <= call < first + seconds for call in calls) for first in calls)


@given(st.integers(1, 60), st.floats(0.5, 20), st.lists(st.floats(0, 3), min_size=1, max_size=20), st.floats(0, 0.3))
def test_no_rolling_window_holds_more_than_the_limit(
    calls: int, window: float, idle: list[float], spacing: float
) -> None:
    made = run_calls(Limit(calls, window, spacing), 150, idle)
    assert most_in_a_window(made, window) <= calls


def test_calls_that_take_up_to_the_margin_longer_on_their_way_keep_the_window() -> None:
    chance = random.Random(7)  # noqa: S311 - repeatable, not secret
    made = run_calls(Limit(100, 10.0), 1000, [0.0])
    arrivals = sorted(call + chance.uniform(0, MARGIN_SECONDS) for call in made)
    assert most_in_a_window(arrivals, 10.0) <= 100


def test_a_long_run_reaches_98_per_cent_of_the_limit() -> None:
    made = run_calls(Limit(100, 10.0), 1000, [0.0])
    assert 1000 / (made[-1] - made[0]) > 0.98 * 10


def test_time_lost_to_a_stall_is_given_back_within_the_window() -> None:
    made = run_calls(Limit(100, 10.0), 600, [0.0] * 50 + [4.0] + [0.0] * 549)
    assert 600 / (made[-1] - made[0]) > 0.97 * 10


def test_calls_are_spread_rather_than_sent_all_at_once() -> None:
    made = run_calls(Limit(100, 10.0), 100, [0.0])
    assert min(later - earlier for earlier, later in itertools.pairwise(made)) == pytest.approx(0.05)


def test_the_users_spacing_is_kept() -> None:
    made = run_calls(Limit(100, 10.0, spacing=2.0), 20, [0.0])
    assert made[-1] - made[0] == pytest.approx(38.0)


def test_nothing_goes_during_a_pause() -> None:
    assert next_slot([90.0], now=100.0, paused_until=107.0, limit=Limit()) == 107.0


@pytest.mark.parametrize(
    ("calls", "paused_until", "back"),
    [
        ([1399.0], 0.0, 0.0),
        ([1399.0, 1405.0], 0.0, 0.0),
        ([5000.0], 0.0, 3600.0),
        ([5000.0], 4400.0, 3600.0),  # after a pause of that time
        ([4999.0, 5000.0], 5010.0, 3600.0),  # in a pause of that time
        ([1399.0, 4410.0], 4400.0, 0.0),  # reserved for the end of a long pause
    ],
)
def test_a_clock_that_was_set_back_is_known_by_calls_that_nobody_can_have_reserved(
    calls: list[float], paused_until: float, back: float
) -> None:
    assert clock_set_back_by(calls, now=1400.0, paused_until=paused_until, limit=Limit()) == back


def test_many_callers_with_a_spacing_of_their_own_set_no_clock_back() -> None:
    reserved = [1400.0 + 5.0 * caller for caller in range(50)]
    assert clock_set_back_by(reserved, now=1400.0, paused_until=0.0, limit=Limit(spacing=5.0)) == 0


def test_a_late_answer_moves_its_call_by_a_bounded_time() -> None:
    recent = [Trip(0.5), Trip(0.51), Trip(1.4)]
    assert detour(Trip(0.5), recent) == 0
    assert detour(Trip(0.51), recent) == pytest.approx(0.01)
    assert detour(Trip(1.4), recent) == UNSTATED_DETOUR_SECONDS
    reported = [Trip(0.5, 100.0), Trip(9.0, 105.0)]
    assert detour(reported[1], reported) == MOST_DETOUR_SECONDS


def test_a_detour_ends_where_hubspot_began_to_work() -> None:
    recent = [Trip(0.5, 100.2), Trip(0.9, 100.24), Trip(1.4, 100.21)]
    assert detour(recent[0], recent) == 0
    assert detour(recent[1], recent) == pytest.approx(0.04)
    assert detour(recent[2], recent) == pytest.approx(0.01)


def test_a_clock_that_can_not_be_is_not_believed() -> None:
    stopped = [Trip(0.5, 100.0), Trip(0.9, 95.0), Trip(1.4, 90.0)]
    assert detour(stopped[2], stopped) == UNSTATED_DETOUR_SECONDS


def share_and_refused(*, corrected: bool, reported: bool) -> tuple[float, float]:
    """Call at full pace for ten minutes, one call in twenty held up on its way there by up to a second.

    Args:
        corrected: Whether a call's place in the log is corrected when its answer comes.
        reported: Whether the answers say when the server began to work.

    Returns:
        Share of the ceiling, and share of the calls that the server refuses.
    """
    chance, limit, count = random.Random(7), Limit(100, 10.0), 6000  # noqa: S311 - repeatable, not secret
    log: list[float] = []
    arrivals: list[float] = []
    recent: deque[Trip] = deque(maxlen=50)
    under_way: list[tuple[float, float, Trip]] = []
    now = 0.0
    for _ in range(count):
        while under_way and under_way[0][0] <= now:
            _, slot, trip = heapq.heappop(under_way)
            recent.append(trip)
            log[log.index(slot)] += detour(trip, recent) if corrected else 0.0
        log = still_counted(log, now=now, limit=limit)
        now = next_slot(log, now=now, paused_until=0.0, limit=limit)
        log.append(now)
        way = chance.uniform(0.2, 1.0) if chance.random() < 0.05 else 0.0
        latency = way + chance.uniform(0.05, 1.5)
        arrivals.append(now + way)
        heapq.heappush(under_way, (now + latency, now, Trip(latency, way if reported else None)))
    window: deque[float] = deque()
    refused = 0
    for arrival in sorted(arrivals):
        while window and window[0] <= arrival - limit.window:
            window.popleft()
        if len(window) < limit.calls:
            window.append(arrival)
        else:
            refused += 1
    return count / now / (limit.calls / limit.window), refused / count


def test_calls_that_are_held_up_on_their_way_are_hardly_ever_refused_where_hubspot_says_when_it_began() -> None:
    assert share_and_refused(corrected=False, reported=True)[1] > 0.01
    share, refused = share_and_refused(corrected=True, reported=True)
    assert share > 0.99
    assert refused < 0.001


def test_where_hubspot_does_not_say_when_it_began_fewer_are_refused_for_a_little_of_the_rate() -> None:
    share, refused = share_and_refused(corrected=True, reported=False)
    assert share > 0.98
    assert refused < share_and_refused(corrected=False, reported=False)[1] * 0.6


def test_calls_made_since_the_answer_are_taken_off_the_days_rest() -> None:
    assert calls_left_today(100, as_of=10.0, calls=[8.0, 9.0, 10.0, 11.0, 12.0], now=12.0) == 98
    assert calls_left_today(None, as_of=0.0, calls=[1.0], now=1.0) is None


def test_a_wait_is_said_once_it_is_long_and_a_row_of_short_ones_as_well() -> None:
    assert not is_worth_saying(10.0, waited=0, until=10, said_until=0)
    assert is_worth_saying(10.0, waited=10, until=20, said_until=0)
    assert is_worth_saying(10.5, waited=0, until=20, said_until=0)
    assert not is_worth_saying(90.0, waited=0, until=94, said_until=90)
