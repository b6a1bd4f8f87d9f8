"""Settings of the load into the tables."""

from pydantic import Field

from babynames_dagster.settings.groups.group import Group
from babynames_dagster.settings.types import Share


class LoadSettings(Group):
    """Batches of a load, and how many rejected rows it may have."""

    batch_size: int = Field(
        100_000,
        validation_alias="BATCH_SIZE",
        ge=1,
        description="Distinct rows gathered for one transaction of the load",
    )
    reject_limit: Share = Field(
        0.05,
        validation_alias="REJECT_LIMIT",
        ge=0,
        le=1,
        description="Share of rejected rows (`0.05` or `5%`) above which a load fails",
    )
    rejects_kept: int = Field(
        1000,
        validation_alias="REJECTS_KEPT",
        ge=0,
        description="Most rejected rows kept a load; their count is always exact",
    )
