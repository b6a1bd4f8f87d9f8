"""The load's small parts: identity, literals, the prefetching thread."""

import re
import threading
from collections.abc import Iterator

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from sqlalchemy.engine import Connection, make_url

from babynames_dagster.database.connection.engine import open_engine
from babynames_dagster.database.connection.mysql_session import STATEMENT_BYTES
from babynames_dagster.database.loading import bulk
from babynames_dagster.names.csv.normalise import normalise_names
from babynames_dagster.names.identity import NameIdentity, identify, initial_of, sex_of, stem_of
from babynames_dagster.names.loading.prefetch import prefetched
from babynames_dagster.names.rejects import RejectReason

EVERY_ASCII = "".join(chr(code) for code in range(128))


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


@given(st.lists(st.one_of(st.binary(max_size=6), st.text("aZ0é- ", max_size=70).map(str.encode)), max_size=20))
def test_columns_get_the_identities_that_single_names_get(raw: list[bytes]) -> None:
    names = normalise_names(pa.array(raw, pa.binary()))
    for index, value in enumerate(raw):
        expected = identify(value)
        if isinstance(expected, RejectReason):
            assert names.reasons[index].as_py() == expected.value
        else:
            assert names.reasons[index].as_py() is None
            found = NameIdentity(names.names[index].as_py(), names.stems[index].as_py(), names.initials[index].as_py())
            assert found == expected


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


@pytest.fixture(scope="module")
def server(mariadb_server: str) -> Iterator[Connection]:
    """A connection to the MySQL-like server."""
    engine = open_engine(make_url(mariadb_server))
    with engine.connect() as connection:
        yield connection
    engine.dispose()


@pytest.mark.parametrize("sql_mode", ["STRICT_ALL_TABLES", "NO_BACKSLASH_ESCAPES", "ANSI_QUOTES", "ANSI"])
def test_the_server_reads_every_literal_as_the_text_it_stands_for(server: Connection, sql_mode: str) -> None:
    server.exec_driver_sql(f"SET SESSION sql_mode = '{sql_mode}'")

    @settings(max_examples=50, deadline=None, suppress_health_check=list(HealthCheck))
    @given(st.lists(st.text(st.characters(codec="utf-8"), max_size=20), min_size=1, max_size=20))
    @example([*EVERY_ASCII, EVERY_ASCII, "", "''", "\\'", '\\"', "🙂", "\0", "%s", "%%", ":name", "--", "a\\"])
    def check(texts: list[str]) -> None:
        literals = bulk.text_literals(pa.array(texts, pa.string())).to_pylist()
        row = server.exec_driver_sql("SELECT " + ",".join(literals)).one()
        assert [str(text) for text in row] == texts

    check()


def test_statements_stay_below_the_servers_packet(server: Connection) -> None:
    usual = server.info[STATEMENT_BYTES]
    server.info[STATEMENT_BYTES] = 3072
    try:
        rows = pa.array(["(" + "x" * (index % 300) + ")" for index in range(1000)], pa.string())
        lists = list(bulk.value_lists(server, rows))
    finally:
        server.info[STATEMENT_BYTES] = usual
    assert ",".join(lists).split(",") == rows.to_pylist()
    assert max(map(len, lists)) <= 3072
    assert len(lists) < 150


def test_a_prefetched_stream_arrives_whole_and_in_order() -> None:
    with prefetched(iter(range(100))) as items:
        assert list(items) == list(range(100))


def test_an_error_of_the_producer_reaches_the_consumer() -> None:
    def produce() -> Iterator[int]:
        yield 1
        raise OSError

    with prefetched(produce()) as items:
        assert next(items) == 1
        with pytest.raises(OSError):  # noqa: PT011 - it has nothing to say
            next(items)


@pytest.mark.parametrize("taken", [0, 1, 5])
def test_a_consumer_that_fails_does_not_hang_and_stops_the_producer(taken: int) -> None:
    produced = []

    def produce() -> Iterator[int]:
        for number in range(1000):
            produced.append(number)
            yield number

    def consume() -> None:
        with prefetched(produce()) as items:
            for _ in range(taken):
                next(items)
            raise OSError

    before = threading.active_count()
    with pytest.raises(OSError):  # noqa: PT011 - it has nothing to say
        consume()
    assert threading.active_count() == before
    assert len(produced) <= taken + 3
