"""What `babynames check hubspot` finds out: whose account it is, what it allows, whether the mapping fits."""

from sqlalchemy.engine import Engine

from babynames_dagster.hubspot.api.answers import Verdict, verdict
from babynames_dagster.hubspot.api.endpoints import READ
from babynames_dagster.hubspot.api.failures import unsuccessful
from babynames_dagster.hubspot.api.opening import open_client
from babynames_dagster.hubspot.api.records import look
from babynames_dagster.hubspot.sync.mapping import ContactMapping
from babynames_dagster.hubspot.sync.preflight import preflight
from babynames_dagster.settings import AccountSettings


def check_account(settings: AccountSettings, engine: Engine, mapping: ContactMapping, *, email: str) -> str:
    """Try every kind of call that a sync makes and that writes nothing, and say in one line what answered.

    Args:
        settings: HUBSPOT_*.
        engine: The database that the limiter is kept in.
        mapping: How rows become contacts.
        email: An email to read, whether or not there is such a contact.

    Raises:
        PipelineError: MISSING_CONFIG; HUBSPOT_AUTH_ERROR, HUBSPOT_MISSING_SCOPES,
            HUBSPOT_PROPERTY_ERROR and whatever else keeps a sync from beginning; any DB_* code.
    """
    with open_client(settings, engine) as client:
        preflight(client, mapping)
        answer = look(client, [email], by_email=True).answer
        if verdict(answer) is not Verdict.DONE:
            raise unsuccessful(answer, READ)
        limit, left = client.limiter.limit, client.limiter.daily_remaining
        day = "" if left is None else f", {left:,} calls left today"
        return (
            f"portal {client.portal_id}, {limit.calls} calls per {limit.window:g} s{day}; "
            "contacts are readable, and the properties fit"
        )
