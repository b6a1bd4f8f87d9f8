"""What the account's property definitions say against a mapping, before the first write."""

from typing import Any

import pytest
from sqlalchemy.engine import Engine

from babynames_dagster.errors import ErrorCode, PipelineError
from babynames_dagster.hubspot.preflight import check_account, mismatches
from babynames_dagster.names.contacts.mapping import NameMapping
from babynames_dagster.sandbox.hubspot.rules import default_properties
from babynames_dagster_tests.support.stand_ins.hubspot import (
    PORTAL,
    StandIn,
)
from babynames_dagster_tests.support.syncing import add_names, sync


def said(value: str, **definition: Any) -> list[str]:  # noqa: ANN401 - JSON
    mapping = NameMapping("babynamesdemo.com", extra={"extra": value}).contacts
    return mismatches(mapping, {**default_properties(), "extra": {"name": "extra", **definition}})


@pytest.mark.parametrize(
    ("kind", "good", "bad"),
    [
        ("number", ["1", "-2.5", "1e3"], ["one", "1,5", ""]),
        ("date", ["2026-01-31", "1767225600000"], ["31.1.2026", "soon"]),
        ("datetime", ["2026-01-31T12:00:00Z", "2026-01-31", "1767225600000"], ["noon"]),
        ("bool", ["true", "false"], ["yes", "1"]),
        ("string", ["anything", ""], ["x" * 65_537]),
    ],
)
def test_a_value_has_to_be_of_the_propertys_type(kind: str, good: list[str], bad: list[str]) -> None:
    assert [said(value, type=kind) for value in good] == [[]] * len(good)
    assert all(len(said(value, type=kind)) == 1 for value in bad)


def test_options_are_listed_with_their_labels_and_hidden_ones_can_be_written() -> None:
    options = [{"value": "a", "label": "First"}, {"value": "b", "label": "b", "hidden": True}]
    assert said("b", type="enumeration", options=options) == []
    assert said("c", type="enumeration", options=options) == ["extra='c' is none of its options: a (First), b"]


def test_checkboxes_take_several_options() -> None:
    options = [{"value": "a"}, {"value": "b"}]
    assert said("a;b", type="enumeration", fieldType="checkbox", options=options) == []
    assert len(said("a;c", type="enumeration", fieldType="checkbox", options=options)) == 1
    assert len(said("a;b", type="enumeration", fieldType="select", options=options)) == 1


def test_a_unique_property_is_no_constant() -> None:
    assert said("x", type="string", hasUniqueValue=True) == [
        "the property extra must be unique, and every contact would have 'x'"
    ]


@pytest.mark.parametrize(
    ("overrides", "said"),
    [
        ({"hubspot_extra_properties": {"no_such": "1"}}, "no_such does not exist"),
        ({"hubspot_extra_properties": {"createdate": "1"}}, "createdate can't be written"),
        ({"hubspot_lead_status": "WARM"}, "hs_lead_status='WARM'"),
        ({"hubspot_lifecycle_stage": "baby"}, "lifecyclestage='baby'"),
    ],
)
def test_a_mapping_that_the_account_cannot_take_is_refused_before_the_first_write(
    sqlite_engine: Engine, stand_in: StandIn, overrides: dict[str, Any], said: str
) -> None:
    add_names(sqlite_engine, 5)
    report = sync(sqlite_engine, stand_in, **overrides)
    assert report.stopped is not None
    assert report.stopped.code is ErrorCode.HUBSPOT_PROPERTY_ERROR
    assert said in report.stopped.what
    assert (report.total.contacts, report.total.unsent) == (5, 5)
    assert stand_in.writes() == []


@pytest.mark.parametrize("kind", ["empty", "pending"])
def test_an_answer_without_the_properties_is_no_mistake_of_the_mapping(
    sqlite_engine: Engine, stand_in: StandIn, kind: str
) -> None:
    add_names(sqlite_engine, 5)
    stand_in.set_faults({"kind": kind, "path": "/properties"})
    report = sync(sqlite_engine, stand_in)
    assert report.stopped is not None
    assert (report.stopped.code, report.total.unsent) == (ErrorCode.HUBSPOT_ERROR, 5)
    assert "it is no whole answer" in report.stopped.what


def test_every_mismatch_is_reported_at_once(sqlite_engine: Engine, stand_in: StandIn) -> None:
    add_names(sqlite_engine, 5)
    stand_in.change(options={"hs_lead_status": ["OPEN"], "lifecyclestage": None})
    report = sync(sqlite_engine, stand_in)
    assert report.stopped is not None
    assert "hs_lead_status='NEW'" in report.stopped.what
    assert "lifecyclestage does not exist" in report.stopped.what


def checked(stand_in: StandIn, engine: Engine) -> str:
    mapping = NameMapping("babynamesdemo.com").contacts
    return check_account(stand_in.settings(engine).account, engine, mapping, email="babynames-check@babynamesdemo.com")


def test_the_account_check_says_whose_account_it_is_and_what_it_allows(engine: Engine, stand_in: StandIn) -> None:
    stand_in.change(calls=190, window_seconds=10.0, daily_calls=625_000)
    said = checked(stand_in, engine)
    assert f"portal {PORTAL}, 190 calls per 10 s" in said
    assert stand_in.stats()["contacts"] == 0


@pytest.mark.parametrize("missing", ["crm.objects.contacts.read", "crm.schemas.contacts.read"])
def test_the_account_check_names_a_missing_scope(sqlite_engine: Engine, stand_in: StandIn, missing: str) -> None:
    stand_in.change(
        scopes=sorted(
            {"crm.objects.contacts.read", "crm.objects.contacts.write", "crm.schemas.contacts.read"} - {missing}
        )
    )
    with pytest.raises(PipelineError, match=missing) as caught:
        checked(stand_in, sqlite_engine)
    assert caught.value.code is ErrorCode.HUBSPOT_MISSING_SCOPES
