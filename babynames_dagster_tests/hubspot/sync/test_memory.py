"""Memory does not grow with the number of contacts."""

import tracemalloc
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy.engine import Engine

from babynames_dagster.database.ledger.candidates import candidate_pages
from babynames_dagster.names.contacts import source
from babynames_dagster_tests.support.stand_ins.hubspot import standing_in_elsewhere
from babynames_dagster_tests.support.syncing import add_names, sync

pytestmark = pytest.mark.slow

FEW, MANY, PAGE = 1000, 4000, 500


def peak_bytes(engine: Engine, folder: Path) -> int:
    """Return the most memory that sending what is in the table holds at once."""
    with standing_in_elsewhere(folder) as stand_in:
        tracemalloc.start()
        try:
            report = sync(engine, stand_in, hubspot_max_in_flight=2)
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
    assert report.total.created == report.total.contacts - report.total.unchanged
    return peak


def test_four_times_the_contacts_take_no_more_memory(
    sqlite_engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Pages as small as this need fewer contacts to show that only pages are held.
    monkeypatch.setattr(source, "candidate_pages", partial(candidate_pages, page_rows=PAGE))
    add_names(sqlite_engine, FEW, initials=["A"])
    few = peak_bytes(sqlite_engine, tmp_path / "few")
    add_names(sqlite_engine, MANY - FEW, initials=["A"], first=FEW + 1)
    many = peak_bytes(sqlite_engine, tmp_path / "many")
    assert many < 1.5 * few
