"""A sample of acknowledged contacts, read back from HubSpot and compared property by property.

What belongs here: the sample and its comparison. What does not: mending what differs; a full refresh does.
"""

from dataclasses import dataclass, field

from sqlalchemy.engine import Engine

from babynames_dagster.database.ledger.entries import acknowledged_sample
from babynames_dagster.hubspot.api.answers import Verdict, verdict
from babynames_dagster.hubspot.api.client import HubSpotClient, unsuccessful
from babynames_dagster.hubspot.api.endpoints import BATCH_INPUTS, READ
from babynames_dagster.hubspot.api.reading import Difference, contacts_by_email, differences, read_contacts
from babynames_dagster.hubspot.sync.mapping import ContactMapping


@dataclass
class SampleComparison:
    """What a sample showed.

    Attributes:
        compared: Contacts that were read back.
        differences: Every property that is not what the mapping makes, missing contacts included.
    """

    compared: int = 0
    differences: list[Difference] = field(default_factory=list)


def compare_sample(
    client: HubSpotClient, engine: Engine, *, mapping: ContactMapping, size: int = BATCH_INPUTS
) -> SampleComparison:
    """Read some acknowledged contacts back, picked at random among those sent with this mapping.

    Args:
        client: The account.
        engine: The database with the ledger.
        mapping: How a name becomes a contact.
        size: How many contacts.

    Raises:
        PipelineError: As `HubSpotClient.expect`; any DB_* code.
    """
    comparison = SampleComparison()
    payloads = [
        mapping.payload(row) for row in acknowledged_sample(engine, client.portal_id, mapping.fingerprint, size)
    ]
    for first in range(0, len(payloads), BATCH_INPUTS):
        part = payloads[first : first + BATCH_INPUTS]
        answer = read_contacts(client, [payload["email"] for payload in part], mapping.property_names)
        if verdict(answer) is not Verdict.DONE:
            raise unsuccessful(answer, READ)
        found = contacts_by_email(answer)
        for payload in part:
            theirs = found.get(payload["email"])
            comparison.compared += 1
            comparison.differences += (
                [Difference(payload["email"], "email", payload["email"], None)]
                if theirs is None
                else differences(payload, theirs)
            )
    return comparison
