"""Making sure that the dataset's file is there: kept, given, or fetched by whichever way is set.

What belongs here: choosing the way, retrying what can pass, and the account of what was done. What does not: the
ways themselves, and the final name, which only the filesystem IO manager gives.
"""

import logging
from dataclasses import replace
from pathlib import Path

from babynames_dagster.common.file_errors import write_error
from babynames_dagster.common.paths import printable, resolved
from babynames_dagster.common.progress import ProgressListener, ignore_progress
from babynames_dagster.datafile.content.inspect import DataFile
from babynames_dagster.datafile.digest import HashedFile, hashed
from babynames_dagster.datafile.kept import inspect_dataset, kept_files
from babynames_dagster.datafile.store import bring_latest
from babynames_dagster.datafile.workspace import download_workspace, hand_over
from babynames_dagster.errors import ErrorCode, PipelineError
from babynames_dagster.kaggle.arrival import look_at_arrival
from babynames_dagster.kaggle.browser.session import kept_session
from babynames_dagster.kaggle.obtained import How, Obtained
from babynames_dagster.kaggle.rest.credentials import missing_user
from babynames_dagster.kaggle.rest.download import RestDownload
from babynames_dagster.kaggle.retrying import retried
from babynames_dagster.settings import FetchSettings

# What a browser meets and a plain HTTP client may not: proxies treat the two differently. A missing dataset is the same
# for both.
_BROWSER_BLOCKED = {
    ErrorCode.MISSING_CONFIG,
    ErrorCode.BROWSER_MISSING,
    ErrorCode.BROWSER_FAILED,
    ErrorCode.KAGGLE_UNREACHABLE,
    ErrorCode.KAGGLE_AUTH_ERROR,
    ErrorCode.KAGGLE_TWO_FACTOR,
    ErrorCode.KAGGLE_BOT_CHECK,
    ErrorCode.KAGGLE_FORBIDDEN,
    ErrorCode.KAGGLE_RATE_LIMITED,
    ErrorCode.KAGGLE_SITE_ERROR,
    ErrorCode.KAGGLE_LAYOUT_UNKNOWN,
    ErrorCode.KAGGLE_DOWNLOAD_NOT_STARTED,
    ErrorCode.KAGGLE_DOWNLOAD_STALLED,
    ErrorCode.KAGGLE_DOWNLOAD_TRUNCATED,
}


def obtain_dataset(
    settings: FetchSettings,
    *,
    force: bool = False,
    path: Path | None = None,
    on_progress: ProgressListener = ignore_progress,
    log: logging.Logger | None = None,
) -> Obtained:
    """Make sure that the dataset's file is there.

    Args:
        settings: Folders, account, dataset, method, retries.
        force: Fetch again even where a sound file is kept.
        path: A file to use instead; nothing is looked for or fetched.
        on_progress: Called with how far a download is, in bytes; perhaps from another thread.
        log: Where the steps are logged; this module's own logger by default.

    Raises:
        PipelineError: What is wrong with the file or stood in the way of fetching it.
    """
    steps = log or logging.getLogger(__name__)
    if path is not None:
        return _as_it_is(inspect_dataset(resolved(path.expanduser()), settings), "given")
    if force:
        return _fetch(settings, on_progress, steps)
    return _kept_or_fetched(settings, on_progress, steps)


def missing_settings(settings: FetchSettings) -> dict[str, str]:
    """Return what is not set and would be needed to get the file: description by variable; nothing is asked of Kaggle.

    Args:
        settings: As for `obtain_dataset`.
    """
    absent = missing_login(settings)
    return absent if absent and other_place(settings) is None else {}


def missing_login(settings: FetchSettings) -> dict[str, str]:
    """Return what is not set and would be needed to ask Kaggle for the file: description by variable."""
    kaggle = settings.kaggle
    if kaggle.method == "api":
        return missing_user(kaggle)
    absent = kaggle.missing("email", "password") if kaggle.headless else {}
    if not absent or kept_session(settings) is not None:
        return {}
    return missing_user(kaggle) if kaggle.method == "auto" else absent


