"""What every asset of contacts declares: its pool, what a run may ask of it, and the name of what tells a dry run.

What belongs here: what Dagster shows before a run. What does not: the run (`runs.py`).
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import dagster as dg
from pydantic import Field

from babynames_dagster.orchestration.assets.partitions import DRY_RUN_TAG

if TYPE_CHECKING:
    from babynames_dagster.hubspot.sync.report import SyncOptions

POOL = "hubspot"
DRY_RUN_KEY = "dry_run"
"""Says in a run's metadata whether it wrote nothing."""


class SyncConfig(dg.Config):
    """What a run may ask of the sync."""

    full_refresh: bool = Field(
        default=False, description="Send every contact, changed or not, those that undo archived among them."
    )
    retry_rejected: bool = Field(default=False, description="Send again the contacts that HubSpot rejected before.")
    override_guards: bool = Field(
        default=False, description="Write more than HUBSPOT_MAX_CREATES, _UPDATES and _ARCHIVES let through."
    )
    initial_values: bool = Field(
        default=False,
        description="Give contacts the values of HUBSPOT_INITIAL_PROPERTIES again where they were given others; with "
        "full_refresh, all of them.",
    )
    dry_run: bool = Field(
        default=False,
        description="Only say what would be done: nothing is written, neither to HubSpot nor to the ledger.",
    )

    def options(self, tags: Mapping[str, str]) -> "SyncOptions":
        """Return what a run with these tags asks for."""
        from babynames_dagster.hubspot.sync.report import SyncOptions

        return SyncOptions(
            full_refresh=self.full_refresh,
            retry_rejected=self.retry_rejected,
            initial_values=self.initial_values,
            dry_run=self.dry_run or tags.get(DRY_RUN_TAG) == "true",
            override_guards=self.override_guards,
        )
