"""Which account an app belongs to, and where people see its contacts."""

from typing import Any

import pytest

from babynames_dagster.errors import ErrorCode, PipelineError
from babynames_dagster.hubspot.api.answers import Answer
from babynames_dagster.hubspot.api.portal import portal_of


def details(**fields: Any) -> Answer:  # noqa: ANN401 - any JSON value
    return Answer(200, {}, fields, "")


@pytest.mark.parametrize(
    ("domain", "shown"),
    [
        ("app.hubspot.com", "app.hubspot.com"),
        ("app-eu1.hubspot.com", "app-eu1.hubspot.com"),
        (None, "app.hubspot.com"),
        ("hubspot.com.example.com", "app.hubspot.com"),
        ("example.com/.hubspot.com", "app.hubspot.com"),
    ],
)
def test_its_contacts_are_where_its_data_is_kept(domain: str | None, shown: str) -> None:
    page = portal_of(details(portalId=62515, uiDomain=domain), is_local=False).contacts_page
    assert page == f"https://{shown}/contacts/62515/objects/0-1"


def test_a_stand_in_has_no_page_of_contacts() -> None:
    assert portal_of(details(portalId=62515, uiDomain="app.hubspot.com"), is_local=True).contacts_page is None


@pytest.mark.parametrize("number", [None, "62515", True, 0, 2**63])
def test_what_names_no_portal_is_not_hubspot(number: object) -> None:
    with pytest.raises(PipelineError) as caught:
        portal_of(details(portalId=number), is_local=False)
    assert caught.value.code is ErrorCode.HUBSPOT_ERROR
