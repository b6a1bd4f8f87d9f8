"""Whole columns of names get the identities that single names get."""

import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from babynames_dagster.names.csv.normalise import normalise_names
from babynames_dagster.names.identity import NameIdentity, identify
from babynames_dagster.names.rejects import RejectReason


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
