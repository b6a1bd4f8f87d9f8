"""Which files of the drop folder start a run."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from babynames_dagster.datafile.folder import Listing
from babynames_dagster.errors import ErrorCode, PipelineError
from babynames_dagster.orchestration.automation.new_files import (
    SEEN_LIMIT,
    TICK_SECONDS,
    ContentState,
    SensorState,
    decide,
)
from babynames_dagster_tests.orchestration.automation.drop_folder import SETTLE, Folder, sha


def test_a_new_file_starts_one_run_and_later_ticks_neither_hash_it_nor_start_another() -> None:
    folder = Folder()
    folder.put("names.zip", "a")
    decision = folder.tick()
    assert [(run.path, run.sha256, run.run_key) for run in decision.runs] == [("/drop/names.zip", sha("a"), sha("a"))]
    assert folder.started() == []
    assert folder.started() == []
    assert folder.hashed == ["/drop/names.zip"]


def test_a_file_that_is_being_written_is_left_until_it_has_been_still() -> None:
    folder = Folder()
    folder.put("names.zip", "ha", age=1)
    decision = folder.tick(seconds=5)
    assert decision.runs == []
    assert decision.notes == ["/drop/names.zip is left for now: it may still be being written"]
    folder.put("names.zip", "half", age=1)
    assert folder.tick(seconds=5).runs == []
    assert folder.hashed == []
    folder.put("names.zip", "whole", age=0)
    assert folder.tick(seconds=SETTLE).runs == []
    assert [run.sha256 for run in folder.tick().runs] == [sha("whole")]


def test_a_file_from_the_future_starts_once_it_has_looked_the_same_for_long_enough() -> None:
    folder = Folder()
    folder.put("names.zip", "a", age=-86_400)
    assert folder.tick(seconds=SETTLE / 2).runs == []
    assert folder.tick(seconds=SETTLE / 2).runs == []
    assert len(folder.tick().runs) == 1
    assert folder.started() == []


def test_an_empty_file_is_left_alone() -> None:
    folder = Folder()
    folder.put("names.csv", "")
    decision = folder.tick()
    assert decision.runs == []
    assert decision.notes == ["/drop/names.csv is left for now: it is empty"]
    folder.put("names.csv", "Name,Sex")
    assert folder.started() == ["/drop/names.csv"]


def test_the_same_content_starts_nothing_whatever_its_name_and_time() -> None:
    folder = Folder()
    folder.put("names.zip", "a")
    folder.tick()
    folder.put("copy.zip", "a")
    folder.put("names.zip", "a", age=20)
    decision = folder.tick()
    assert decision.runs == []
    assert [note for note in decision.notes if "being loaded by a run" in note] == decision.notes
    folder.states[sha("a")] = ContentState.LOADED
    folder.put("names (1).zip", "a")
    decision = folder.tick()
    assert decision.runs == []
    assert decision.notes == [f"/drop/names (1).zip starts nothing: its content is already loaded (SHA-256 {sha('a')})"]


def test_several_new_files_start_a_run_each_oldest_first_and_equal_ones_only_one() -> None:
    folder = Folder()
    folder.put("b.csv", "b", age=50)
    folder.put("twin.csv", "b", age=40)
    folder.put("a.zip", "a", age=60)
    decision = folder.tick()
    assert [run.path for run in decision.runs] == ["/drop/a.zip", "/drop/b.csv"]
    assert "/drop/twin.csv starts nothing: another file of this tick holds the same" in decision.notes


def test_a_file_replaced_while_its_run_is_under_way_starts_a_run_for_the_new_content() -> None:
    folder = Folder()
    folder.put("names.zip", "a")
    folder.tick()
    folder.put("names.zip", "b", age=15)
    assert [run.sha256 for run in folder.tick().runs] == [sha("b")]


def test_a_file_put_back_to_an_earlier_content_starts_nothing() -> None:
    folder = Folder()
    for content, age in (("a", 60), ("b", 15)):
        folder.put("names.zip", content, age=age)
        folder.tick()
    folder.put("names.zip", "a", age=15)
    assert folder.started() == []


def test_a_failed_content_stays_quiet_until_its_file_is_touched_and_is_then_tried_once_more() -> None:
    folder = Folder()
    folder.put("names.zip", "a")
    folder.tick()
    folder.states[sha("a")] = ContentState.FAILED
    assert folder.started() == []
    folder.put("names.zip", "a", age=20)
    runs = folder.tick().runs
    assert [run.sha256 for run in runs] == [sha("a")]
    assert runs[0].run_key != sha("a")
    assert folder.started() == []


def test_repeating_a_tick_whose_cursor_was_lost_asks_for_the_same_run_keys() -> None:
    folder = Folder()
    folder.put("names.zip", "a")
    folder.states[sha("a")] = ContentState.FAILED
    before = folder.state
    first = folder.tick()
    folder.state, folder.states[sha("a")] = before, ContentState.FAILED
    assert [run.run_key for run in folder.tick().runs] == [run.run_key for run in first.runs]


def test_a_folder_that_cannot_be_read_starts_nothing_and_forgets_nothing() -> None:
    folder = Folder()
    folder.put("names.zip", "a")
    folder.tick()
    decision = folder.tick(problem="No such file or directory")
    assert decision.runs == []
    assert decision.notes == ["/drop can't be read, so nothing is decided: No such file or directory"]
    assert folder.started() == []
    assert folder.hashed == ["/drop/names.zip"]


def test_a_file_that_cannot_be_read_is_named_and_tried_again_while_the_others_continue() -> None:
    folder = Folder()
    folder.put("locked.zip", "a", age=70)
    folder.put("torn.zip", "t", age=65)
    folder.put("fine.zip", "b", age=60)
    folder.unreadable = {
        "/drop/locked.zip": PermissionError(13, "Permission denied"),
        "/drop/torn.zip": PipelineError(ErrorCode.FILE_NOT_READABLE, "It went away."),
    }
    decision = folder.tick()
    assert [run.path for run in decision.runs] == ["/drop/fine.zip"]
    assert "/drop/locked.zip is left for now: it can't be read (Permission denied)" in decision.notes
    assert "/drop/torn.zip is left for now: it can't be read (It went away.)" in decision.notes
    folder.unreadable.clear()
    assert folder.started() == ["/drop/locked.zip", "/drop/torn.zip"]


def test_a_tick_looks_at_no_further_file_once_its_time_is_over_and_the_next_one_resumes() -> None:
    folder = Folder()
    folder.put("first.zip", "a", age=70)
    folder.put("second.zip", "b", age=60)
    folder.seconds_per_hash = TICK_SECONDS
    decision = folder.tick()
    assert [run.path for run in decision.runs] == ["/drop/first.zip"]
    assert "/drop/second.zip is left for now: the tick's time is over" in decision.notes
    assert folder.started() == ["/drop/second.zip"]
    assert folder.started() == []


def test_a_file_too_large_to_hash_in_a_tick_is_named_and_left_to_one_run_while_others_are_loaded() -> None:
    folder = Folder()
    folder.put("huge.csv", "a", age=70, size=45_000_000_000)
    folder.put("next.zip", "b", age=60)
    folder.too_large = {"/drop/huge.csv"}
    decision = folder.tick()
    assert [(run.path, run.sha256) for run in decision.runs] == [("/drop/huge.csv", None), ("/drop/next.zip", sha("b"))]
    assert "/drop/huge.csv is left to a run" in decision.notes[0]
    assert "45,000,000,000 bytes" in decision.notes[0]
    assert folder.started() == []
    first, folder.state = decision.runs[0].run_key, SensorState()
    assert [run.run_key for run in folder.tick().runs] == [first]
    folder.put("huge.csv", "a", age=20, size=45_000_000_001)
    assert [run.run_key for run in folder.tick().runs] not in ([], [first])


def test_an_entry_that_cannot_be_looked_at_is_named_and_passed_by() -> None:
    folder = Folder()
    folder.put("fine.zip", "b")
    folder.problems = {"/drop/loop.zip": "Too many levels of symbolic links"}
    decision = folder.tick()
    assert [run.path for run in decision.runs] == ["/drop/fine.zip"]
    assert "/drop/loop.zip is passed by: Too many levels of symbolic links" in decision.notes


@pytest.mark.parametrize("unreadable", [1, SEEN_LIMIT * 2])
def test_files_that_cannot_be_read_for_a_while_are_loaded_however_many_newer_ones_have_come(unreadable: int) -> None:
    folder = Folder()
    locked = [f"/drop/locked-{number}.zip" for number in range(unreadable)]
    for number, path in enumerate(locked):
        folder.put(path.removeprefix("/drop/"), f"l{number}", age=100_000 - number)
    folder.unreadable = dict.fromkeys(locked, PermissionError(13, "Permission denied"))
    folder.tick()
    for number in range(SEEN_LIMIT * 2):
        folder.put(f"{number}.csv", str(number), age=10_000 - number)
    assert len(folder.started()) == SEEN_LIMIT * 2
    assert folder.started() == []
    assert len(folder.state.to_cursor()) < 20_000
    folder.unreadable.clear()
    assert folder.started() == locked
    assert folder.started() == []


def test_the_cursor_stays_small_over_a_full_folder_and_no_old_file_comes_back() -> None:
    folder = Folder()
    for number in range(SEEN_LIMIT * 5):
        folder.put(f"{number}.csv", str(number), age=10_000 - number)
    assert len(folder.started()) == SEEN_LIMIT * 5
    assert len(folder.state.to_cursor()) < 10_000
    assert folder.started() == []
    assert len(folder.hashed) == SEEN_LIMIT * 5
    folder.put("newest.csv", "new", age=20)
    assert folder.started() == ["/drop/newest.csv"]


def test_files_that_are_gone_leave_the_cursor() -> None:
    folder = Folder()
    folder.put("names.zip", "a")
    folder.tick()
    folder.files.clear()
    folder.tick()
    assert dict(folder.state.seen) == {}


def test_an_unreadable_cursor_means_to_look_again_but_not_to_load_again() -> None:
    folder = Folder()
    folder.put("names.zip", "a")
    folder.tick()
    for broken in ("not json", '{"seen": 3}', "[]", ""):
        folder.state = SensorState.from_cursor(broken)
        assert folder.started() == []


def test_another_folder_is_looked_at_from_the_start() -> None:
    folder = Folder()
    for number in range(SEEN_LIMIT + 1):
        folder.put(f"{number}.csv", str(number), age=100 + number)
    folder.tick()
    elsewhere = replace(folder.files["/drop/3.csv"][0], path="/other/old.csv", changed_ns=5, modified_ns=5)
    digest: Callable[[str], str] = lambda _: sha("old")  # noqa: E731 - one value
    decision = decide(
        folder.state,
        Listing("/other", [elsewhere]),
        now=folder.now,
        settle_seconds=SETTLE,
        digest=digest,
        content_state=lambda _: ContentState.NEW,
    )
    assert [run.path for run in decision.runs] == ["/other/old.csv"]
