"""The calls of HubSpot's API that this project makes.

What belongs here: method, path, and what sets a call apart. What does not: making it (`client.py`).
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Endpoint:
    """One call of HubSpot's API.

    Attributes:
        method: The HTTP method.
        path: The path below HUBSPOT_BASE_URL.
        has_body: Whether a good answer has a JSON body; one without is taken for a broken one.
        counts_daily: Whether the call is refused when only the daily reserve is left; not so for the call that
            finds out how much is left.
    """

    method: str
    path: str
    has_body: bool = True
    counts_daily: bool = True


ACCOUNT = Endpoint("GET", "/account-info/v3/details", counts_daily=False)
UPSERT = Endpoint("POST", "/crm/v3/objects/contacts/batch/upsert")
READ = Endpoint("POST", "/crm/v3/objects/contacts/batch/read")
ARCHIVE = Endpoint("POST", "/crm/v3/objects/contacts/batch/archive", has_body=False)
PROPERTIES = Endpoint("GET", "/crm/v3/properties/contacts")

BATCH_INPUTS = 100
"""Most inputs that HubSpot takes in a batch."""
