"""Births by name and year: inserted, corrected, counted, and recognised like names."""

from collections.abc import Sequence
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Engine

from babynames_dagster.database import births
from babynames_dagster.database.births import births_by_year, top_names
from babynames_dagster.database.connection.engine import reading, writing
from babynames_dagster.database.ledger.candidates import ContactScope, require_years
from babynames_dagster.database.loading.loaded_rows import count_rows
from babynames_dagster.database.tables import baby_names
from babynames_dagster.errors import ErrorCode, PipelineError
from babynames_dagster.names.stream import YEARS
from babynames_dagster_tests.support.loading import births_in, counts, csv_file, load, load_births

BODY = b"1880,Anna,F,7\n1880,Bob,M,5\n1881,Anna,F,9\n1881,ANNA,F,3\n1880,Anna,F,2\n"
BIRTHS = {("anna.f", 1880): 7, ("bob.m", 1880): 5, ("anna.f", 1881): 9}


def ids_in(engine: Engine) -> Sequence[int]:
    """Return the ids of all names."""
    with reading(engine) as connection:
        return connection.execute(sa.select(baby_names.c.id)).scalars().all()


@pytest.mark.parametrize("batch_size", [1, 2, 100])
def test_each_name_and_year_is_one_row_and_the_first_counts(engine: Engine, tmp_path: Path, batch_size: int) -> None:
    path = csv_file(tmp_path, BODY)
    load(engine, path)
    report = load_births(engine, path, batch_size=batch_size)
    assert counts(report) == (5, 3, 0, 2, 0)
    assert report.load.table_rows == 3
    assert births_in(engine) == BIRTHS
    again = load_births(engine, path, batch_size=batch_size)
    assert again.recognised
    assert counts(again) == (5, 0, 3, 2, 0)
    assert counts(load_births(engine, path, batch_size=batch_size, full_reload=True)) == (5, 0, 3, 2, 0)
    assert births_in(engine) == BIRTHS


def test_a_later_file_adds_years_and_corrects_births(engine: Engine, tmp_path: Path) -> None:
    path = csv_file(tmp_path, BODY)
    load(engine, path)
    load_births(engine, path)
    later = csv_file(tmp_path, b"1880,Bob,M,6\n1882,Bob,M,4\n1880,Bob,M,1\n", name="later.csv")
    load(engine, later)
    assert counts(load_births(engine, later)) == (3, 1, 1, 1, 0)
    assert births_in(engine) == {**BIRTHS, ("bob.m", 1880): 6, ("bob.m", 1882): 4}


def test_births_of_names_that_went_and_came_back_are_loaded_again(
    engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(births, "KEYS_LISTED", 1)
    path = csv_file(tmp_path, BODY)
    load(engine, path)
    load_births(engine, path)
    before = set(ids_in(engine))
    with writing(engine) as connection:
        connection.execute(sa.delete(baby_names))
    load(engine, path)
    assert before.isdisjoint(ids_in(engine))
    assert counts(load_births(engine, path)) == (5, 3, 0, 2, 0)
    assert births_in(engine) == BIRTHS
    assert count_rows(engine, YEARS) == 3
    assert load_births(engine, path).recognised


def test_births_that_a_later_file_corrected_are_not_taken_for_those_of_the_earlier(
    engine: Engine, tmp_path: Path
) -> None:
    path = csv_file(tmp_path, BODY)
    load(engine, path)
    load_births(engine, path)
    load_births(engine, csv_file(tmp_path, b"1880,Bob,M,6\n", name="later.csv"))
    assert counts(load_births(engine, path)) == (5, 0, 3, 2, 0)
    assert births_in(engine) == BIRTHS


def test_births_without_their_names_are_refused(engine: Engine, tmp_path: Path) -> None:
    load(engine, csv_file(tmp_path, b"1880,Bob,M,5\n", name="other.csv"))
    with pytest.raises(
        PipelineError, match=r"1 names of the file are not in baby_names, for example anna\.f"
    ) as caught:
        load_births(engine, csv_file(tmp_path, BODY))
    assert caught.value.code is ErrorCode.NAMES_NOT_LOADED
    assert count_rows(engine, YEARS) == 0


def test_years_are_required_for_each_file_that_the_names_came_from(engine: Engine, tmp_path: Path) -> None:
    scope = ContactScope(min_year=1880)
    first, second = csv_file(tmp_path, BODY, name="a.csv"), csv_file(tmp_path, b"1990,Cleo,F,7\n", name="b.csv")
    load(engine, first)
    load(engine, second)
    require_years(engine, ContactScope())
    load_births(engine, second)
    with pytest.raises(PipelineError, match=r"none for a\.csv\.") as caught:
        require_years(engine, scope)
    assert caught.value.code is ErrorCode.YEARS_NOT_LOADED
    load_births(engine, first)
    require_years(engine, scope)
    newer = csv_file(tmp_path, BODY + b"1990,Bob,M,5\n", name="c.csv")
    load(engine, newer)
    with pytest.raises(PipelineError, match=r"none for c\.csv\."):
        require_years(engine, scope)


def test_years_of_files_whose_names_are_gone_are_not_required(engine: Engine, tmp_path: Path) -> None:
    scope = ContactScope(max_year=1990)
    first, second = csv_file(tmp_path, BODY, name="a.csv"), csv_file(tmp_path, b"1990,Cleo,F,7\n", name="b.csv")
    load(engine, first)
    load(engine, second)
    load_births(engine, first)
    load_births(engine, second)
    with writing(engine) as connection:
        connection.execute(sa.delete(baby_names))
    load(engine, second)
    with pytest.raises(PipelineError, match="names that are gone"):
        require_years(engine, scope)
    load_births(engine, second)
    require_years(engine, scope)


def test_charts_get_births_by_year_and_top_names(engine: Engine, tmp_path: Path) -> None:
    path = csv_file(tmp_path, BODY)
    load(engine, path)
    load_births(engine, path)
    assert list(births_by_year(engine)) == [(1880, 12), (1881, 9)]
    assert list(top_names(engine, limit=1)) == [("Anna", "F", 16)]
