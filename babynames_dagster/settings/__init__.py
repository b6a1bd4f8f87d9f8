"""Every setting of the pipeline: what it is called, where it is read, what it may be."""

from babynames_dagster.settings.groups.database import DatabaseSettings
from babynames_dagster.settings.groups.files import FileSettings
from babynames_dagster.settings.groups.hubspot import HubSpotSettings
from babynames_dagster.settings.groups.kaggle import KaggleSettings
from babynames_dagster.settings.groups.load import LoadSettings
from babynames_dagster.settings.groups.operation import AlertSettings, RetrySettings, ScheduleSettings
from babynames_dagster.settings.model import Settings, load_settings
from babynames_dagster.settings.secrets import Secrets
from babynames_dagster.settings.views import AccountSettings, FetchSettings, LoadingSettings

__all__ = [
    "AccountSettings",
    "AlertSettings",
    "DatabaseSettings",
    "FetchSettings",
    "FileSettings",
    "HubSpotSettings",
    "KaggleSettings",
    "LoadSettings",
    "LoadingSettings",
    "RetrySettings",
    "ScheduleSettings",
    "Secrets",
    "Settings",
    "load_settings",
]
