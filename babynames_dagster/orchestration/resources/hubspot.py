"""The HubSpot account of the settings, rate limited for every thread, process and host that shares the database."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import dagster as dg

from babynames_dagster.common.progress import ProgressListener
from babynames_dagster.errors import PipelineError
from babynames_dagster.orchestration.resources.fields import (
    SecretName,
    described,
    looked_up,
    require_named,
    settings_of,
)
from babynames_dagster.settings import AccountSettings, HubSpotSettings, RetrySettings, Secrets

if TYPE_CHECKING:
    from sqlalchemy.engine import Engine

    from babynames_dagster.hubspot.api.client import HubSpotClient
    from babynames_dagster.hubspot.plan.making import PlanReport
    from babynames_dagster.hubspot.source import ContactSource
    from babynames_dagster.hubspot.sync.report import SyncOptions, SyncReport


class HubSpotResource(dg.ConfigurableResource):  # type: ignore[type-arg]  # Dagster's own examples leave it bare
    """The HubSpot account, what its contacts look like, and the pace of calls."""

    access_token: SecretName = described(HubSpotSettings, "access_token")
    base_url: str = described(HubSpotSettings, "base_url")
    api_version: str = described(HubSpotSettings, "api_version")
    email_domain: str = described(HubSpotSettings, "email_domain")
    email_style: Literal["readable", "unique"] = described(HubSpotSettings, "email_style")
    lifecycle_stage: str = described(HubSpotSettings, "lifecycle_stage")
    lead_status: str = described(HubSpotSettings, "lead_status")
    extra_properties: dict[str, str] = described(HubSpotSettings, "extra_properties")
    initial_properties: list[str] = described(HubSpotSettings, "initial_properties")
    write_policy: Literal["overwrite", "fill_empty", "create_only", "update_only"] = described(
        HubSpotSettings, "write_policy"
    )
    requests_per_batch: int = described(HubSpotSettings, "requests_per_batch")
    batch_delay: int = described(HubSpotSettings, "batch_delay")
    rate_limit: int | None = described(HubSpotSettings, "rate_limit")
    daily_reserve: int = described(HubSpotSettings, "daily_reserve")
    max_in_flight: int = described(HubSpotSettings, "max_in_flight")
    timeout: float = described(HubSpotSettings, "timeout")
    wait: float = described(HubSpotSettings, "wait")
    max_creates: str = described(HubSpotSettings, "max_creates")
    max_updates: str = described(HubSpotSettings, "max_updates")
    max_archives: str = described(HubSpotSettings, "max_archives")
    mirror: Literal["off", "archive"] = described(HubSpotSettings, "mirror")
    marker_property: str | None = described(HubSpotSettings, "marker_property")
    demo_mode: bool = described(HubSpotSettings, "demo_mode")
    max_records: int = described(HubSpotSettings, "max_records")
    min_year: int | None = described(HubSpotSettings, "min_year")
    max_year: int | None = described(HubSpotSettings, "max_year")
    max_retries: int = described(RetrySettings, "max_retries")
    retry_delay: int = described(RetrySettings, "retry_delay")
    secrets: dg.ResourceDependency[Secrets] = looked_up()

    @property
    def settings(self) -> AccountSettings:
        """The settings that the domain takes.

        Raises:
            PipelineError: INVALID_CONFIG where a field can't be what it is.
        """
        return AccountSettings(
            settings_of(HubSpotSettings, self, self.secrets), settings_of(RetrySettings, self, self.secrets)
        )

    @contextmanager
    def client(self, engine: "Engine") -> "Iterator[HubSpotClient]":
        """Open a client whose calls are paced through the limiter in `engine`.

        Raises:
            PipelineError: MISSING_CONFIG without a token; any HUBSPOT_* code.
        """
        from babynames_dagster.hubspot.api.opening import open_client

        require_named(self, "access_token", self.secrets)
        with open_client(self.settings, engine) as client:
            yield client

    def sync(  # noqa: PLR0913 - what a run is made of, all by keyword
        self,
        engine: "Engine",
        source: "ContactSource",
        *,
        partitions: Sequence[str],
        options: "SyncOptions",
        overrides: Mapping[str, object],
        on_progress: ProgressListener,
        sender: str,
        say: Callable[[str], None],
        on_broken_off: "Callable[[SyncReport], None]",
    ) -> "SyncReport":
        """Bring these partitions' contacts in line with their source; arguments as `sync_contacts`.

        `overrides` are fields of HubSpotSettings that are others than the resource's.

        Raises:
            PipelineError: What keeps the rows from being counted.
        """
        from babynames_dagster.hubspot.api.opening import build_client
        from babynames_dagster.hubspot.sync.run import sync_contacts, unsent_report

        settings = self.settings
        try:
            require_named(self, "access_token", self.secrets)
            client = build_client(settings, engine, say=say)
        except PipelineError as error:
            return unsent_report(source, partitions=partitions, options=options, stopped=error)
        with client:
            return sync_contacts(
                client,
                engine,
                source,
                partitions=partitions,
                settings=settings.hubspot.replaced(overrides),
                options=options,
                on_progress=on_progress,
                sender=sender,
                say=say,
                on_broken_off=on_broken_off,
            )

    def plan(  # noqa: PLR0913 - as above
        self,
        engine: "Engine",
        source: "ContactSource",
        *,
        partitions: Sequence[str],
        options: "SyncOptions",
        path: Path,
        on_progress: ProgressListener,
    ) -> "PlanReport":
        """Find out row by row what a sync would do, and write it into a file.

        Raises:
            PipelineError: As `save_plan`.
        """
        from babynames_dagster.hubspot.plan.making import Wanted
        from babynames_dagster.hubspot.plan.saving import save_plan

        settings = self.settings.hubspot
        with self.client(engine) as client:
            return save_plan(
                client,
                Wanted.from_settings(settings, source, partitions, options),
                path,
                max_in_flight=settings.max_in_flight,
                on_progress=on_progress,
            )
