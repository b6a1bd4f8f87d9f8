"""The tables' IO manager: loads a lazy stream of rows in batched inserts, and hands on the names table unread."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import dagster as dg

from babynames_dagster.errors import ErrorCode, PipelineError
from babynames_dagster.names.stream import NAMES, RowStream
from babynames_dagster.orchestration.resources.database import DatabaseResource
from babynames_dagster.orchestration.resources.files import FilesResource
from babynames_dagster.orchestration.resources.loading import LoadingResource
from babynames_dagster.orchestration.resources.reporting import progress_events

if TYPE_CHECKING:
    from sqlalchemy.engine import Engine

RESUMED_AT = "rows_skipped_on_resume"


@dataclass(frozen=True)
class LoadedTable:
    """The names table as a later step gets it: nothing is read until that step asks for it.

    Attributes:
        engine: The database that holds it.
    """

    engine: "Engine"


class TableIOManager(dg.ConfigurableIOManager):
    """Loads a stream of rows into a table of the resource `database`: MySQL, MariaDB or SQLite."""

    database: DatabaseResource
    files: FilesResource
    loading: LoadingResource

    def handle_output(self, context: dg.OutputContext, obj: RowStream) -> None:
        """Load the stream, and publish what happened to each of its rows."""
        from babynames_dagster.names.loading.load import load_stream
        from babynames_dagster.orchestration.io_managers.load_metadata import load_metadata, picture

        with self.files.failures(context.log):
            report = load_stream(
                obj,
                self.database.engine,
                run_id=context.run_id,
                settings=self.loading.settings,
                on_progress=progress_events(context.log),
            )
            context.add_output_metadata(load_metadata(report))
            context.add_output_metadata(picture(obj.header.target, self.database.engine))

    def load_input(self, context: dg.InputContext) -> LoadedTable:
        """Hand on the table.

        Raises:
            Failure: NAMES_NOT_LOADED where it is empty: its readers would take nothing for success.
        """
        from babynames_dagster.database.loading.loaded_rows import has_rows

        with self.files.failures(context.log):
            engine = self.database.engine
            if not has_rows(engine, NAMES):
                raise PipelineError(ErrorCode.NAMES_NOT_LOADED, "The table baby_names is empty.")
            return LoadedTable(engine)
