"""What the database does for a question grows as the data, not faster."""

from collections.abc import Callable

import pytest
from sqlalchemy.engine import Engine

from babynames_dagster.database.figures import contact_counts, finished_loads, load_counts
from babynames_dagster.database.ledger.acknowledged import entry_pages
from babynames_dagster.database.ledger.candidates import (
    ContactScope,
    candidate_pages,
    names_by_partition,
)
from babynames_dagster.database.ledger.comparison import ledger_vs_table, partitions_with_work
from babynames_dagster.database.ledger.created import created_pages
from babynames_dagster.database.ledger.entries import outcome_counts
from babynames_dagster.database.ledger.orphans import orphan_pages
from babynames_dagster_tests.database.work import database_work
from babynames_dagster_tests.support.stand_ins.hubspot import LEDGER, PARTITIONS, PORTAL, StandIn
from babynames_dagster_tests.support.syncing import add_names, add_years, sync

pytestmark = pytest.mark.slow

SIZE = 2_000
PAGE = 100
SCOPES = {
    "all": ContactScope(),
    "the first": ContactScope(first_names=10**6),
    "years": ContactScope(min_year=1990, max_year=1999),
}
QUESTIONS: dict[str, Callable[[Engine, ContactScope], object]] = {
    "candidates": lambda engine, scope: list(
        candidate_pages(engine, portal_id=PORTAL, partitions=PARTITIONS, scope=scope, page_rows=PAGE)
    ),
    "orphans": lambda engine, scope: list(orphan_pages(engine, PORTAL, scope, PARTITIONS, page_rows=PAGE)),
    "what a sync would send": lambda engine, scope: partitions_with_work(engine, PORTAL, "", scope),
    "ledger against table": lambda engine, scope: ledger_vs_table(engine, PORTAL, scope),
    "names by partition": lambda engine, scope: names_by_partition(engine, scope, PARTITIONS),
    "reconcile": lambda engine, _: list(entry_pages(engine, LEDGER, PARTITIONS, page_rows=PAGE)),
    "undo": lambda engine, _: list(created_pages(engine, LEDGER, page_rows=PAGE)),
    "status": lambda engine, _: outcome_counts(engine),
    "metrics": lambda engine, _: (contact_counts(engine), load_counts(engine), finished_loads(engine)),
}


def fill(engine: Engine, names: int, *, first: int) -> None:
    """Add names of every partition, and births to each; every second one has been sent."""
    add_names(engine, names, initials=PARTITIONS, first=first)
    add_years(engine, {number: [1980, 1995] for number in range(first, first + names)})


@pytest.mark.parametrize("scope", SCOPES)
def test_twice_the_contacts_are_twice_the_work(engine: Engine, stand_in: StandIn, scope: str) -> None:
    work: dict[str, list[int]] = {title: [] for title in QUESTIONS}
    for first in (1, SIZE + 1):
        fill(engine, SIZE, first=first)
        sync(engine, stand_in, partitions=PARTITIONS[::2])
        engine.dispose()
        for title, ask in QUESTIONS.items():
            work[title].append(database_work(engine, lambda: ask(engine, SCOPES[scope])))  # noqa: B023 - called at once
    growth = {title: after / before for title, (before, after) in work.items()}
    assert {title: times for title, times in growth.items() if not 1.2 < times < 2.3} == {}
