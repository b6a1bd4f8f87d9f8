"""What has to be set, by the part of the pipeline that needs it: the one list that every command uses.

What belongs here: naming what is absent. What does not: trying what is there (`checks.py`). Each part imports what it
asks, so that a probe of the database is cheap.
"""

from collections.abc import Callable, Mapping

from babynames_dagster.errors import PipelineError
from babynames_dagster.settings import Settings
from babynames_dagster.settings.groups.group import not_set

_OTHER_WAYS = (
    "Set them in the environment or in .env. In place of Kaggle's: run `babynames login`, or set KAGGLE_METHOD=api, or "
    "download the zip yourself and put it into DOWNLOAD_DIR."
)


def missing(settings: Settings, part: str) -> Mapping[str, str]:
    """Return what a part needs and is not set: description by variable.

    Args:
        settings: What is set.
        part: `db`, `kaggle` or `hubspot`; any other needs nothing.
    """
    find = _MISSING.get(part)
    return find(settings) if find is not None else {}


def require(settings: Settings, *parts: str) -> None:
    """Make sure that all is set that these parts need.

    Raises:
        PipelineError: MISSING_CONFIG, naming every absent variable at once.
    """
    absent = {name: text for part in parts for name, text in missing(settings, part).items()}
    if not absent:
        return
    error = not_set(absent, settings.env_file)
    remedy = _OTHER_WAYS if "KAGGLE_PASSWORD" in absent or "KAGGLE_EMAIL" in absent else error.remedy
    raise PipelineError(error.code, error.what, remedy=remedy)


def _of_database(settings: Settings) -> Mapping[str, str]:
    return settings.database.missing(*settings.database.needed)


def _of_kaggle(settings: Settings) -> Mapping[str, str]:
    from babynames_dagster.kaggle.obtain import missing_settings  # noqa: PLC0415 - reads files with Arrow

    return missing_settings(settings.fetching)


def _of_hubspot(settings: Settings) -> Mapping[str, str]:
    return settings.hubspot.missing("access_token")


_MISSING: dict[str, Callable[[Settings], Mapping[str, str]]] = {
    "db": _of_database,
    "kaggle": _of_kaggle,
    "hubspot": _of_hubspot,
}
