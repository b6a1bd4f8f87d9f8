"""Before the first write to an account of which the ledger knows no contact: whose it is, and what it has already.

What belongs here: that look, and what is said of it. What does not: taking such contacts over (`reconcile/`).
"""

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

from sqlalchemy.engine import Engine

from babynames_dagster.database.ledger.entries import contacts_elsewhere, contacts_in_ledger
from babynames_dagster.database.ledger.key import Ledger
from babynames_dagster.errors import PipelineError
from babynames_dagster.hubspot.api.client import HubSpotClient
from babynames_dagster.hubspot.api.endpoints import BATCH_INPUTS
from babynames_dagster.hubspot.api.records import look
from babynames_dagster.hubspot.batches.outcomes import Outgoing
from babynames_dagster.hubspot.preflight import preflight
from babynames_dagster.hubspot.source import ContactSource


def preflight_of_an_unknown_account(  # noqa: PLR0913 - all by keyword but what every preflight has
    client: HubSpotClient,
    engine: Engine,
    source: ContactSource,
    first: Sequence[Outgoing],
    *,
    stop: threading.Event,
    say: Callable[[str], None],
) -> None:
    """Make sure that an account takes the contacts, and say what a person should know of it before the first write.

    Both ask HubSpot at the same time: nothing is sent before the slower one has answered.

    Args:
        client: The account.
        engine: The ledger's database.
        source: What is to be sent.
        first: What is to be sent first; empty where nothing is written.
        stop: Ends waiting when set.
        say: Called with what a person should know, as soon as it is known.

    Raises:
        PipelineError: As `preflight`; any DB_* code.
    """
    another = notice_of_another_account(engine, Ledger(client.portal_id, source.sync))
    if another and first:
        another += f" `babynames undo{source.option}` archives what a run has made meanwhile."
    if another:
        say(another)
    if not first:
        preflight(client, source.mapping, stop=stop)
        return
    with ThreadPoolExecutor(max_workers=1) as beside:
        looked = beside.submit(notice_of_other_contacts, client, first, source.option, stop=stop)
        preflight(client, source.mapping, stop=stop)
    others = looked.result()
    if others:
        say(others)


def notice_of_other_contacts(
    client: HubSpotClient, rows: Sequence[Outgoing], option: str, *, stop: threading.Event
) -> str:
    """Return what a person should know where HubSpot has contacts that no run of this ledger made; else nothing.

    It costs one call. Where that fails, nothing is said: the calls that follow will say what is wrong.

    Args:
        client: The account.
        rows: What is to be sent first; at most a hundred of it are looked at.
        option: What chooses the source behind a command.
        stop: Ends waiting when set.
    """
    emails = list(dict.fromkeys(row.email for row in rows[:BATCH_INPUTS]))
    try:
        found = len(look(client, emails, by_email=True, stop=stop).found)
    except PipelineError:
        return ""
    if not found:
        return ""
    return (
        f"Portal {client.portal_id} has {found:,} of the first {len(emails):,} contacts already, and this ledger knows "
        "none: another data folder or database made them, or somebody else. What differs is written as "
        f"HUBSPOT_WRITE_POLICY says. To take them over without writing, stop, and run `babynames reconcile{option}`."
    )


def notice_of_another_account(engine: Engine, ledger: Ledger) -> str:
    """Return what a person should know who may have put another account's token into the settings; else nothing.

    Args:
        engine: The ledger's database.
        ledger: The source, and the token's portal.

    Raises:
        PipelineError: Any DB_* code.
    """
    elsewhere = {} if contacts_in_ledger(engine, ledger) else contacts_elsewhere(engine, ledger)
    if not elsewhere:
        return ""
    known = ", ".join(f"{count:,} contacts in portal {portal}" for portal, count in sorted(elsewhere.items()))
    return (
        f"HUBSPOT_ACCESS_TOKEN is of portal {ledger.portal_id}, in which this ledger knows no contact: it has {known}. "
        "Correct the token if it is of the wrong account."
    )
