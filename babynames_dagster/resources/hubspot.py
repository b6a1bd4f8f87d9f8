"""The HubSpot account of the settings, rate limited for every thread, process and host that shares the database."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import dagster as dg
from sqlalchemy.engine import Engine

from babynames_dagster.hubspot.api.client import HubSpotClient, open_client
from babynames_dagster.hubspot.sync.mapping import ContactMapping
from babynames_dagster.hubspot.sync.run import SyncOptions, SyncReport, sync_contacts
from babynames_dagster.progress import ProgressListener
from babynames_dagster.settings import current_settings


class HubSpotResource(dg.ConfigurableResource):  # type: ignore[type-arg]  # Dagster's own examples leave it bare
    """The HubSpot account. Configured by the environment: HUBSPOT_ACCESS_TOKEN and the other HUBSPOT_* variables."""

    @contextmanager
    def client(self, engine: Engine) -> Iterator[HubSpotClient]:
        """Open a client whose calls are paced through the limiter in `engine`.

        Raises:
            PipelineError: MISSING_CONFIG without a token; any HUBSPOT_* code.
        """
        with open_client(current_settings(), engine) as client:
            yield client

    def sync(  # noqa: PLR0913 - what a run is made of, all by keyword
        self,
        engine: Engine,
        *,
        partitions: Sequence[str],
        options: SyncOptions,
        on_progress: ProgressListener,
        sender: str,
        say: Callable[[str], None],
        on_broken_off: Callable[[SyncReport], None],
    ) -> SyncReport:
        """Bring these partitions' contacts in line with the table; arguments as `sync_contacts`.

        Raises:
            PipelineError: What stops the sync before its first row.
        """
        settings = current_settings()
        with self.client(engine) as client:
            return sync_contacts(
                client,
                engine,
                partitions=partitions,
                mapping=ContactMapping.from_settings(settings),
                settings=settings,
                options=options,
                on_progress=on_progress,
                sender=sender,
                say=say,
                on_broken_off=on_broken_off,
            )
