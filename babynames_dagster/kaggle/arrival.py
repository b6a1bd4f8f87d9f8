"""Checking what was downloaded, before anything relies on it.

What belongs here: the difference between a bad download and a bad file. What does not: reading the CSV for its rows.
"""

from pathlib import Path

from babynames_dagster.common.log.masking import Mask
from babynames_dagster.datafile.content.archive import verify_content
from babynames_dagster.datafile.content.columns import NAME
from babynames_dagster.datafile.content.header import header_of
from babynames_dagster.datafile.content.inspect import DataFile
from babynames_dagster.datafile.kept import inspect_dataset
from babynames_dagster.errors import ErrorCode, PipelineError
from babynames_dagster.kaggle.browser.obstacles import error_in_json, refused_status
from babynames_dagster.settings import FetchSettings

_BAD_DOWNLOAD = {
    ErrorCode.ZIP_TRUNCATED: ErrorCode.KAGGLE_DOWNLOAD_TRUNCATED,
    ErrorCode.CSV_EMPTY: ErrorCode.KAGGLE_DOWNLOAD_TRUNCATED,
    ErrorCode.ZIP_CRC_ERROR: ErrorCode.KAGGLE_CHECKSUM_MISMATCH,
    ErrorCode.ZIP_INVALID: ErrorCode.KAGGLE_CHECKSUM_MISMATCH,
}
_HEAD_BYTES = 4096


def look_at_arrival(path: Path, settings: FetchSettings) -> DataFile:
    """Recognise a fresh download by its bytes, and read it through once for its checksums.

    Args:
        path: The download, under whatever name.
        settings: The wanted file and the limits.

    Raises:
        PipelineError: A KAGGLE_* code where another download may be better, else what `inspect_file` says.
    """
    _raise_if_message(path, Mask(settings.secrets()))
    try:
        found = inspect_dataset(path, settings)
        verify_content(found, max_uncompressed=settings.files.max_uncompressed_bytes)
    except PipelineError as error:
        if error.code not in _BAD_DOWNLOAD:
            raise
        raise PipelineError(_BAD_DOWNLOAD[error.code], f"What Kaggle sent is unsound: {error.what}") from None
    if found.kind == "csv":
        try:
            header_of(found, settings.files, wanted=(NAME,))
        except PipelineError as error:
            if error.code is ErrorCode.CSV_ENCODING_ERROR:  # a setting away from being read
                return found
            raise PipelineError(
                ErrorCode.KAGGLE_SITE_ERROR,
                f"Kaggle sent a text without a column Name in the file's place: {error.what}",
                remedy=error.remedy,
            ) from None
    return found


def _raise_if_message(path: Path, mask: Mask) -> None:
    """Distinguish a page or an API's error, sent in the file's place, from the file."""
    with path.open("rb") as stream:
        head = stream.read(_HEAD_BYTES).lstrip().decode("utf-8", "replace")
    if head.startswith("<"):
        raise PipelineError(ErrorCode.KAGGLE_SITE_ERROR, "Kaggle sent a web page in the file's place.")
    error = error_in_json(mask(head)) if head.startswith("{") else None
    if head.startswith("{") and error is None:
        raise PipelineError(ErrorCode.KAGGLE_SITE_ERROR, "Kaggle sent JSON in the file's place.")
    if error is not None:
        code = refused_status(error[0]) or ErrorCode.KAGGLE_SITE_ERROR
        raise PipelineError(code, f"Kaggle sent an error in the file's place: {error[1]} ({error[0]}).")
