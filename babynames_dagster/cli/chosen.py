"""Which sync a command is about: that of the names, or that of a project's own table.

What belongs here: opening what the commands need of it, the same for both. What does not: finding a project's tables
(`project.py`), and a command's work.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Annotated

import typer
from sqlalchemy.engine import Engine

from babynames_dagster.cli.required import require
from babynames_dagster.cli.terminal import warn
from babynames_dagster.database.connection.engine import opened_engine
from babynames_dagster.database.ledger.entries import syncs_in_ledger
from babynames_dagster.database.ledger.key import NAMES, Ledger
from babynames_dagster.database.schema.standing import ensure_schema
from babynames_dagster.database.schema.state import look_at
from babynames_dagster.errors import ErrorCode, PipelineError
from babynames_dagster.hubspot.api.client import HubSpotClient
from babynames_dagster.hubspot.api.opening import open_client
from babynames_dagster.hubspot.source import ContactSource
from babynames_dagster.hubspot.sync.unknown_account import notice_of_another_account
from babynames_dagster.names.contacts.source import NameSource
from babynames_dagster.settings import HubSpotSettings, Settings

Sync = Annotated[
    str | None,
    typer.Option(
        help="Of an asset of your own table in place of the names: the asset's key, or its name in the ledger.",
        is_eager=True,
    ),
]
"""It is parsed before a partition, whose names depend on it."""
Module = Annotated[
    str | None,
    typer.Option(
        help="With --sync: the module with the project's definitions, if not the one that `pyproject.toml` in this "
        "folder names for `dg`."
    ),
]


@dataclass(frozen=True)
class Chosen:
    """One sync, opened.

    Attributes:
        engine: The ledger's database.
        client: The account.
        source: What the account is to have.
        settings: What holds for this sync: policy, guards, pace.
        remaking: What makes contacts again that `babynames undo` archived.
    """

    engine: Engine
    client: HubSpotClient
    source: ContactSource
    settings: HubSpotSettings
    remaking: str

    @property
    def ledger(self) -> Ledger:
        """Whose entries."""
        return Ledger(self.client.portal_id, self.source.sync)

    def partitions(self, named: str | None) -> Sequence[str]:
        """Return the partition of a name, or all.

        Raises:
            BadParameter: There is none of that name.
        """
        if named is not None and named not in self.source.partitions:
            known = ", ".join(self.source.partitions)
            raise typer.BadParameter(f"{named!r} is none of {known}", param_hint="'--partition'")
        return self.source.partitions if named is None else [named]


@contextmanager
def opened_sync(settings: Settings, sync: str | None, module: str | None) -> Iterator[Chosen]:
    """Open a sync's ledger, account and source, and close them.

    Args:
        settings: Those of the command, and of the names; a table's sync has the resources of its project.
        sync: Key or name of a table's asset; None for the names.
        module: Where its definitions are; None for the project in this folder.

    Raises:
        PipelineError: MISSING_CONFIG, INVALID_CONFIG, SOURCE_INVALID; any DB_* or HUBSPOT_* code.
    """
    if sync is None or sync == NAMES:
        with _opened_account(settings) as (engine, client):
            source = NameSource.from_settings(engine, settings.hubspot)
            _note_others(engine, client.portal_id)
            names = Chosen(engine, client, source, settings.hubspot, "`babynames run --full-refresh`")
            _note_another_account(names)
            yield names
        return
    from babynames_dagster.cli.project import opened_table  # noqa: PLC0415 - Dagster takes a second to import

    with opened_table(settings, sync, module) as opened, opened.hubspot.client(opened.engine) as client:
        hubspot = opened.hubspot.settings.hubspot.replaced(opened.table.overrides)
        remaking = f"a run of {opened.table.asset_key} with `full_refresh: true`"
        table = Chosen(opened.engine, client, opened.source, hubspot, remaking)
        _note_another_account(table)
        yield table


@contextmanager
def _opened_account(settings: Settings) -> Iterator[tuple[Engine, HubSpotClient]]:
    """Open the database and the account of the settings, and close both.

    Raises:
        PipelineError: MISSING_CONFIG; DB_NOT_FOUND where the file of the tables is yet to be made; any other DB_*
            or HUBSPOT_* code.
    """
    require(settings, "hubspot", "db")
    url = settings.database_address()
    found = look_at(url)
    if found.server is None:
        raise PipelineError(
            ErrorCode.DB_NOT_FOUND,
            f"There is no ledger here: looked at {found.address}, which is not there.",
            remedy="Run `babynames run` first, or let --data-dir name the folder that has the ledger.",
        )
    with opened_engine(url) as engine:
        ensure_schema(engine, auto_migrate=settings.database.auto_migrate)
        with open_client(settings.account, engine) as client:
            yield engine, client


def _note_others(engine: Engine, portal_id: int) -> None:
    """Say which syncs the ledger knows where it knows no name: a person may have meant one of them."""
    known = syncs_in_ledger(engine, portal_id)
    if known and NAMES not in known:
        warn(
            f"Note: this is about the names. The ledger knows {', '.join(sorted(known))}: --sync chooses another sync."
        )


def _note_another_account(chosen: Chosen) -> None:
    notice = notice_of_another_account(chosen.engine, chosen.ledger)
    if notice:
        warn(f"Note: {notice}")
