"""Which names are meant: DEMO_MODE for the whole account, and exact years."""

import pytest
from sqlalchemy.engine import Engine

from babynames_dagster.database.ledger.candidates import ContactScope
from babynames_dagster.database.ledger.comparison import ledger_vs_table, partitions_with_work
from babynames_dagster.errors import ErrorCode, PipelineError
from babynames_dagster.hubspot.sync.report import SyncOptions
from babynames_dagster.names.contacts.mapping import NameMapping
from babynames_dagster_tests.support.stand_ins.hubspot import PORTAL, StandIn
from babynames_dagster_tests.support.syncing import add_names, add_years, ledger, sync

MAPPING = NameMapping("babynamesdemo.com").contacts


def test_demo_mode_sends_the_tables_first_names_however_partitions_are_run(engine: Engine, stand_in: StandIn) -> None:
    add_names(engine, 200, initials=["A", "B", "C"])
    for partition in "ABC":
        sync(engine, stand_in, partitions=[partition], demo_mode=True, max_records=50)
    assert sorted(ledger(engine)) == list(range(1, 51))
    report = sync(engine, stand_in, demo_mode=True, max_records=50)
    assert (report.total.contacts, report.total.unchanged) == (50, 50)


def test_demo_mode_with_no_records_sends_nothing(engine: Engine, stand_in: StandIn) -> None:
    add_names(engine, 5)
    assert sync(engine, stand_in, demo_mode=True, max_records=0).total.contacts == 0


def test_years_mean_names_with_births_in_one_of_them_not_around_them(engine: Engine, stand_in: StandIn) -> None:
    add_names(engine, 5)
    add_years(engine, {1: [1980, 1990], 2: [1980, 2000], 3: [1990], 4: [1991], 5: [1989]})
    assert sync(engine, stand_in, min_year=1990, max_year=1990).total.created == 2
    assert sorted(ledger(engine)) == [1, 3]
    assert sync(engine, stand_in, min_year=1991).total.contacts == 2
    assert sync(engine, stand_in, max_year=1989).total.contacts == 3


def test_years_without_year_data_are_a_clear_error(engine: Engine, stand_in: StandIn) -> None:
    add_names(engine, 5)
    with pytest.raises(PipelineError, match="not loaded") as caught:
        sync(engine, stand_in, min_year=1990)
    assert caught.value.code is ErrorCode.YEARS_NOT_LOADED


def test_years_of_another_file_are_a_clear_error(engine: Engine, stand_in: StandIn) -> None:
    add_names(engine, 5)
    add_years(engine, {1: [1990]}, same_file=False)
    with pytest.raises(PipelineError, match="another file") as caught:
        sync(engine, stand_in, min_year=1990)
    assert caught.value.code is ErrorCode.YEARS_NOT_LOADED


def test_partitions_with_work_are_those_with_something_to_send(engine: Engine, stand_in: StandIn) -> None:
    add_names(engine, 9)
    assert partitions_with_work(engine, PORTAL, MAPPING.fingerprint) == {"A": 3, "B": 3, "other": 3}
    sync(engine, stand_in, partitions=["A", "B"])
    assert partitions_with_work(engine, PORTAL, MAPPING.fingerprint) == {"other": 3}
    stand_in.set_faults({"kind": "empty", "times": 1})
    sync(engine, stand_in, partitions=["A"], options=SyncOptions(full_refresh=True))
    assert partitions_with_work(engine, PORTAL, MAPPING.fingerprint) == {"A": 3, "other": 3}
    assert partitions_with_work(engine, PORTAL, "another mapping") == {"A": 3, "B": 3, "other": 3}
    assert partitions_with_work(engine, PORTAL + 1, MAPPING.fingerprint) == {"A": 3, "B": 3, "other": 3}
    assert partitions_with_work(engine, PORTAL, MAPPING.fingerprint, ContactScope(first_names=2)) == {"other": 1}


def test_ledger_and_table_are_compared_by_partition(engine: Engine, stand_in: StandIn) -> None:
    add_names(engine, 9)
    sync(engine, stand_in, partitions=["A", "B"])
    with engine.begin() as connection:
        connection.exec_driver_sql("DELETE FROM baby_names WHERE id = 3")
    found = {row.initial: row for row in ledger_vs_table(engine, PORTAL)}
    assert (found["A"].names, found["A"].acknowledged, found["A"].without_name) == (2, 2, 1)
    assert (found["B"].names, found["B"].acknowledged, found["B"].unsent) == (3, 3, 0)
    assert found["other"].unsent == 3
