"""Opening a client of the app that the settings name.

What belongs here: from settings to a client. What does not: what a client does (`client.py`).
"""

import hashlib
import logging
from collections.abc import Callable

from sqlalchemy.engine import Engine

from babynames_dagster.hubspot.api.client import HubSpotClient
from babynames_dagster.hubspot.api.transport import Transport
from babynames_dagster.hubspot.pace.limiter import RateLimiter
from babynames_dagster.hubspot.pace.pacing import MAX_PAUSE_SECONDS
from babynames_dagster.settings import AccountSettings
from babynames_dagster.settings.sandbox_file import remedy_of_refused

_log = logging.getLogger(__name__)


def app_digest(settings: AccountSettings) -> str:
    """Return the name under which an app's pacing is kept: nothing in it leads back to the token.

    Raises:
        PipelineError: MISSING_CONFIG without a token.
    """
    settings.hubspot.require("access_token")
    return hashlib.sha256(f"{settings.hubspot.base_url}\n{_token(settings)}".encode()).hexdigest()


def open_client(
    settings: AccountSettings, engine: Engine, *, say: Callable[[str], None] = _log.warning
) -> HubSpotClient:
    """Build the client of the app that the settings name, and find out its portal; arguments as `build_client`.

    Raises:
        PipelineError: As `build_client` and `HubSpotClient.find_portal`.
    """
    client = build_client(settings, engine, say=say)
    try:
        client.find_portal()
    except BaseException:
        client.__exit__(None, None, None)
        raise
    return client


def build_client(
    settings: AccountSettings, engine: Engine, *, say: Callable[[str], None] = _log.warning
) -> HubSpotClient:
    """Build the client of the app that the settings name, which asks for its portal at first use.

    Args:
        settings: HUBSPOT_*, MAX_RETRIES, RETRY_DELAY.
        engine: The database that the limiter is kept in.
        say: Called at each pause of more than some seconds that HubSpot asks for.

    Raises:
        PipelineError: MISSING_CONFIG without a token.
    """
    app, base_url = app_digest(settings), settings.hubspot.base_url
    patience = max(MAX_PAUSE_SECONDS, settings.hubspot.wait)
    return HubSpotClient(
        Transport(
            base_url,
            _token(settings),
            connections=settings.hubspot.max_in_flight,
            timeout=settings.hubspot.timeout,
            if_refused=remedy_of_refused(base_url, "HUBSPOT_BASE_URL", settings.hubspot.env_file),
        ),
        RateLimiter(
            engine,
            app,
            calls_per_window=settings.hubspot.rate_limit,
            spacing_seconds=settings.hubspot.batch_delay / 1000,
            daily_reserve=settings.hubspot.daily_reserve,
            patience_seconds=patience,
        ),
        api_version=settings.hubspot.api_version,
        max_retries=settings.retries.max_retries,
        retry_delay_seconds=settings.retries.delay_seconds,
        patience_seconds=patience,
        say=say,
    )


def _token(settings: AccountSettings) -> str:
    return settings.hubspot.access_token.get_secret_value().strip() if settings.hubspot.access_token else ""
