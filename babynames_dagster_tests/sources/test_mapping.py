"""From a row of a table to a contact: values as HubSpot takes them, and mappings that can't be."""

from datetime import date, datetime, timedelta, timezone
from decimal import Decimal

import pytest

from babynames_dagster.errors import ErrorCode, PipelineError
from babynames_dagster.hubspot.mapping import ContactMapping
from babynames_dagster.sources.mapping import LONGEST_TEXT, TableMapping, as_text
from babynames_dagster.sources.partitions import Partitioning

MAPPING = TableMapping("mail", {"name": "firstname", "stage": "lifecyclestage"}, {"company": "Shop"})


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, ""),
        ("as it is ", "as it is "),
        (True, "true"),
        (0, "0"),
        (1.5, "1.5"),
        (Decimal("1E+3"), "1000"),
        (Decimal("12.50"), "12.50"),
        (date(2026, 1, 31), "2026-01-31"),
        (datetime(2026, 1, 31, 12, 30), "2026-01-31T12:30:00.000Z"),  # noqa: DTZ001 - as databases hand it over
        (datetime(2026, 1, 31, 12, 30, tzinfo=timezone(timedelta(hours=2))), "2026-01-31T10:30:00.000Z"),
    ],
)
def test_values_are_written_as_hubspot_takes_them(value: object, text: str) -> None:
    assert as_text(value) == text


def test_a_row_becomes_a_contact() -> None:
    payload = MAPPING.payload({"mail": " Ada@Shop.COM ", "name": "Ada", "stage": None})
    assert payload == {"email": "ada@shop.com", "firstname": "Ada", "lifecyclestage": "", "company": "Shop"}
    assert MAPPING.unfit(payload) is None


def test_what_no_property_can_hold_is_reported() -> None:
    with pytest.raises(ValueError, match="a value is bytes"):
        MAPPING.payload({"mail": "a@shop.com", "name": b"\x00", "stage": ""})
    long = MAPPING.unfit(MAPPING.payload({"mail": "a@shop.com", "name": "x" * (LONGEST_TEXT + 1), "stage": ""}))
    assert long is not None
    assert long.category == "VALUE_TOO_LONG"


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"columns": {"a": "firstname", "b": "firstname"}}, "firstname two values"),
        ({"constants": {"email": "x@y.com"}}, "email two values"),
        ({"columns": {"a": "company"}, "constants": {"company": "Shop"}}, "company two values"),
        ({"initial": frozenset({"nickname"})}, "`initial` names nickname"),
        ({"initial": frozenset({"email"})}, "`initial` names email"),
    ],
)
def test_a_mapping_that_can_not_be_is_refused(changes: dict[str, object], said: str) -> None:
    with pytest.raises(PipelineError, match=said) as caught:
        TableMapping("mail", **changes)  # type: ignore[arg-type]  # one field at a time
    assert caught.value.code is ErrorCode.SOURCE_INVALID


@pytest.mark.parametrize(
    "fields",
    [
        {"column": "country"},
        {"values": ("AT",)},
        {"column": "country", "values": ("AT", "AT")},
        {"column": "country", "values": ("other",)},
        {"column": "country", "values": ("AT",), "buckets": 2},
        {"buckets": -1},
        {"buckets": 10_000},
    ],
)
def test_partitions_that_can_not_be_are_refused(fields: dict[str, object]) -> None:
    with pytest.raises(PipelineError) as caught:
        Partitioning(**fields)  # type: ignore[arg-type]  # as above
    assert caught.value.code is ErrorCode.SOURCE_INVALID


def test_an_initial_value_of_a_row_is_sent_once_and_covers_no_change() -> None:
    mapping = TableMapping("mail", {"stage": "lifecyclestage"}, initial=frozenset({"lifecyclestage"})).contacts
    new, customer = ({"email": "a@shop.com", "lifecyclestage": stage} for stage in ("lead", "customer"))
    assert mapping.payload_fingerprint(new) == mapping.payload_fingerprint(customer)
    assert mapping.initial_fingerprint(new) != mapping.initial_fingerprint(customer)
    assert mapping.lasting(new) == {"email": "a@shop.com"}


def test_values_with_the_separator_in_them_do_not_look_alike() -> None:
    mapping = ContactMapping("m", ("email", "firstname", "lastname"))
    reported = {
        mapping.payload_fingerprint({"email": "a", "firstname": first, "lastname": last})
        for first, last in (("x\x1fy", "z"), ("x", "y\x1fz"), ("x\x1e1y", "z"), ("x", "y\x1e1z"))
    }
    assert len(reported) == 4
