"""The course of loads: recognised, repeated, added to."""

from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Engine

from babynames_dagster.database.connection.engine import reading, writing
from babynames_dagster.database.loading.loads import (
    DONE,
    is_loaded,
    last_finished_load,
    load_by_id,
)
from babynames_dagster.database.loading.names_table import sample_names
from babynames_dagster.database.tables import baby_names
from babynames_dagster.datafile.digest import sha256_of
from babynames_dagster.names.loading import targets
from babynames_dagster.names.loading.pairs import PairMemory
from babynames_dagster.names.loading.settings_advice import slow_settings_warning
from babynames_dagster_tests.support.loading import (
    counts,
    csv_file,
    load,
    load_interrupted,
    many_names,
    names_in,
    rows_in,
    settings_of,
)


def max_id(engine: Engine) -> int:
    """Return the highest id that was ever spent on a row that stayed."""
    with reading(engine) as connection:
        highest: int = connection.execute(sa.select(sa.func.max(baby_names.c.id))).scalar_one()
    return highest


def test_a_file_that_was_loaded_is_recognised_by_its_content(engine: Engine, tmp_path: Path) -> None:
    body = many_names(500, times=2) + b"1880,Bob,X,7\n"
    first = load(engine, csv_file(tmp_path, body))
    again = load(engine, csv_file(tmp_path, body, name="renamed.csv"))
    assert (first.recognised, again.recognised) == (False, True)
    assert counts(first) == (1001, 500, 0, 500, 1)
    assert counts(again) == (1001, 0, 500, 500, 1)
    assert (again.load.id, again.load.table_rows, again.load.file_name) == (first.load.id, 500, "renamed.csv")
    assert again.first_rejects == first.first_rejects
    assert is_loaded(engine, first.load.sha256)
    assert not is_loaded(engine, "0" * 64)


def test_a_full_reload_reads_again_and_spends_no_ids(engine: Engine, tmp_path: Path) -> None:
    path = csv_file(tmp_path, many_names(3000, times=3))
    load(engine, path, batch_size=400)
    before = rows_in(engine)
    for _ in range(3):
        report = load(engine, path, batch_size=400, full_reload=True)
        assert counts(report) == (9000, 0, 3000, 6000, 0)
    assert rows_in(engine) == before
    load(engine, csv_file(tmp_path, many_names(3001), name="more.csv"))
    assert max_id(engine) < 2 * 3001


def test_a_file_read_otherwise_is_another_load(engine: Engine, tmp_path: Path) -> None:
    path = csv_file(tmp_path, many_names(10))
    assert not load(engine, path).recognised
    assert not load(engine, path, csv_encoding="latin-1").recognised


def test_a_file_whose_rows_are_gone_is_loaded_again(engine: Engine, tmp_path: Path) -> None:
    path = csv_file(tmp_path, many_names(10))
    load(engine, path)
    with writing(engine) as connection:
        connection.execute(sa.delete(baby_names).where(baby_names.c.name == "Name00003"))
    assert counts(load(engine, path)) == (10, 1, 9, 0, 0)


def test_rows_that_are_gone_are_not_made_up_for_by_those_of_another_file(engine: Engine, tmp_path: Path) -> None:
    path = csv_file(tmp_path, many_names(3))
    load(engine, path)
    load(engine, csv_file(tmp_path, many_names(4, start=3), name="other.csv"))
    with writing(engine) as connection:
        connection.execute(sa.delete(baby_names).where(baby_names.c.name.in_(["Name00000", "Name00001"])))
    assert counts(load(engine, path)) == (3, 2, 1, 0, 0)
    assert len(names_in(engine)) == 7


def test_rows_that_were_only_present_are_missed_when_they_are_gone(engine: Engine, tmp_path: Path) -> None:
    path = csv_file(tmp_path, many_names(3))
    load(engine, path)
    load(engine, path, full_reload=True)
    assert load(engine, path).recognised
    load(engine, csv_file(tmp_path, many_names(4, start=3), name="other.csv"))
    assert load(engine, path).recognised
    with writing(engine) as connection:
        connection.execute(sa.delete(baby_names).where(baby_names.c.name == "Name00001"))
    assert counts(load(engine, path)) == (3, 1, 2, 0, 0)


