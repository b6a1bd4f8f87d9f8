"""Advice about settings that make a load slow."""

from babynames_dagster.settings import LoadingSettings

SLOW_BATCH_SIZE = 100


def slow_settings_warning(settings: LoadingSettings) -> str | None:
    """Return a warning where BATCH_SIZE makes a load several times slower; None where it does not."""
    if settings.load.batch_size >= SLOW_BATCH_SIZE:
        return None
    return (
        f"BATCH_SIZE={settings.load.batch_size} makes a transaction of every {settings.load.batch_size} rows, "
        "which can take ten times as long; leave it at 100000 unless the server needs short transactions."
    )
