"""`babynames login`: a person signs in, in a window, and the session is kept for the headless runs."""

import logging
from pathlib import Path

from babynames_dagster.kaggle.browser.fetch import visiting
from babynames_dagster.kaggle.browser.own_loop import run_in_own_loop
from babynames_dagster.kaggle.browser.session import keep_session
from babynames_dagster.kaggle.browser.signin import sign_in
from babynames_dagster.settings import FetchSettings

_log = logging.getLogger(__name__)


def sign_in_by_hand(settings: FetchSettings) -> Path:
    """Open a window on Kaggle's login, wait until somebody is signed in, and keep the session.

    KAGGLE_EMAIL and KAGGLE_PASSWORD are filled in where they are set; second factor and captcha are the person's.

    Args:
        settings: Address, browser, data folder.

    Returns:
        Where the session is kept (mode 0600).

    Raises:
        PipelineError: BROWSER_MISSING, BROWSER_FAILED (no screen, window closed), KAGGLE_AUTH_ERROR (no sign-in
            in within ten minutes), KAGGLE_UNREACHABLE or FILE_NOT_WRITABLE.
    """
    return run_in_own_loop(lambda: keep_new_session(settings, headless=False))


async def keep_new_session(settings: FetchSettings, *, headless: bool) -> Path:
    """Wait until somebody is signed in, and keep the session.

    Args:
        settings: Address, browser, data folder.
        headless: Without a window, for a login that needs no hands.

    Returns:
        Where the session is kept.

    Raises:
        PipelineError: As `sign_in_by_hand`.
    """
    async with visiting(settings, _log, headless=headless, by_hand=True) as visit:
        await sign_in(visit)
        return keep_session(settings, await visit.page.context.storage_state())
