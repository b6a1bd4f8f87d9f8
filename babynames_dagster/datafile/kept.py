"""The file that is there already, whoever put it there.

What belongs here: which file in the download folder is ours, and whether it is young enough. What does not: fetching.
"""

import time
from dataclasses import dataclass
from pathlib import Path

from babynames_dagster.datafile.header import header_columns
from babynames_dagster.datafile.inspect import inspect_file
from babynames_dagster.errors import ErrorCode, PipelineError
from babynames_dagster.settings import FetchSettings

_UNSOUND = {ErrorCode.ZIP_INVALID, ErrorCode.ZIP_TRUNCATED, ErrorCode.ZIP_CRC_ERROR, ErrorCode.CSV_EMPTY}
_SUFFIXES = {".zip", ".csv"}
_COLUMNS = {"name", "sex"}
_SECONDS_PER_DAY = 86_400


@dataclass(frozen=True)
class KeptFiles:
    """What the download folder offers.

    Attributes:
        sound: The file to use; None where one has to be fetched.
        refused: Why files that looked like ours are not used, for the error of a fetch that fails.
    """

    sound: Path | None
    refused: tuple[str, ...]


def kept_files(settings: FetchSettings) -> KeptFiles:
    """Look for the dataset's file in the download folder.

    Ours are `<KAGGLE_FILE>.zip`, `<KAGGLE_FILE>`, and any other zip or CSV whose header has the columns Name and Sex:
    somebody put it there, such as the `archive.zip` that a browser saves. The last modified comes first.

    Args:
        settings: Folder, file, age limit.

    Raises:
        PipelineError: What is wrong with our file, where fetching it anew would not help (FILE_NOT_READABLE,
            ZIP_ENCRYPTED, ZIP_TOO_LARGE, CSV_NOT_IN_ZIP).
    """
    refused = []
    for path in _ours(settings):
        age = _age_days(path)
        if settings.kaggle.max_age_days is not None and age > settings.kaggle.max_age_days:
            refused.append(f"{path} is {age:.1f} days old (KAGGLE_MAX_AGE_DAYS={settings.kaggle.max_age_days:g})")
            continue
        try:
            inspect_file(path, wanted=settings.kaggle.file, max_uncompressed=settings.files.max_uncompressed_bytes)
        except PipelineError as error:
            if error.code not in _UNSOUND:
                raise
            refused.append(error.what)
        else:
            return KeptFiles(path, tuple(refused))
    return KeptFiles(None, tuple(refused))


def _ours(settings: FetchSettings) -> list[Path]:
    folder = settings.files.downloads
    named = [folder / f"{settings.kaggle.file}.zip", folder / settings.kaggle.file]
    visible = [path for path in folder.glob("[!.]*") if path.suffix.casefold() in _SUFFIXES and path.is_file()]
    present = {*visible, *(path for path in named if path.is_file())}
    return [path for path in sorted(present, key=_age_days) if path in named or _is_dataset(path, settings)]


def _is_dataset(path: Path, settings: FetchSettings) -> bool:
    try:
        found = inspect_file(path, wanted=settings.kaggle.file, max_uncompressed=settings.files.max_uncompressed_bytes)
        return header_columns(found, settings) >= _COLUMNS
    except PipelineError:
        return False


def _age_days(path: Path) -> float:
    return (time.time() - path.stat().st_mtime) / _SECONDS_PER_DAY
