"""The account that an app belongs to, as HubSpot names it."""

import re
from dataclasses import dataclass

from babynames_dagster.errors import ErrorCode, PipelineError
from babynames_dagster.hubspot.api.answers import Answer
from babynames_dagster.hubspot.api.endpoints import ACCOUNT

_ABOVE_ANY_PORTAL = 2**63
"""No BIGINT holds this or more."""
_UI_DOMAIN = "app.hubspot.com"
_ANY_UI_DOMAIN = re.compile(r"([a-z0-9-]+\.)+hubspot\.com")


@dataclass(frozen=True)
class Portal:
    """The HubSpot account that an app belongs to.

    Attributes:
        portal_id: Its number.
        time_zone: Its time zone, by whose midnight the daily limit starts again; None where HubSpot does not say.
        contacts_page: Where people see its contacts; None where this very machine serves it, which has no such page.
    """

    portal_id: int
    time_zone: str | None
    contacts_page: str | None


def portal_of(answer: Answer, *, is_local: bool) -> Portal:
    """Read the portal off the account's details.

    The page's domain depends on where the account's data is: `uiDomain`, `app-eu1.hubspot.com` for example (HubSpot's
    account information API).

    Args:
        answer: The details.
        is_local: Whether they came from this very machine.

    Raises:
        PipelineError: HUBSPOT_ERROR where they name no portal.
    """
    number = answer.body("portalId")
    if type(number) is not int or not 0 < number < _ABOVE_ANY_PORTAL:
        raise PipelineError(
            ErrorCode.HUBSPOT_ERROR,
            f"{ACCOUNT} names no portal; is HUBSPOT_BASE_URL HubSpot's?",
            retryable=False,
        )
    zone, domain = answer.body("timeZone"), str(answer.body("uiDomain"))
    if not _ANY_UI_DOMAIN.fullmatch(domain):
        domain = _UI_DOMAIN
    page = None if is_local else f"https://{domain}/contacts/{number}/objects/0-1"
    return Portal(number, str(zone) if zone else None, page)
