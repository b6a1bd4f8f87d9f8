"""The mapping: valid emails, one to one with names, fixed; and what it refuses."""

import dataclasses
from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from babynames_dagster.database.ledger.candidates import Candidate
from babynames_dagster.errors import ErrorCode, PipelineError
from babynames_dagster.names.contacts.mapping import NameMapping
from babynames_dagster.names.identity import stem_of
from babynames_dagster.sandbox.hubspot.rules import is_valid_email
from babynames_dagster.settings import load_settings

ENTERED = datetime(2026, 1, 2, 3, 4, 5, 678_000)  # noqa: DTZ001 - as the tables keep it
READABLE = NameMapping("babynamesdemo.com")
UNIQUE = NameMapping("babynames.example.com", email_style="unique")


def name_row(name: str = "John", sex: str = "M", *, slug: str = "john.m", name_id: int = 7) -> Candidate:
    return Candidate(name_id, slug, name, sex, "J", ENTERED)


def fingerprint(mapping: NameMapping) -> str:
    return mapping.contacts.payload_fingerprint(mapping.payload(name_row()))


def initial_fingerprint(mapping: NameMapping) -> str:
    return mapping.contacts.initial_fingerprint(mapping.payload(name_row()))


def test_a_name_becomes_a_contact() -> None:
    assert READABLE.payload(name_row()) == {
        "email": "john.m@babynamesdemo.com",
        "firstname": "John",
        "lastname": "Male",
        "hs_lead_status": "NEW",
        "lifecyclestage": "subscriber",
    }


def test_extra_properties_join_every_contact() -> None:
    mapping = NameMapping("babynamesdemo.com", extra={"company": "Babynames"})
    assert mapping.payload(name_row())["company"] == "Babynames"


def test_the_unique_style_is_fixed_by_the_rows_first_moment_and_id() -> None:
    assert UNIQUE.email(name_row()) == "john-1767323045678-7@babynames.example.com"
    assert UNIQUE.email(name_row(name_id=8)) != UNIQUE.email(name_row(name_id=7))


@pytest.mark.slow
@given(st.text(min_size=1, max_size=255), st.sampled_from("MF"), st.integers(1, 2**63 - 1))
def test_every_name_that_the_table_can_hold_has_a_valid_email(name: str, sex: str, name_id: int) -> None:
    slug = f"{stem_of(name)}.{sex.lower()}"
    row = name_row(name, sex, slug=slug, name_id=name_id)
    for mapping in (READABLE, UNIQUE):
        email = mapping.email(row)
        assert is_valid_email(email)
        assert email == email.lower()


@pytest.mark.parametrize("name", ["李", "O'Brien", "trailing..", "-", "x" * 255, "José", "Ж", "a b", "😀"])
def test_awkward_names_have_a_valid_email(name: str) -> None:
    row = name_row(name, slug=f"{stem_of(name)}.f", name_id=10**18)
    assert is_valid_email(READABLE.email(row))
    assert is_valid_email(UNIQUE.email(row))


@pytest.mark.parametrize(
    "domain", ["babynames.test", "babynames.example", "demo.local", "demo.INVALID", "corp.internal", "x.onion"]
)
def test_a_reserved_domain_is_refused_before_anything_is_sent(domain: str) -> None:
    with pytest.raises(PipelineError) as caught:
        NameMapping(domain)
    assert caught.value.code is ErrorCode.INVALID_CONFIG


def test_an_extra_property_may_not_replace_one_of_ours() -> None:
    with pytest.raises(PipelineError, match="firstname"):
        NameMapping("babynamesdemo.com", extra={"firstname": "Bob"})


@pytest.mark.parametrize(
    "change",
    [
        {"email_domain": "other.com"},
        {"email_style": "unique"},
        {"extra": {"company": "Babynames"}},
    ],
)
def test_any_change_of_the_mapping_changes_the_fingerprints(change: dict[str, object]) -> None:
    changed = dataclasses.replace(READABLE, **change)  # type: ignore[arg-type]  # one field at a time
    payload = changed.payload(name_row())
    assert changed.contacts.fingerprint != READABLE.contacts.fingerprint
    assert changed.contacts.payload_fingerprint(payload) != fingerprint(READABLE)


@pytest.mark.parametrize("change", [{"lifecycle_stage": "lead"}, {"lead_status": "OPEN"}, {"lead_status": ""}])
def test_changed_initial_values_reach_new_contacts_only(change: dict[str, str]) -> None:
    changed = dataclasses.replace(READABLE, **change)  # type: ignore[arg-type]  # one field at a time
    payload = changed.payload(name_row())
    assert payload != READABLE.payload(name_row())
    assert changed.contacts.payload_fingerprint(payload) == fingerprint(READABLE)
    assert initial_fingerprint(changed) != initial_fingerprint(READABLE)


def test_what_is_no_initial_property_is_sent_again_when_it_changes() -> None:
    lasting = dataclasses.replace(READABLE, initial=frozenset())
    changed = dataclasses.replace(lasting, lead_status="OPEN")
    assert changed.contacts.fingerprint != lasting.contacts.fingerprint == READABLE.contacts.fingerprint
    assert initial_fingerprint(changed) == initial_fingerprint(lasting)


def test_an_empty_status_is_not_sent() -> None:
    mapping = NameMapping("babynamesdemo.com", lead_status="", lifecycle_stage="")
    assert mapping.payload(name_row()).keys() == {"email", "firstname", "lastname"}
    assert mapping.contacts.property_names == ("email", "firstname", "lastname")


@pytest.mark.parametrize("name", ["email", "firstname", "company"])
def test_only_constants_that_are_sent_can_be_initial(name: str) -> None:
    with pytest.raises(PipelineError, match=f"HUBSPOT_INITIAL_PROPERTIES names {name}"):
        NameMapping("babynamesdemo.com", initial=frozenset({name}))
    NameMapping("babynamesdemo.com", extra={"company": "B"}, initial=frozenset({"company"}))


@pytest.mark.parametrize(
    ("given", "kept"),
    [("bücher.de", "xn--bcher-kva.de"), ("Example-Names.COM", "example-names.com"), ("names.укр", "names.xn--j1amh")],
)
def test_a_domain_in_any_script_is_sent_as_punycode(given: str, kept: str) -> None:
    domain = load_settings(hubspot_email_domain=given).hubspot.email_domain
    assert domain == kept
    assert is_valid_email(NameMapping(domain).email(name_row()))


@pytest.mark.parametrize(
    "given", ["x" * 64 + ".com", "ü" * 63 + ".com", "names..com", "-names.com", "names", "a b.com"]
)
def test_what_can_be_no_domain_is_refused_with_the_settings(given: str) -> None:
    with pytest.raises(PipelineError, match="HUBSPOT_EMAIL_DOMAIN"):
        load_settings(hubspot_email_domain=given)
