"""Rows that are wrong, odd or merely unusual: each is loaded as it is, or rejected with its line and reason."""

from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Engine

from babynames_dagster.database.connection.engine import reading
from babynames_dagster.database.tables import rejected_rows
from babynames_dagster.datafile.content.text import BLOCK_BYTES
from babynames_dagster.errors import ErrorCode, PipelineError
from babynames_dagster_tests.support.loading import (
    counts,
    csv_file,
    load,
    load_births,
    names_in,
    read,
    rejects,
    rows_in,
)

BAD_ROWS = [
    (b"1880,Bob,M", "too_few_fields"),
    (b"Bob", "too_few_fields"),
    (b"1880,Bob,M,7,8", "too_many_fields"),
    (b"1880,,M,7", "empty_name"),
    (b"1880,  \t ,M,7", "empty_name"),
    (b"1880,Bob,,7", "empty_sex"),
    (b"1880,Bob,X,7", "unknown_sex"),
    (b"1880,Bob,\xff,7", "unknown_sex"),
    (b"1880," + b"x" * 256 + b",M,7", "name_too_long"),
    (b"1880,B\x07ob,M,7", "control_character"),
    (b"1880,B\x00ob,M,7", "control_character"),
    (b"1880,B\xc2\x85ob,M,7", "control_character"),
    (b"1880,B\xffob,M,7", "invalid_encoding"),
    (b"1880,B\xed\xa0\x80ob,M,7", "invalid_encoding"),
    (b'1880,"Bob,M,7', "unclosed_quote"),
    (b'1880,"Bob"by,M,7', "bad_quoting"),
    (b"1880," + b"x" * (4 * BLOCK_BYTES) + b",M,7", "line_too_long"),
]
ODD_ROWS = [
    (b"1880,Bob,m,7", "Bob", "M"),
    (b"1880,Bob, Male ,7", "Bob", "M"),
    (b"1880,Ann,female,7", "Ann", "F"),
    (b"1880,  Mary \t Ann ,F,7", "Mary Ann", "F"),
    (b'1880,"Mary","F","7"', "Mary", "F"),
    (b'1880,"Smith, Bob",M,7', "Smith, Bob", "M"),
    (b'1880,"Bob ""B"" Smith",M,7', 'Bob "B" Smith', "M"),
    (b'1880,Bob "B" Smith,M,7', 'Bob "B" Smith', "M"),
    (b'1880,"Mary\nAnn",F,7', "Mary Ann", "F"),
    (b'1880,"Mary\r\nAnn",F,7', "Mary Ann", "F"),
    (b"1880," + b"x" * 255 + b",M,7", "x" * 255, "M"),
    (b"nonsense,Bob,M,none", "Bob", "M"),
    ("1880,李,M,7".encode(), "李", "M"),
    ("1880,👩‍👧,F,7".encode(), "👩‍👧", "F"),
    (b"1880,O'Brien,M,7", "O'Brien", "M"),
    (b"1880,Robert'); DROP TABLE baby_names;--,M,7", "Robert'); DROP TABLE baby_names;--", "M"),
    (rb"1880,a\'b,M,7", r"a\'b", "M"),
    (rb"1880,a\\,M,7", r"a\\", "M"),
    (b"1880,%s,M,7", "%s", "M"),
    (b"1880,%(name)s,M,7", "%(name)s", "M"),
    (b"1880,:name,M,7", ":name", "M"),
    (b"1880,?,M,7", "?", "M"),
]


@pytest.mark.parametrize(("row", "reason"), BAD_ROWS)
def test_a_bad_row_costs_itself_and_no_other(tmp_path: Path, row: bytes, reason: str) -> None:
    names, rejected = read(csv_file(tmp_path, b"1880,Anna,F,7\n" + row + b"\n1880,Zoe,F,7\n"))
    assert rejected == [(3, reason)]
    assert names == {("Anna", "F"), ("Zoe", "F")}


def test_bad_rows_are_kept_with_line_reason_and_text(engine: Engine, tmp_path: Path) -> None:
    # Behind an open quote comes a row without quotes, which distinguishes it from a field of several lines.
    body = b"".join(row + b"\n1880,Anna,F,7\n" for row, _ in BAD_ROWS)
    report = load(engine, csv_file(tmp_path, body))
    assert counts(report) == (2 * len(BAD_ROWS), 1, 0, len(BAD_ROWS) - 1, len(BAD_ROWS))
    assert rejects(engine, report) == [(2 + 2 * index, reason) for index, (_, reason) in enumerate(BAD_ROWS)]
    assert [row.raw[:4] for row in report.first_rejects] == [row[:4].decode() for row, _ in BAD_ROWS[:10]]
    assert names_in(engine) == {("Anna", "F")}


@pytest.mark.parametrize(("row", "name", "sex"), ODD_ROWS)
def test_an_unusual_row_is_read_as_it_is(tmp_path: Path, row: bytes, name: str, sex: str) -> None:
    assert read(csv_file(tmp_path, row + b"\n1880,Zed,M,7\n")) == ({(name, sex), ("Zed", "M")}, [])


def test_unusual_rows_arrive_in_the_table_unchanged(engine: Engine, tmp_path: Path) -> None:
    report = load(engine, csv_file(tmp_path, b"\n".join(row for row, _, _ in ODD_ROWS)))
    distinct = {(name, sex) for _, name, sex in ODD_ROWS}
    assert counts(report) == (len(ODD_ROWS), len(distinct), 0, len(ODD_ROWS) - len(distinct), 0)
    assert names_in(engine) == distinct


