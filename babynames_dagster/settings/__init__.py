"""Every setting of the pipeline: what it is called, where it is read, what it may be."""

from babynames_dagster.settings.database import DatabaseSettings
from babynames_dagster.settings.files import FileSettings
from babynames_dagster.settings.hubspot import HubSpotSettings
from babynames_dagster.settings.kaggle import KaggleSettings
from babynames_dagster.settings.load import LoadSettings
from babynames_dagster.settings.model import Settings, current_settings, load_settings
from babynames_dagster.settings.operation import AlertSettings, RetrySettings, ScheduleSettings
from babynames_dagster.settings.types import Seconds

__all__ = [
    "AlertSettings",
    "DatabaseSettings",
    "FileSettings",
    "HubSpotSettings",
    "KaggleSettings",
    "LoadSettings",
    "RetrySettings",
    "ScheduleSettings",
    "Seconds",
    "Settings",
    "current_settings",
    "load_settings",
]
