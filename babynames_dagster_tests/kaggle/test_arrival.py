"""What arrived in the file's place: the file, a page, or an error."""

from pathlib import Path

import pytest

from babynames_dagster.errors import ErrorCode, PipelineError
from babynames_dagster.kaggle.arrival import look_at_arrival
from babynames_dagster.settings import load_settings


@pytest.mark.parametrize(
    ("sent", "code"),
    [
        (b'{"message":"Unauthorized"}', ErrorCode.KAGGLE_AUTH_ERROR),
        (b'{"message":"Whatever"}', ErrorCode.KAGGLE_SITE_ERROR),
        (b"Service temporarily unavailable", ErrorCode.KAGGLE_SITE_ERROR),
        (b"The name can't be resolved\n", ErrorCode.KAGGLE_SITE_ERROR),
    ],
)
def test_a_text_in_the_files_place_is_no_file(tmp_path: Path, sent: bytes, code: ErrorCode) -> None:
    arrived = tmp_path / "arrived"
    arrived.write_bytes(sent)

    with pytest.raises(PipelineError) as caught:
        look_at_arrival(arrived, load_settings().fetching)

    assert caught.value.code is code


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
def test_a_csv_is_one_in_any_encoding_and_letter_case(tmp_path: Path, encoding: str) -> None:
    arrived = tmp_path / "arrived.csv"
    arrived.write_bytes('YEAR;"NAME";SEX\r\n1880;"Mary";F\r\n'.encode(encoding))

    assert look_at_arrival(arrived, load_settings().fetching).kind == "csv"
