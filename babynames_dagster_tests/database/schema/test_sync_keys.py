"""A ledger from before it held several sources keeps all that it knows, up and down."""

from collections.abc import Iterator

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Engine, make_url

from babynames_dagster.database.connection.engine import open_engine, reading, utc_now, writing
from babynames_dagster.database.ledger.entries import contacts_in_ledger
from babynames_dagster.database.ledger.key import Ledger
from babynames_dagster.database.ledger.states import LedgerOutcome
from babynames_dagster.database.ledger.writing import LedgerEntry, record
from babynames_dagster.database.schema.migrate import downgrade, upgrade
from babynames_dagster_tests.support.stand_ins.hubspot import LEDGER, PORTAL, StandIn
from babynames_dagster_tests.support.syncing import add_names, ledger, sync

MAPPING = "0bd5cf61c659c2e9ba799eb74e0f3764"
INITIAL = "db0e0239ce459db9fb3f2852436986a1"
FINGERPRINTS = {
    1: "1101e1f26dec50bbecfb92a914f43543",
    2: "6df673fd23af369db26bb712be47c1f9",
    10: "918e1abc93d3e8904e696e40b288fecb",
}
"""What the version before kept of these names, with the settings' defaults."""


@pytest.fixture
def before(database_url: str) -> Iterator[Engine]:
    """A database of the version before, with a synced, a superseded and a rejected contact."""
    engine = open_engine(make_url(database_url))
    upgrade(engine, "0007")
    for number in FINGERPRINTS:
        add_names(engine, 1, first=number)
    with writing(engine) as connection:
        for number, fingerprint in FINGERPRINTS.items():
            email = f"name{number}.{'mf'[number % 2]}@babynamesdemo.com"
            synced = number != 2
            connection.execute(
                sa.text(
                    "INSERT INTO hubspot_contacts (portal_id, name_id, initial, email, fingerprint, mapping, outcome, "
                    "hubspot_id, hubspot_email, initial_sent, created_by_us, attempts, created_at, updated_at) VALUES "
                    "(:portal, :number, :initial, :email, :fingerprint, :mapping, :outcome, :record, :acknowledged, "
                    ":given, :ours, 1, :now, :now)"
                ),
                {
                    "portal": PORTAL,
                    "number": number,
                    "initial": ("A", "B", "other")[number % 3],
                    "email": email,
                    "fingerprint": fingerprint,
                    "mapping": MAPPING,
                    "outcome": "synced" if synced else "rejected",
                    "record": str(500 + number) if synced else None,
                    "acknowledged": email if synced else None,
                    "given": INITIAL if synced else None,
                    "ours": synced,
                    "now": utc_now(),
                },
            )
        connection.execute(
            sa.text("INSERT INTO superseded_contacts VALUES (:portal, '77', 10, 'old@x.com', :now)"),
            {"portal": PORTAL, "now": utc_now()},
        )
        connection.execute(
            sa.text("INSERT INTO senders VALUES (:portal, 'other', '', 'run 1 on web', 'web 1', 0.0)"),
            {"portal": PORTAL},
        )
    yield engine
    engine.dispose()


def test_nothing_that_was_settled_before_is_sent_again(before: Engine, stand_in: StandIn) -> None:
    upgrade(before)
    report = sync(before, stand_in)
    assert (report.total.unchanged, report.total.rejected, report.total.unsent) == (2, 1, 0)
    assert report.requests == 1  # which portal it is
    assert stand_in.writes() == []
    assert {number: entry.partition_key for number, entry in ledger(before).items()} == {1: "B", 2: "other", 10: "B"}
    with reading(before) as connection:
        kept = connection.execute(sa.text("SELECT sync, row_key, hubspot_id FROM superseded_contacts")).all()
        senders = connection.execute(sa.text("SELECT sync, partition_key, sender FROM senders WHERE holder = ''")).all()
    assert [tuple(row) for row in kept] == [("baby_names", "10", "77")]
    assert ("baby_names", "other") in {(row.sync, row.partition_key) for row in senders}


def test_the_version_before_finds_the_names_as_they_were_and_other_sources_wait(before: Engine) -> None:
    def entries() -> list[tuple[object, ...]]:
        with reading(before) as connection:
            rows = connection.execute(sa.text("SELECT * FROM hubspot_contacts ORDER BY name_id")).mappings()
            return [tuple(sorted(row.items())) for row in rows]

    old = entries()
    upgrade(before)
    customers = Ledger(PORTAL, "customers")
    entry = LedgerEntry("a/ü", "other", "a@x.com", "f", LedgerOutcome.SYNCED, hubspot_id="9")
    record(before, customers, "m", [entry])
    downgrade(before, "0007")
    assert entries() == old
    upgrade(before)
    assert contacts_in_ledger(before, customers) == 1
    assert contacts_in_ledger(before, LEDGER) == 2
