"""Any CSV at all: our table and counts against a plain Python model of the same rules."""

import csv
import re
import unicodedata
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from sqlalchemy.engine import Engine

from babynames_dagster.database.connection.engine import writing
from babynames_dagster.database.tables import baby_name_years, baby_names, loads, rejected_rows
from babynames_dagster.names.csv import blocks
from babynames_dagster_tests.support.loading import HEADER, counts, csv_file, load, load_births, rows_in, stream_of

pytestmark = pytest.mark.slow

NAMES = st.one_of(
    st.sampled_from(
        ["Anna", "ANNA", "anna", " Anna ", "Bob", "O'Brien", "José", "Jose", "Zoë", "Zoe\u0308", "李", "1e5"]
    ),
    st.text(st.characters(codec="utf-8", exclude_characters="\r"), max_size=6),
    st.sampled_from(["x" * 255, "x" * 256, "", "Null", '"', "a,b", "a\nb", "a\r\nb", "\\", "%s", "🙂"]),
)
SEXES = st.sampled_from(["M", "F", "m", " female ", "X", "", "Male"])
YEARS = st.sampled_from(["1880", "1881", "188", "x", " 1882 "])
Row = tuple[str, str, str, str]
Quoting = Literal[0, 1]
QUOTINGS: tuple[Quoting, ...] = (csv.QUOTE_MINIMAL, csv.QUOTE_ALL)
ROWS = st.lists(st.tuples(YEARS, NAMES, SEXES, st.sampled_from(["5", "7", "many"])), max_size=30)


@dataclass
class Model:
    """What the rules say, one row at a time."""

    table: dict[tuple[str, str], tuple[str, str, int]] = field(default_factory=dict)
    read: int = 0
    duplicate: int = 0
    rejected: int = 0

    def add(self, line: int, name: str, sex: str) -> None:
        """Account for one row."""
        self.read += 1
        clean = unicodedata.normalize("NFC", " ".join(name.split()))
        code = {"M": "M", "MALE": "M", "F": "F", "FEMALE": "F"}.get(sex.strip().upper())
        control = any(unicodedata.category(character) == "Cc" and character not in "\t\r\n" for character in name)
        if control or not clean or len(clean) > 255 or code is None:
            self.rejected += 1
            return
        key = (unicodedata.normalize("NFC", clean.casefold()), code)
        if key in self.table:
            self.duplicate += 1
        else:
            self.table[key] = (clean, code, line)


def csv_line(row: Row, quoting: Quoting, line_end: str) -> str:
    """Return a row as a line; `csv.writer` takes no NUL before Python 3.11."""
    cells = [
        f'"{cell.replace(chr(34), chr(34) * 2)}"' if quoting == csv.QUOTE_ALL or set(cell) & set(',"\r\n') else cell
        for cell in row
    ]
    return ",".join(cells) + line_end


def written(rows: list[Row], quoting: Quoting, line_end: str) -> tuple[bytes, Model]:
    """Return rows as a CSV below its header, and the model of what they come to."""
    text, model = "", Model()
    for row in rows:
        model.add(2 + text.count("\n"), row[1], row[2])
        text += csv_line(row, quoting, line_end)
    return text.encode(), model


def empty(engine: Engine) -> None:
    """Take everything out of the tables."""
    with writing(engine) as connection:
        for table in (baby_names, baby_name_years, loads, rejected_rows):
            connection.execute(sa.delete(table))


@pytest.mark.parametrize("block_bytes", [64, 1 << 20])
def test_table_and_counts_equal_a_plain_model(
    engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, block_bytes: int
) -> None:
    monkeypatch.setattr("babynames_dagster.names.csv.reading.BLOCK_BYTES", max(block_bytes, 2000))
    monkeypatch.setattr(blocks, "BLOCK_BYTES", max(block_bytes, 2000))

    @settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
    @given(
        rows=ROWS,
        quoting=st.sampled_from(QUOTINGS),
        line_end=st.sampled_from(["\n", "\r\n"]),
        batch_size=st.sampled_from([1, 3, 1000]),
    )
    def check(rows: list[Row], quoting: Quoting, line_end: str, batch_size: int) -> None:
        empty(engine)
        body, model = written([*rows, ("1880", "Last", "F", "1")], quoting, line_end)
        path = csv_file(tmp_path, body)
        report = load(engine, path, batch_size=batch_size)
        assert counts(report) == (model.read, len(model.table), 0, model.duplicate, model.rejected)
        found = {(name, sex, line) for _, name, sex, _, line in rows_in(engine)}
        assert found == set(model.table.values())
        births = load_births(engine, path, batch_size=batch_size)
        assert births.load.rows.read == model.read == sum(counts(births)[1:])

    check()


def test_any_bytes_at_all_are_accounted_for(tmp_path: Path) -> None:
    pieces = st.sampled_from(
        [b"1880", b",", b"Anna", b"F", b"7", b'"', b'""', b"\n", b"\r\n", b"\r", b"\0", b"\xff", b"\xc3\xa9", b" "]
    )

    @settings(max_examples=300, deadline=None)
    @example(body=b"1880\r\r\r\r1880")
    @given(body=st.lists(pieces, max_size=60).map(b"".join))
    def check(body: bytes) -> None:
        text = body + b"\n1880,Zed,M,7\n"
        chunks = list(stream_of(csv_file(tmp_path, text, header=HEADER)))
        rows = [row for chunk in chunks for row in chunk.rows.to_pylist()]
        lines = [reject.line for chunk in chunks for reject in chunk.rejects]
        assert len(lines) == len(set(lines))
        feeds, lone_returns = (HEADER + text).count(b"\n"), len(re.findall(rb"\r(?!\r*\n)", text))
        is_of_an_old_mac = lone_returns > feeds
        most = feeds - 1 + (text.count(b"\r") if is_of_an_old_mac else 0)
        assert 1 <= sum(row["occurrences"] for row in rows) + len(lines) <= most
        assert all(2 <= line <= most + 1 for line in (*lines, *(row["line"] for row in rows)))

    check()
