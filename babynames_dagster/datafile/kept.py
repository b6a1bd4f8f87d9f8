"""The file that is there already, put there by a run or by a person.

What belongs here: which file in the download folder is ours, and whether it is young enough. What does not: fetching.
"""

import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from babynames_dagster.datafile.content.columns import NAME, SEX
from babynames_dagster.datafile.content.header import header_of
from babynames_dagster.datafile.content.inspect import DataFile, inspect_file
from babynames_dagster.datafile.folder import list_folder
from babynames_dagster.errors import ErrorCode, PipelineError
from babynames_dagster.settings import FetchSettings

_UNSOUND = {
    ErrorCode.ZIP_INVALID,
    ErrorCode.ZIP_TRUNCATED,
    ErrorCode.ZIP_CRC_ERROR,
    ErrorCode.CSV_EMPTY,
    ErrorCode.FILE_NOT_CSV,
}
_SECONDS_PER_DAY = 86_400
_TAKEN = "is taken in place of {}: it is the last modified"


@dataclass(frozen=True)
class KeptFiles:
    """What the download folder offers.

    Attributes:
        sound: The file to use; None where one has to be fetched.
        refused: Why files that looked like ours are not used, for the error of a fetch that fails.
    """

    sound: DataFile | None
    refused: tuple[str, ...]


def inspect_dataset(path: Path, settings: FetchSettings) -> DataFile:
    """Recognise a file that may be the dataset's, within the settings' limits.

    Raises:
        PipelineError: As `inspect_file`.
    """
    return inspect_file(path, wanted=settings.kaggle.file, max_uncompressed=settings.files.max_uncompressed_bytes)


def kept_files(settings: FetchSettings) -> KeptFiles:
    """Look for the dataset's file in the download folder.

    Ours are `<KAGGLE_FILE>.zip`, `<KAGGLE_FILE>`, and any other zip or CSV whose header has the columns Name and Sex:
    somebody put it there, such as the `archive.zip` that a browser saves. The last modified comes first.

    Args:
        settings: Folder, file, age limit.

    Raises:
        PipelineError: What is wrong with our file, where fetching it again would not help (FILE_NOT_READABLE,
            ZIP_ENCRYPTED, ZIP_UNSUPPORTED, ZIP_TOO_LARGE, CSV_NOT_IN_ZIP).
    """
    refused: list[str] = []
    for found in _candidates(settings, refused):
        age = (time.time() - found.path.stat().st_mtime) / _SECONDS_PER_DAY
        if settings.kaggle.max_age_days is None or age <= settings.kaggle.max_age_days:
            return KeptFiles(found, tuple(refused))
        refused.append(f"{found.path} is {age:.1f} days old (KAGGLE_MAX_AGE_DAYS={settings.kaggle.max_age_days:g})")
    return KeptFiles(None, tuple(refused))


def _candidates(settings: FetchSettings, refused: list[str]) -> Iterator[DataFile]:
    """Yield files that may be ours, the last modified first; say why others of our name are not."""
    ours = {settings.kaggle.file, f"{settings.kaggle.file}.zip"}
    entries = list_folder(settings.files.downloads, ours).entries
    for entry in sorted(entries, key=lambda entry: entry.modified_ns, reverse=True):
        is_named_ours = Path(entry.path).name in ours
        try:
            found = inspect_dataset(Path(entry.path), settings)
            if is_named_ours:
                yield found
            elif _has_names(found, settings):
                strange = found.note is None and not found.members
                yield replace(found, note=_TAKEN.format(settings.kaggle.file)) if strange else found
        except PipelineError as error:
            if is_named_ours and error.code not in _UNSOUND:
                raise
            if is_named_ours:
                refused.append(error.what)


def _has_names(file: DataFile, settings: FetchSettings) -> bool:
    """Return whether a file's header says that it holds names; one without a header has to have our name."""
    dialect = header_of(file, settings.files, wanted=(NAME, SEX))
    return dialect.has_header or dialect.year is not None