def other_place(settings: FetchSettings) -> str | None:
    """Say where the file is, or may be, without asking Kaggle; None where it is nowhere else."""
    if settings.files.dataset_store is not None:
        return "DATASET_STORE may have the file"
    kept = kept_files(settings).sound
    return f"a run takes {printable(kept.path)}" if kept is not None else None


def _as_it_is(file: DataFile, how: How) -> Obtained:
    return Obtained(hashed(file), file.path, how, "file")


def _kept_or_fetched(settings: FetchSettings, on_progress: ProgressListener, log: logging.Logger) -> Obtained:
    kept = kept_files(settings)
    if kept.sound is None and settings.files.dataset_store is not None:
        retried(lambda: bring_latest(settings.files, log), settings, log)
        kept = kept_files(settings)
    if kept.sound is not None:
        log.info("%s is there: nothing is fetched.", printable(kept.sound.path))
        return _as_it_is(kept.sound, "kept")
    for reason in kept.refused:
        log.warning("Not used: %s", reason)
    try:
        return _fetch(settings, on_progress, log)
    except PipelineError as error:
        if not kept.refused:
            raise
        # Somebody who put a damaged file there would otherwise read of a login only.
        what = f"{error.what} What is there is not used: {'; '.join(kept.refused)}"
        raise PipelineError(error.code, what, remedy=error.remedy, retryable=error.retryable) from None


def _fetch(settings: FetchSettings, on_progress: ProgressListener, log: logging.Logger) -> Obtained:
    with download_workspace(settings.files.downloads) as workspace:
        if settings.kaggle.method == "api":
            return _by_rest(settings, workspace, on_progress, log)
        try:
            return _by_browser(settings, workspace, on_progress, log)
        except PipelineError as error:
            if settings.kaggle.method == "browser" or error.code not in _BROWSER_BLOCKED:
                raise
            blocked = error
        log.warning("The browser way is blocked, the REST way follows: [%s] %s", blocked.code.name, blocked.what)
        try:
            return _by_rest(settings, workspace, on_progress, log)
        except PipelineError as error:
            raise PipelineError(
                error.code,
                f"{error.what} Before that, the browser way was blocked: [{blocked.code.name}] {blocked.what}",
                remedy=error.remedy,
                retryable=error.retryable,
            ) from None


def _by_browser(
    settings: FetchSettings, workspace: Path, on_progress: ProgressListener, log: logging.Logger
) -> Obtained:
    from babynames_dagster.kaggle.browser.fetch import fetch_by_browser  # noqa: PLC0415 - Playwright, which a run may not need

    log.info("Fetching %s of %s with the browser.", settings.kaggle.file, settings.kaggle.dataset)

    def attempt() -> Obtained:
        arrived = fetch_by_browser(settings, workspace, on_progress, log)
        return Obtained(*_accepted(arrived, settings), "fetched", "browser")

    return retried(attempt, settings, log)


def _by_rest(settings: FetchSettings, workspace: Path, on_progress: ProgressListener, log: logging.Logger) -> Obtained:
    log.info("Fetching %s of %s by REST.", settings.kaggle.file, settings.kaggle.dataset)
    download = RestDownload(settings, workspace / "arriving")

    def attempt() -> Obtained:
        arrived = download.go_on(on_progress)
        try:
            accepted = _accepted(arrived, settings)
        except PipelineError:
            download.start_over()
            raise
        return Obtained(*accepted, "resumed" if download.resumed else "fetched", "api")

    return retried(attempt, settings, log)


def _accepted(arrived: Path, settings: FetchSettings) -> tuple[HashedFile, Path]:
    """Look at a download; return it where it waits for its final name, and that name."""
    file = look_at_arrival(arrived, settings)
    folder = settings.files.downloads
    final = folder / (settings.kaggle.file if file.kind == "csv" else f"{settings.kaggle.file}.zip")
    try:
        return hashed(replace(file, path=hand_over(arrived, folder))), final
    except OSError as error:
        raise write_error(error, folder) from None
