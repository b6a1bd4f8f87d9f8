"""Advice about settings that make the sync slow."""

from babynames_dagster.hubspot.api.endpoints import BATCH_INPUTS
from babynames_dagster.hubspot.pace.pacing import Limit
from babynames_dagster.settings import HubSpotSettings

_WORTH_TELLING = 10.0


def slow_settings_warning(settings: HubSpotSettings) -> str | None:
    """Return what to set instead, where HUBSPOT_BATCH_DELAY, HUBSPOT_REQUESTS_PER_BATCH or both cost a factor of ten.

    None where they do not. An `.env` of an older version of this pipeline has 2000 and 10: 5 contacts a second.
    """
    limit = Limit(calls=settings.rate_limit or Limit.calls)
    fastest = limit.calls / limit.window
    delay = settings.batch_delay / 1000
    calls = min(fastest, 1 / delay) if delay else fastest
    contacts = calls * settings.requests_per_batch
    factor = fastest * BATCH_INPUTS / contacts
    if factor < _WORTH_TELLING:
        return None
    blamed = []
    if calls < fastest:
        blamed.append(f"HUBSPOT_BATCH_DELAY={settings.batch_delay}: unset it, HubSpot's limit is kept anyway")
    if settings.requests_per_batch < BATCH_INPUTS:
        blamed.append(f"HUBSPOT_REQUESTS_PER_BATCH={settings.requests_per_batch}: set it to {BATCH_INPUTS}")
    return (
        f"The settings allow {contacts:,.3g} contacts a second, {factor:,.0f} times fewer than HubSpot does. "
        + "; ".join(blamed)
        + "."
    )
