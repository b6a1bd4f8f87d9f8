"""Identities for whole columns: vectorised where a name is plain ASCII, one by one where it is not.

What belongs here: the columns' way to the rules of `names/identity.py`. What does not: the rules.
"""

from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from babynames_dagster.names.identity import LONGEST_STEM, OTHER, NameIdentity, identify, sex_of
from babynames_dagster.names.rejects import RejectReason

SEXES = pa.array(["M", "F"])


@dataclass(frozen=True)
class Names:
    """The identities of distinct raw names; where `reasons` is not null, the others are.

    Attributes:
        names: In normal form.
        stems: Slugs without the sex.
        initials: `A`..`Z` or `other`.
        reasons: Why a name is none.
    """

    names: pa.StringArray
    stems: pa.StringArray
    initials: pa.StringArray
    reasons: pa.StringArray


@dataclass(frozen=True)
class Sexes:
    """The sexes that distinct raw values mean.

    Attributes:
        codes: Index into `SEXES`; null where `reasons` is not.
        reasons: Why a value is none.
    """

    codes: pa.Int32Array
    reasons: pa.StringArray


def normalise_names(raw: pa.BinaryArray) -> Names:
    """Return the identities of raw names."""
    # Unchecked: a value that is no UTF-8 is no plain ASCII either, and goes the careful way as bytes.
    unchecked = raw.cast(pa.string(), safe=False)
    plain = pc.and_(pc.ascii_is_alnum(unchecked), pc.less_equal(pc.binary_length(raw), LONGEST_STEM))
    if pc.all(plain).as_py() is not False:
        return _plain_names(unchecked)
    identities = [identify(value) for value in raw.filter(pc.invert(plain)).to_pylist()]
    odd = Names(
        _text([item.name if isinstance(item, NameIdentity) else None for item in identities]),
        _text([item.stem if isinstance(item, NameIdentity) else None for item in identities]),
        _text([item.initial if isinstance(item, NameIdentity) else None for item in identities]),
        _text([item.value if isinstance(item, RejectReason) else None for item in identities]),
    )
    return _in_order(plain, _plain_names(unchecked.filter(plain)), odd)


def normalise_sexes(raw: pa.BinaryArray) -> Sexes:
    """Return the sexes that raw values mean."""
    codes = {value.as_py(): code for code, value in enumerate(SEXES)}
    found = [sex_of(value) for value in raw.to_pylist()]
    return Sexes(
        pa.array([None if isinstance(item, RejectReason) else codes[item] for item in found], pa.int32()),
        _text([item.value if isinstance(item, RejectReason) else None for item in found]),
    )


def _plain_names(names: pa.StringArray) -> Names:
    first = pc.ascii_upper(pc.binary_slice(names.cast(pa.binary()), 0, 1).cast(pa.string()))
    initials = pc.if_else(pc.ascii_is_alpha(first), first, OTHER)
    return Names(names, pc.ascii_lower(names), initials, pa.nulls(len(names), pa.string()))


def _in_order(plain: pa.BooleanArray, plain_ones: Names, odd_ones: Names) -> Names:
    """Put both kinds back where they came from."""
    rank = pc.subtract(pc.cumulative_sum(plain.cast(pa.int64())), 1)
    odd_rank = pc.add(pc.subtract(pc.cumulative_sum(pc.invert(plain).cast(pa.int64())), 1), len(plain_ones.names))
    order = pc.if_else(plain, rank, odd_rank)

    def merged(first: pa.StringArray, second: pa.StringArray) -> pa.StringArray:
        return pa.concat_arrays([first, second]).take(order)

    return Names(
        merged(plain_ones.names, odd_ones.names),
        merged(plain_ones.stems, odd_ones.stems),
        merged(plain_ones.initials, odd_ones.initials),
        merged(plain_ones.reasons, odd_ones.reasons),
    )


def _text(values: list[str | None]) -> pa.StringArray:
    return pa.array(values, pa.string())
