"""From a block of raw rows to a chunk of the stream: groups of one (name, sex), or births by year, and rejects.

What belongs here: what each row of a block becomes. What does not: reading blocks, or the database.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import pyarrow as pa
import pyarrow.compute as pc

from babynames_dagster.names.csv.blocks import Block, count_up
from babynames_dagster.names.csv.normalise import SEXES, Names, normalise_names, normalise_sexes
from babynames_dagster.names.rejects import RejectedRow, RejectReason, rejected
from babynames_dagster.names.stream import Chunk

MOST_BIRTHS = 2**31 - 1
_YEAR = r"\A[1-9][0-9]{3}\z"
_BIRTHS = r"\A[0-9]{1,10}\z"
_SEX_COUNT = len(SEXES)
_SUFFIXES = pc.ascii_lower(SEXES)

_COMMON = [pa.field("line", pa.int64()), pa.field("occurrences", pa.int64())]
NAMES_SCHEMA = pa.schema([*((name, pa.string()) for name in ("slug", "name", "sex", "initial")), *_COMMON])
YEARS_SCHEMA = pa.schema([("slug", pa.string()), ("year", pa.int32()), ("births", pa.int32()), *_COMMON])


@dataclass(frozen=True)
class _Rows:
    """Rows whose name and sex are sound.

    Attributes:
        names: The block's distinct names.
        name_codes: Each row's index into them.
        sex_codes: Each row's index into `SEXES`.
        lines: Each row's line number.
        kept: Each kept row's index in the block; None where all are kept.
    """

    names: Names
    name_codes: pa.Int32Array
    sex_codes: pa.Int32Array
    lines: pa.Int64Array
    kept: pa.UInt64Array | None


def name_rows(block: Block) -> Chunk:
    """Return a block's distinct (name, sex) pairs, each with its first line and its count, and its rejects."""
    rows, rejects = _sound_rows(block)
    # Names that differ only in case or form share a stem, and so a group.
    stems = rows.names.stems.dictionary_encode()
    keys = pc.add(pc.multiply(stems.indices.take(rows.name_codes), _SEX_COUNT), rows.sex_codes)
    positions = count_up(len(keys))
    groups = (
        pa.table({"key": keys, "position": positions})
        .group_by("key", use_threads=False)
        .aggregate([("position", "min"), ("position", "count")])
    )
    first = groups["position_min"].combine_chunks()
    codes = rows.name_codes.take(first)
    sexes = rows.sex_codes.take(first)
    columns = [
        _slugs(rows.names.stems.take(codes), sexes),
        rows.names.names.take(codes),
        SEXES.take(sexes),
        rows.names.initials.take(codes),
        rows.lines.take(first),
        groups["position_count"].combine_chunks(),
    ]
    return _chunk(columns, NAMES_SCHEMA, rejects, block)


def year_rows(block: Block) -> Chunk:
    """Return a block's births by (name, sex) and year, row by row, and its rejects."""
    rows, rejects = _sound_rows(block)
    years = _kept(block.columns["year"] if "year" in block.columns else _year_of_all(block), rows.kept)
    births = _kept(block.columns["births"], rows.kept)
    slugs = _slugs(rows.names.stems.take(rows.name_codes), rows.sex_codes)
    year_numbers = _numbers(years, _YEAR)
    birth_numbers = _numbers(births, _BIRTHS)
    birth_numbers = pc.if_else(pc.less_equal(birth_numbers, MOST_BIRTHS), birth_numbers, None)
    lines = rows.lines
    if year_numbers.null_count or birth_numbers.null_count:
        sound = pc.and_(pc.is_valid(year_numbers), pc.is_valid(birth_numbers))
        bad_year = pc.is_null(year_numbers)
        for line, is_year in zip(
            lines.filter(pc.invert(sound)).to_pylist(), bad_year.filter(pc.invert(sound)).to_pylist(), strict=True
        ):
            reason = RejectReason.BAD_YEAR if is_year else RejectReason.BAD_BIRTHS
            rejects.append(rejected(line, reason, block.text_of(line)))
        slugs, lines = slugs.filter(sound), lines.filter(sound)
        year_numbers, birth_numbers = year_numbers.filter(sound), birth_numbers.filter(sound)
    once = pa.repeat(pa.scalar(1, pa.int64()), len(lines))
    columns = [slugs, year_numbers.cast(pa.int32()), birth_numbers.cast(pa.int32()), lines, once]
    return _chunk(columns, YEARS_SCHEMA, rejects, block)


def _chunk(columns: Sequence[pa.Array], schema: pa.Schema, rejects: Sequence[RejectedRow], block: Block) -> Chunk:
    origin = block.origin
    if origin.member is not None:
        rejects = [
            replace(reject, member=origin.member, member_line=reject.line - origin.lines_before) for reject in rejects
        ]
    rows = pa.record_batch(columns, schema=schema)
    return Chunk(rows, sorted(rejects, key=lambda reject: reject.line), block.end)


def _sound_rows(block: Block) -> tuple[_Rows, list[RejectedRow]]:
    raw_names = block.columns["name"].dictionary_encode()
    raw_sexes = block.columns["sex"].dictionary_encode()
    names = normalise_names(raw_names.dictionary)
    sexes = normalise_sexes(raw_sexes.dictionary)
    codes, lines = raw_names.indices, block.lines
    sex_codes = sexes.codes.take(raw_sexes.indices)
    rejects = list(block.rejects)
    kept = None
    if names.reasons.null_count < len(names.reasons) or sexes.reasons.null_count < len(sexes.reasons):
        reasons = pc.coalesce(names.reasons.take(codes), sexes.reasons.take(raw_sexes.indices))
        bad = pc.is_valid(reasons)
        for line, reason in zip(lines.filter(bad).to_pylist(), reasons.filter(bad).to_pylist(), strict=True):
            rejects.append(rejected(line, RejectReason(reason), block.text_of(line)))
        kept = pc.indices_nonzero(pc.invert(bad))
    return (
        _Rows(names, _kept(codes, kept), _kept(sex_codes, kept), _kept(lines, kept), kept),
        rejects,
    )


def _year_of_all(block: Block) -> pa.BinaryArray:
    return pa.repeat(pa.scalar(str(block.origin.year).encode()), len(block.lines))


def _kept(values: pa.Array, kept: pa.UInt64Array | None) -> pa.Array:
    return values if kept is None else values.take(kept)


def _slugs(stems: pa.StringArray, sex_codes: pa.Int32Array) -> pa.StringArray:
    return pc.binary_join_element_wise(stems, _SUFFIXES.take(sex_codes), ".")


def _numbers(raw: pa.BinaryArray, pattern: str) -> pa.Int64Array:
    """Return the numbers that match a pattern, null where a field does not."""
    sound = pc.match_substring_regex(raw, pattern)
    if pc.all(sound).as_py() is False:
        trimmed = pa.array([value.strip() for value in raw.to_pylist()], pa.binary())
        raw = pc.if_else(pc.match_substring_regex(trimmed, pattern), trimmed, None)
    return raw.cast(pa.string()).cast(pa.int64())
