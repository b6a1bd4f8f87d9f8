"""`babynames check kaggle`: the way to the file, tried for real up to the download itself.

What belongs here: trying and saying. What does not: fetching anything.
"""

import logging
from pathlib import Path
from urllib.parse import urlsplit

from babynames_dagster.errors import PipelineError
from babynames_dagster.kaggle.browser.download import reach_controls
from babynames_dagster.kaggle.browser.fetch import visiting
from babynames_dagster.kaggle.browser.own_loop import run_in_own_loop
from babynames_dagster.kaggle.browser.session import keep_session_if_possible, kept_session
from babynames_dagster.kaggle.browser.signin import asked_again, require_credentials, sign_in
from babynames_dagster.kaggle.obtain import missing_login, other_place
from babynames_dagster.kaggle.rest.download import RestDownload
from babynames_dagster.settings import FetchSettings

_log = logging.getLogger(__name__)


def check_kaggle(settings: FetchSettings) -> str:
    """Sign in as a run would, and see that the dataset and its file are there.

    Args:
        settings: Address, account, dataset, method.

    Returns:
        What was found, in one line.

    Raises:
        PipelineError: What a run would fail with.
    """
    absent = missing_login(settings)
    if absent and (place := other_place(settings)) is not None:
        return f"not asked, without {' and '.join(absent)}; {place}"
    if settings.kaggle.method == "api":
        return _check_api(settings)
    try:
        return run_in_own_loop(lambda: _check_site(settings))
    except PipelineError as error:
        if settings.kaggle.method == "browser":
            raise
        blocked = error
    return f"{_check_api(settings)}; the browser way is blocked: [{blocked.code.name}] {blocked.what}"


def _check_api(settings: FetchSettings) -> str:
    download = RestDownload(settings, Path())
    size = download.probe()
    who = f"with {download.account}" if download.account else "without credentials"
    amount = f"{size:,} bytes" if size is not None else "size unknown"
    return f"{_host(settings)} by REST {who}: {settings.kaggle.file} of {settings.kaggle.dataset}, {amount}"


async def _check_site(settings: FetchSettings) -> str:
    headless = settings.kaggle.headless
    if headless and kept_session(settings) is None:
        require_credentials(settings)
    async with visiting(settings, _log, headless=headless, by_hand=not headless) as visit:
        # Asked only now: opening the browser forgets a session that it can't use.
        kept = kept_session(settings) is not None and await reach_controls(visit)
        if not kept:
            await sign_in(visit)
            if not await reach_controls(visit):
                raise asked_again()
        keep_session_if_possible(settings, await visit.page.context.storage_state())
    how = how_signed_in(kept=kept, headless=headless)
    return f"{_host(settings)} in the browser {how}: {settings.kaggle.dataset} has a download control"


def how_signed_in(*, kept: bool, headless: bool) -> str:
    """Say how the browser came to be signed in; in a window, a person may have used another account.

    Args:
        kept: Whether the kept session was still good.
        headless: Whether there was no window.
    """
    if kept:
        return "with the kept session"
    return "with KAGGLE_EMAIL and KAGGLE_PASSWORD" if headless else "after a login in its window"


def _host(settings: FetchSettings) -> str:
    return urlsplit(settings.kaggle.base_url).netloc
