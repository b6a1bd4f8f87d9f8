"""Before the first write of an empty ledger: whether the account has its contacts already.

What belongs here: one look, and what is said of it. What does not: taking such contacts over (`reconcile/`).
"""

import threading
from collections.abc import Sequence

from babynames_dagster.errors import PipelineError
from babynames_dagster.hubspot.api.client import HubSpotClient
from babynames_dagster.hubspot.api.endpoints import BATCH_INPUTS
from babynames_dagster.hubspot.api.records import look
from babynames_dagster.hubspot.batches.outcomes import Outgoing


def notice_of_strangers(
    client: HubSpotClient, rows: Sequence[Outgoing], adopting: str, *, stop: threading.Event
) -> str:
    """Return what a person should know where HubSpot has contacts that no run of this ledger made; else nothing.

    It costs one call. Where that fails, nothing is said: the calls that follow will say what is wrong.

    Args:
        client: The account.
        rows: What is to be sent first; at most a hundred of it are looked at.
        adopting: What a person does to take contacts over without writing; empty where there is no such way.
        stop: Ends waiting when set.
    """
    emails = list(dict.fromkeys(row.email for row in rows[:BATCH_INPUTS]))
    try:
        found = len(look(client, emails, by_email=True, stop=stop).found)
    except PipelineError:
        return ""
    if not found:
        return ""
    without_writing = f" To take them over without writing, stop, and {adopting}." if adopting else ""
    return (
        f"Portal {client.portal_id} has {found:,} of the first {len(emails):,} contacts already, and this ledger knows "
        "none: another data folder or database made them, or somebody else. What differs is written as "
        "HUBSPOT_WRITE_POLICY says."
    ) + without_writing
