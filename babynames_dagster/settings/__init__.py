"""Every setting of the pipeline: what it is called, where it is read, what it may be."""

from babynames_dagster.settings.model import Settings, current_settings, load_settings
from babynames_dagster.settings.types import Seconds

__all__ = ["Seconds", "Settings", "current_settings", "load_settings"]