def test_a_load_that_an_earlier_one_may_have_hidden_a_loss_from_is_repeated(engine: Engine, tmp_path: Path) -> None:
    unfinished = csv_file(tmp_path, many_names(1000), name="unfinished.csv")
    load_interrupted(engine, unfinished)
    path = csv_file(tmp_path, many_names(30))
    assert counts(load(engine, path)) == (30, 0, 30, 0, 0)
    load(engine, unfinished)
    with writing(engine) as connection:
        connection.execute(sa.delete(baby_names).where(baby_names.c.name == "Name00001"))
    assert counts(load(engine, path)) == (30, 1, 29, 0, 0)


def test_another_file_adds_to_the_table(engine: Engine, tmp_path: Path) -> None:
    load(engine, csv_file(tmp_path, many_names(100)))
    report = load(engine, csv_file(tmp_path, many_names(100, start=50, times=2), name="other.csv"))
    assert counts(report) == (200, 50, 50, 100, 0)
    assert report.load.table_rows == 150


def test_the_batch_size_does_not_change_the_result(engine: Engine, tmp_path: Path) -> None:
    body = many_names(150, times=2) + b"1880,Bob,X,7\n" + many_names(20, start=140)
    load(engine, csv_file(tmp_path, body), batch_size=1)
    one_by_one = rows_in(engine)
    report = load(engine, csv_file(tmp_path, body), full_reload=True)
    assert counts(report) == (321, 0, 160, 160, 1)
    assert rows_in(engine) == one_by_one


@pytest.mark.parametrize("remembered", [0, 1, 250])
def test_past_the_memory_of_pairs_the_counts_are_still_exact(
    engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, remembered: int
) -> None:
    monkeypatch.setattr(targets, "PairMemory", lambda: PairMemory(remembered))
    load(engine, csv_file(tmp_path, many_names(300)), batch_size=70)
    path = csv_file(tmp_path, many_names(600, times=3), name="more.csv")
    assert counts(load(engine, path, batch_size=70)) == (1800, 300, 300, 1200, 0)
    assert counts(load(engine, path, batch_size=70, full_reload=True)) == (1800, 0, 600, 1200, 0)


def test_the_last_finished_load_is_the_one_that_ended_last(engine: Engine, tmp_path: Path) -> None:
    path = csv_file(tmp_path, many_names(1000))
    load_interrupted(engine, path)
    other = load(engine, csv_file(tmp_path, many_names(10, start=5000), name="other.csv"))
    resumed = load(engine, path)
    assert resumed.load.id < other.load.id
    last = last_finished_load(engine, "baby_names")
    assert last is not None
    assert last.id == resumed.load.id


def test_the_ledger_says_what_was_loaded(engine: Engine, tmp_path: Path) -> None:
    path = csv_file(tmp_path, many_names(10))
    report = load(engine, path)
    row = load_by_id(engine, report.load.id)
    assert (row.state, row.rows.read, row.rows_committed, row.table_rows) == (DONE, 10, 10, 10)
    assert (row.file_name, row.sha256) == ("names.csv", sha256_of(path))
    assert last_finished_load(engine, "baby_names") == row
    assert last_finished_load(engine, "baby_name_years") is None


def test_the_first_names_of_the_table_are_shown(engine: Engine, tmp_path: Path) -> None:
    load(engine, csv_file(tmp_path, b"1880,Anna,F,7\n1880,Bob,M,7\n1880,\xc3\x89mile,M,7\n" + many_names(25)))
    assert [row.id for row in sample_names(engine, limit=3)] == [1, 2, 3]


def test_tiny_batches_are_warned_of() -> None:
    assert slow_settings_warning(settings_of().loading) is None
    assert "BATCH_SIZE=1 " in str(slow_settings_warning(settings_of(batch_size=1).loading))
