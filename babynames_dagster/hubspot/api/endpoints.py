"""The calls of HubSpot's API that this project makes, and their paths in each version of the API."""

import re
from dataclasses import dataclass

_NUMBERED = re.compile(r"v\d+")


@dataclass(frozen=True)
class Endpoint:
    """One call of HubSpot's API.

    Attributes:
        method: The HTTP method.
        api: The API that it belongs to, as paths name it.
        resource: The path below the API.
        has_body: Whether a good answer has a JSON body, or none at all; another is taken for a broken one.
        halves: Whether a batch that HubSpot refuses as a whole is sent again in halves.
        counts_daily: Whether the call is refused when only the daily reserve is left; not so for the call that
            finds out how much is left.
    """

    method: str
    api: str
    resource: str
    has_body: bool = True
    halves: bool = False
    counts_daily: bool = True

    def path(self, version: str) -> str:
        """Return the path below HUBSPOT_BASE_URL.

        A numbered version stands before the API's name, a dated one behind it:
        https://developers.hubspot.com/docs/api-reference/legacy/migration-guide

        Args:
            version: HUBSPOT_API_VERSION, `v3` or a date such as `2026-03`.
        """
        area, _, api = self.api.rpartition("/")
        parts = (area, version, api) if area and _NUMBERED.fullmatch(version) else (area, api, version)
        return "/".join(("", *filter(None, parts), self.resource))

    def __str__(self) -> str:
        """Return the call as errors name it, without the version."""
        return f"{self.api}/{self.resource}"


ACCOUNT = Endpoint("GET", "account-info", "details", counts_daily=False)
PROPERTIES = Endpoint("GET", "crm/properties", "contacts")
READ = Endpoint("POST", "crm/objects", "contacts/batch/read")
READ_ARCHIVED = Endpoint("POST", "crm/objects", "contacts/batch/read?archived=true")
CREATE = Endpoint("POST", "crm/objects", "contacts/batch/create", halves=True)
UPDATE = Endpoint("POST", "crm/objects", "contacts/batch/update", halves=True)
ARCHIVE = Endpoint("POST", "crm/objects", "contacts/batch/archive", has_body=False, halves=True)

BATCH_INPUTS = 100
"""Most inputs that HubSpot takes in a batch."""
