"""Names to sync, written straight into the table, and what is done with them: sync, reconcile, undo."""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Engine

from babynames_dagster.database.connection.engine import reading, utc_now, writing
from babynames_dagster.database.tables import baby_name_years, baby_names, hubspot_contacts, loads
from babynames_dagster.hubspot.api.client import HubSpotClient
from babynames_dagster.hubspot.api.opening import open_client
from babynames_dagster.hubspot.archive.archiving import ArchiveReport
from babynames_dagster.hubspot.archive.undo import undo_created
from babynames_dagster.hubspot.batches.policy import WritePolicy
from babynames_dagster.hubspot.guards import Guards
from babynames_dagster.hubspot.reconcile.report import ReconcileReport
from babynames_dagster.hubspot.reconcile.run import ReconcileOptions, Reconciler
from babynames_dagster.hubspot.sync.report import SyncOptions, SyncReport
from babynames_dagster.hubspot.sync.run import sync_contacts
from babynames_dagster.names.contacts.source import NameSource
from babynames_dagster.settings import Settings
from babynames_dagster_tests.support.stand_ins.hubspot import LEDGER, PARTITIONS, StandIn


def add_names(engine: Engine, count: int, *, initials: Sequence[str] = ("A", "B", "other"), first: int = 1) -> None:
    """Write names into the table, spread over partitions."""
    now = utc_now()
    rows = [
        {
            "id": number,
            "slug": f"name{number}.{'mf'[number % 2]}",
            "name": f"Name{number}",
            "sex": "MF"[number % 2],
            "initial": initials[number % len(initials)],
            "load_id": 1,
            "source_line": number,
            "created_at": now,
            "updated_at": now,
        }
        for number in range(first, first + count)
    ]
    with writing(engine) as connection:
        connection.execute(sa.insert(baby_names), rows)


def add_years(engine: Engine, years_of: dict[int, Sequence[int]], *, same_file: bool = True) -> None:
    """Write years of names, and the two loads that the table and the years came from."""
    now = utc_now()
    load = {"file_name": "names.csv", "options": "", "state": "done", "started_at": now, "updated_at": now}
    with writing(engine) as connection:
        connection.execute(
            sa.insert(loads),
            [
                {"target": "baby_names", "sha256": "a" * 64, **load},
                {"target": "baby_name_years", "sha256": ("a" if same_file else "b") * 64, **load},
            ],
        )
        connection.execute(
            sa.insert(baby_name_years),
            [
                {"name_id": name_id, "year": year, "births": 5, "load_id": 2}
                for name_id, years in years_of.items()
                for year in years
            ],
        )


def sync(
    engine: Engine,
    stand_in: StandIn,
    *,
    partitions: Sequence[str] = PARTITIONS,
    options: SyncOptions = SyncOptions(),  # noqa: B008 - frozen
    **overrides: Any,  # noqa: ANN401 - the settings' own types
) -> SyncReport:
    """Open a client and sync, as the resource does."""
    settings = stand_in.settings(engine, **overrides)
    with open_client(settings.account, engine) as client:
        return sync_contacts(
            client,
            engine,
            NameSource.from_settings(engine, settings.hubspot),
            partitions=partitions,
            settings=settings.hubspot,
            options=options,
        )


def reconcile(  # noqa: PLR0913 - one parameter an option
    engine: Engine,
    stand_in: StandIn,
    *,
    repair: bool = False,
    recreate: bool = False,
    policy: WritePolicy = WritePolicy.OVERWRITE,
    guards: Guards = Guards(),  # noqa: B008 - frozen
    marker: str | None = None,
    **overrides: Any,  # noqa: ANN401 - the settings' own types
) -> ReconcileReport:
    """Open a client and reconcile, as the command does."""
    settings = stand_in.settings(engine, **overrides)
    with open_client(settings.account, engine) as client:
        return Reconciler(
            client,
            engine,
            NameSource.from_settings(engine, settings.hubspot),
            PARTITIONS,
            policy,
            guards,
            max_in_flight=settings.hubspot.max_in_flight,
            wait_seconds=0,
            options=ReconcileOptions(repair=repair, recreate=recreate, marker=marker),
        ).run()


def undo_names(engine: Engine, client: HubSpotClient, settings: Settings) -> ArchiveReport:
    """Undo, as the command does."""
    return undo_created(client, engine, LEDGER, partitions=PARTITIONS, settings=settings.hubspot)


def ledger(engine: Engine) -> dict[int, Any]:
    """Return the ledger's entries by name id (of any one portal)."""
    with reading(engine) as connection:
        return {int(row.row_key): row for row in connection.execute(sa.select(hubspot_contacts))}


def expected_contacts(engine: Engine, settings: Settings) -> dict[str, dict[str, str]]:
    """Return what the account must hold for every name of the table, by email, not worked out as the pipeline does."""
    with reading(engine) as connection:
        return {
            f"{row.slug}@{settings.hubspot.email_domain}": {
                "email": f"{row.slug}@{settings.hubspot.email_domain}",
                "firstname": row.name,
                "lastname": {"M": "Male", "F": "Female"}[row.sex],
                "hs_lead_status": "NEW",
                "lifecyclestage": "subscriber",
            }
            for row in connection.execute(sa.select(baby_names))
        }


def held_contacts(stand_in: StandIn) -> dict[str, dict[str, str]]:
    """Return what the account holds, without what HubSpot itself adds to a record."""
    return {
        email: {name: value for name, value in properties.items() if not name.startswith("hs_object_")}
        for email, properties in stand_in.contacts().items()
    }
