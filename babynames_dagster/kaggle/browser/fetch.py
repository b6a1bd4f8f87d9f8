"""The browser way to the file: sign in where needed, start the download, follow it, keep the session.

What belongs here: the order of the steps, and the picture taken where one fails. What does not: the steps.
"""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from playwright.async_api import Error

from babynames_dagster.common.log.masking import forms_of
from babynames_dagster.common.progress import ProgressListener
from babynames_dagster.errors import ErrorCode, PipelineError
from babynames_dagster.kaggle.browser.download import BrowserDownloads, dataset_path, open_downloads, start_download
from babynames_dagster.kaggle.browser.launch import browser_error, open_browser
from babynames_dagster.kaggle.browser.own_loop import run_in_own_loop
from babynames_dagster.kaggle.browser.screenshots import save_screenshot
from babynames_dagster.kaggle.browser.session import keep_session_if_possible, kept_session
from babynames_dagster.kaggle.browser.signin import asked_again, require_credentials, sign_in
from babynames_dagster.kaggle.browser.visit import Visit
from babynames_dagster.settings import FetchSettings


def fetch_by_browser(
    settings: FetchSettings, workspace: Path, on_progress: ProgressListener, log: logging.Logger
) -> Path:
    """Download the dataset's file with a real browser.

    Args:
        settings: Account, dataset, browser, timeouts.
        workspace: An empty folder; the file is in it afterwards.
        on_progress: Called with how far the download is, in bytes, from the browser's thread.
        log: Where the steps are logged.

    Returns:
        The file.

    Raises:
        PipelineError: What stood in the way, with the name of a screenshot.
    """
    if settings.kaggle.headless and kept_session(settings) is None:
        require_credentials(settings)
    return run_in_own_loop(lambda: _fetch(settings, workspace, on_progress, log))


@asynccontextmanager
async def visiting(
    settings: FetchSettings, log: logging.Logger, *, headless: bool, by_hand: bool, downloads: Path | None = None
) -> AsyncIterator[Visit]:
    """Open a browser on one page; a failure in the block takes a picture of it along.

    Args:
        settings: Browser, session, timeouts, LOG_DIR.
        log: Where the steps are logged.
        headless: Without a window.
        by_hand: Whether a person deals with obstacles.
        downloads: Where downloads are written.

    Raises:
        PipelineError: What the block raised, with the name of the screenshot.
    """
    async with open_browser(settings, headless=headless, downloads=downloads) as context:
        visit = Visit(await context.new_page(), settings, log, by_hand=by_hand)
        banners = asyncio.ensure_future(visit.dismiss_banners())
        try:
            yield visit
        except (PipelineError, Error) as error:
            failure = error if isinstance(error, PipelineError) else browser_error(error, "at work on the site")
            raise await _with_screenshot(failure, visit) from None
        finally:
            banners.cancel()


async def _fetch(settings: FetchSettings, workspace: Path, on_progress: ProgressListener, log: logging.Logger) -> Path:
    headless = settings.kaggle.headless
    async with visiting(settings, log, headless=headless, by_hand=not headless, downloads=workspace) as visit:
        context = visit.page.context
        downloads = await open_downloads(context, visit.page, workspace)
        await _start(visit, downloads, signed_in=kept_session(settings) is not None)
        keep_session_if_possible(settings, await context.storage_state())
        finished = await downloads.finish(on_progress, patience=settings.kaggle.timeout)
        # Out of the browser's reach, which deletes its downloads when it closes.
        return finished.replace(workspace / "arrived")


async def _start(visit: Visit, downloads: BrowserDownloads, *, signed_in: bool) -> None:
    if signed_in:
        if await start_download(visit, downloads):
            return
        visit.log.info("The kept session has ended: signing in again.")
    await sign_in(visit, return_to=dataset_path(visit.settings))
    if not await start_download(visit, downloads):
        raise asked_again()


async def _with_screenshot(error: PipelineError, visit: Visit) -> PipelineError:
    if visit.by_hand and visit.page.is_closed():
        return PipelineError(
            ErrorCode.BROWSER_FAILED,
            "The window was closed before the work in it was done.",
            remedy="Run it again, and leave the window open: it closes by itself.",
            retryable=False,
        )
    settings = visit.settings
    secrets = forms_of(settings.kaggle.password.get_secret_value()) if settings.kaggle.password else ()
    picture = await save_screenshot(visit.page, settings.files.logs, error.code, secrets=tuple(secrets))
    what = error.what if picture is None else f"{error.what} Screenshot: {picture}"
    # No second window after the first was closed.
    retryable = error.retryable and not visit.by_hand
    return PipelineError(error.code, what, remedy=error.remedy, retryable=retryable)
