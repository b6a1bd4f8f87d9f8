"""`babynames check kaggle`: the way to the file, tried for real up to the download itself.

What belongs here: trying and saying. What does not: fetching anything.
"""

import logging
from pathlib import Path
from urllib.parse import urlsplit

from babynames_dagster.errors import PipelineError
from babynames_dagster.kaggle.apart import run_apart
from babynames_dagster.kaggle.browser_download import reach_controls
from babynames_dagster.kaggle.browser_way import visiting
from babynames_dagster.kaggle.rest import RestDownload
from babynames_dagster.kaggle.session import keep_session_if_possible, kept_session
from babynames_dagster.kaggle.signin import require_credentials, sign_in
from babynames_dagster.settings import Settings

_LOG = logging.getLogger(__name__)


def check_kaggle(settings: Settings) -> str:
    """Sign in as a run would, and see that the dataset and its file are there.

    Args:
        settings: Address, account, dataset, method.

    Returns:
        What was found, in one line.

    Raises:
        PipelineError: What a run would fail with.
    """
    if settings.kaggle_method == "api":
        return _check_api(settings)
    try:
        return run_apart(lambda: _check_site(settings))
    except PipelineError as error:
        if settings.kaggle_method == "browser":
            raise
        blocked = error
    return f"{_check_api(settings)}; the browser way is blocked: [{blocked.code.name}] {blocked.what}"


def _check_api(settings: Settings) -> str:
    size = RestDownload(settings, Path()).probe()
    who = settings.kaggle_username or ("a token" if settings.kaggle_key else "nobody in particular")
    amount = f"{size:,} bytes" if size is not None else "size unknown"
    return f"{_host(settings)} by REST as {who}: {settings.kaggle_file} of {settings.kaggle_dataset}, {amount}"


async def _check_site(settings: Settings) -> str:
    session = kept_session(settings) is not None
    if settings.kaggle_headless and not session:
        require_credentials(settings)
    headless = settings.kaggle_headless
    async with visiting(settings, _LOG, headless=headless, by_hand=not headless) as visit:
        if not (session and await reach_controls(visit)):
            session = False
            await sign_in(visit)
            await reach_controls(visit)
        keep_session_if_possible(settings, await visit.page.context.storage_state())
    how = "with the kept session" if session else "with KAGGLE_EMAIL and KAGGLE_PASSWORD"
    return f"{_host(settings)} in the browser {how}: {settings.kaggle_dataset} has a download control"


def _host(settings: Settings) -> str:
    return urlsplit(settings.kaggle_base_url).netloc
