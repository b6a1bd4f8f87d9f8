"""A run that would write more than the guards let through writes nothing, and says why."""

import pytest

from babynames_dagster.errors import ErrorCode, PipelineError
from babynames_dagster.hubspot.guards import Guards, Writes, most_allowed
from babynames_dagster.settings import load_settings


@pytest.mark.parametrize(
    ("bound", "contacts", "most"),
    [
        ("", 100, None),
        ("0", 100, 0),
        ("0%", 100, 0),
        ("7", 100, 7),
        ("5%", 100, 5),
        ("5%", 119, 5),
        ("5%", 3, 1),
        ("0.5%", 1000, 5),
        ("0.57%", 10_000, 57),
        ("100%", 7, 7),
    ],
)
def test_a_guard_is_a_number_or_a_share(bound: str, contacts: int, most: int | None) -> None:
    assert most_allowed(bound, contacts) == most


def test_every_guard_that_stands_in_the_way_is_named() -> None:
    guards = Guards(creates="10", updates="50%", archives="5%")
    guards.check(Writes(10, 50, 5), contacts=100)
    with pytest.raises(PipelineError) as caught:
        guards.check(Writes(11, 51, 5), contacts=100)
    assert caught.value.code is ErrorCode.HUBSPOT_GUARD
    assert "11 contacts to create, at most 10 allowed (HUBSPOT_MAX_CREATES=10 of 100)" in caught.value.what
    assert "51 contacts to update, at most 50 allowed (HUBSPOT_MAX_UPDATES=50% of 100)" in caught.value.what
    assert "archive" not in caught.value.what


def test_an_overridden_guard_lets_everything_through() -> None:
    Guards(creates="0", updates="0", archives="0", overridden=True).check(Writes(9, 9, 9), contacts=1)


@pytest.mark.parametrize(
    ("given", "kept"), [("5%", "5%"), ("0.05", "5%"), ("500", "500"), ("off", ""), ("", ""), (500, "500"), (0.5, "50%")]
)
def test_the_settings_take_a_number_a_share_or_off(given: object, kept: str) -> None:
    assert load_settings(hubspot_max_archives=given).hubspot.max_archives == kept


@pytest.mark.parametrize("given", ["many", "-1", "5 %%", "1e9"])
def test_the_settings_refuse_anything_else(given: str) -> None:
    with pytest.raises(PipelineError, match="HUBSPOT_MAX_ARCHIVES"):
        load_settings(hubspot_max_archives=given)