def test_words_that_look_like_nothing_are_names(engine: Engine, tmp_path: Path) -> None:
    names = ["Nan", "Na", "Null", "None", "True", "No", "Infinity", "1e5", "N-A", "null1", "0"]
    report = load(engine, csv_file(tmp_path, "".join(f"1880,{name},F,7\n" for name in names).encode()))
    assert report.load.rows.inserted == len(names)
    assert names_in(engine) == {(name, "F") for name in names}


def test_accents_distinguish_names_and_case_and_form_do_not(engine: Engine, tmp_path: Path) -> None:
    names = ["José", "Jose", "JOHN", "John", "Zo\u00eb", "Zoe\u0308", "zoë", "Zoe"]
    report = load(engine, csv_file(tmp_path, "".join(f"1880,{name},F,7\n" for name in names).encode()))
    assert counts(report) == (8, 5, 0, 3, 0)
    assert names_in(engine) == {(name, "F") for name in ("José", "Jose", "JOHN", "Zo\u00eb", "Zoe")}


@pytest.mark.parametrize("ending", [b"", b"\n", b"\r\n", b"\n\n\r\n"])
@pytest.mark.parametrize("between", [b"\n", b"\r\n", b"\n\n", b"\r\n\r\n\r\n"])
def test_line_ends_and_blank_lines_are_no_rows(tmp_path: Path, between: bytes, ending: bytes) -> None:
    body = between.join([b"1880,Anna,F,7", b"1880,Bob,X,7", b"1880,Zoe,F,7"]) + ending
    names, rejected = read(csv_file(tmp_path, body))
    assert names == {("Anna", "F"), ("Zoe", "F")}
    assert rejected == [(2 + between.count(b"\n"), "unknown_sex")]


def test_line_numbers_count_line_ends_inside_quotes(engine: Engine, tmp_path: Path) -> None:
    body = b'1880,"A\nB",F,7\n1880,Bob,X,7\n"18\n\n80",Cleo,F,7\n1880,Zed,M\n'
    report = load(engine, csv_file(tmp_path, body))
    assert rejects(engine, report) == [(4, "unknown_sex"), (8, "too_few_fields")]
    assert [(row[1], row[4]) for row in rows_in(engine)] == [("A B", 2), ("Cleo", 5)]


def test_an_open_quote_far_from_the_next_one_costs_one_row(engine: Engine, tmp_path: Path) -> None:
    rows = [b"1880,Name%06d,F,7\n" % number for number in range(2000)]
    body = b"".join(rows[:1000]) + b'1880,"Open,F,7\n' + b"".join(rows) + b'1880,"Late",F,7\n'
    report = load(engine, csv_file(tmp_path, body))
    assert report.load.rows.read == body.count(b"\n")
    assert rejects(engine, report) == [(1002, "unclosed_quote")]
    assert report.load.rows.inserted == 2001


def test_one_invalid_byte_among_many_rows_costs_one_row(engine: Engine, tmp_path: Path) -> None:
    rows = [b"1880,Name%05d,F,7\n" % (number % 5000) for number in range(120_000)]
    rows[77_777] = b"1880,Ren\xe9e,F,7\n"
    body = b"".join(rows)
    assert len(body) > BLOCK_BYTES
    report = load(engine, csv_file(tmp_path, body))
    assert counts(report) == (120_000, 5000, 0, 114_999, 1)
    assert rejects(engine, report) == [(77_779, "invalid_encoding")]
    assert report.first_rejects[0].raw == r"1880,Ren\xe9e,F,7"


def test_a_bad_year_or_count_costs_the_births_and_not_the_name(engine: Engine, tmp_path: Path) -> None:
    body = b"18x0,Ann,F,7\n1880,Bea,F,many\n1880,Cleo,F,-1\n1880,Dora,F,99999999999\n,Eve,F,7\n1880, Flo ,F, 5 \n"
    path = csv_file(tmp_path, body)
    assert load(engine, path).load.rows.inserted == 6
    report = load_births(engine, path)
    assert counts(report) == (6, 1, 0, 0, 5)
    assert rejects(engine, report) == [
        (2, "bad_year"),
        (3, "bad_births"),
        (4, "bad_births"),
        (5, "bad_births"),
        (6, "bad_year"),
    ]


def test_too_many_rejects_fail_the_load_and_show_the_first(engine: Engine, tmp_path: Path) -> None:
    path = csv_file(tmp_path, b"1880,Anna,F,7\n" * 9 + b"1880,Bob,X,7\n")
    with pytest.raises(PipelineError, match=r"line 11: unknown_sex: '1880,Bob,X,7'") as caught:
        load(engine, path, reject_limit=0.05)
    assert caught.value.code is ErrorCode.TOO_MANY_REJECTS
    assert names_in(engine) == {("Anna", "F")}
    # A higher limit is all that it takes: the rows are there, with the counts of the load that brought them.
    assert counts(load(engine, path, reject_limit=0.1)) == (10, 1, 0, 8, 1)


def test_rejects_are_kept_up_to_a_cap_and_counted_beyond(engine: Engine, tmp_path: Path) -> None:
    body = b"".join(b"1880,Name%d,X,7\n" % number for number in range(50)) + b"1880,Anna,F,7\n"
    report = load(engine, csv_file(tmp_path, body), rejects_kept=20, batch_size=3)
    assert report.load.rows.rejected == 50
    assert [line for line, _ in rejects(engine, report)] == list(range(2, 22))
    with reading(engine) as connection:
        assert connection.execute(sa.select(sa.func.count()).select_from(rejected_rows)).scalar_one() == 20


def test_a_long_raw_row_is_cut_in_the_rejects_only(engine: Engine, tmp_path: Path) -> None:
    report = load(engine, csv_file(tmp_path, "1880,{},F,7\n1880,Anna,F,7\n".format("é" * 5000).encode()))
    assert counts(report) == (2, 1, 0, 0, 1)
    assert len(report.first_rejects[0].raw) == 1000
