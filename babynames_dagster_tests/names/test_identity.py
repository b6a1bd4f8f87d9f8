"""The identity of a name: slug, initial, stem and sex."""

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from babynames_dagster.names.identity import NameIdentity, identify, initial_of, sex_of, stem_of
from babynames_dagster.names.rejects import RejectReason


@pytest.mark.parametrize(
    ("name", "slug"),
    [
        ("John", "john.m"),
        ("JOHN", "john.m"),
        ("1e5", "1e5.m"),
        ("x" * 62, "x" * 62 + ".m"),
        ("José", "jose-3gkoduabrbx6.m"),
        ("x" * 63, None),
        ("O'Brien", None),
        ("李", None),
    ],
)
def test_a_slug_is_plain_ascii_of_64_characters_at_most(name: str, slug: str | None) -> None:
    found = f"{stem_of(name)}.m"
    assert slug in (found, None)
    assert re.fullmatch(r"[a-z0-9]+(-[a-z2-7]{12})?\.m", found)
    assert len(found) <= 64


@pytest.mark.parametrize(
    ("name", "initial"),
    [
        ("anna", "A"),
        ("Émile", "E"),
        ("Øyvind", "other"),
        ("李", "other"),
        ("1e5", "other"),
        ("ßa", "other"),
        ("\N{FULLWIDTH LATIN CAPITAL LETTER A}nna", "other"),
        ("\N{LATIN SMALL LIGATURE FI}ona", "other"),
        ("\N{MATHEMATICAL BOLD SCRIPT CAPITAL A}nna", "other"),
    ],
)
def test_the_initial_is_the_first_letter_without_its_accent(name: str, initial: str) -> None:
    assert initial_of(name) == initial


@given(st.text(min_size=1, max_size=80), st.text(min_size=1, max_size=80))
@example("Straße", "STRASSE")
@example("Jose", "José")
@example("a-b", "ab")
def test_two_names_share_a_stem_only_if_they_differ_in_case_or_form_alone(one: str, other: str) -> None:
    first, second = identify(one.encode(errors="replace")), identify(other.encode(errors="replace"))
    if isinstance(first, NameIdentity) and isinstance(second, NameIdentity):
        same = identify(first.name.casefold().encode()) == identify(second.name.casefold().encode())
        assert (first.stem == second.stem) == same
        assert stem_of(first.name) == first.stem


@pytest.mark.parametrize(
    ("raw", "sex"),
    [
        (b"M", "M"),
        (b" f\t", "F"),
        (b"mAlE", "M"),
        (b"Female", "F"),
        (b"", RejectReason.EMPTY_SEX),
        (b" ", RejectReason.EMPTY_SEX),
        (b"MF", RejectReason.UNKNOWN_SEX),
        (b"\xff", RejectReason.UNKNOWN_SEX),
    ],
)
def test_sexes_are_read_leniently_but_never_guessed(raw: bytes, sex: str | RejectReason) -> None:
    assert sex_of(raw) == sex
