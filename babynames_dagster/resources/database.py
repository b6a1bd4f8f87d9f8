"""The database of the settings, opened once a run, its schema at head."""

from collections.abc import Iterator
from contextlib import contextmanager

import dagster as dg
from pydantic import PrivateAttr
from sqlalchemy.engine import Engine

from babynames_dagster.database.engine import open_engine
from babynames_dagster.database.migrate import ensure_schema
from babynames_dagster.settings import current_settings


class DatabaseResource(dg.ConfigurableResource):  # type: ignore[type-arg]  # Dagster's own examples leave it bare
    """The database. Configured by the environment: DATABASE_URL, or DB_HOST and its like; else SQLite in DATA_DIR."""

    _engine: Engine | None = PrivateAttr(default=None)

    @contextmanager
    def yield_for_execution(self, context: dg.InitResourceContext) -> Iterator["DatabaseResource"]:
        """Close the connections when the run ends."""
        del context
        try:
            yield self
        finally:
            if self._engine is not None:
                self._engine.dispose()
                self._engine = None

    @property
    def engine(self) -> Engine:
        """The engine; connects and migrates at the first use, so that a run without SQL needs no server.

        Raises:
            PipelineError: MISSING_CONFIG, or any DB_* code.
        """
        if self._engine is None:
            settings = current_settings()
            engine = open_engine(settings.database_address())
            ensure_schema(engine, auto_migrate=settings.database.auto_migrate)
            self._engine = engine
        return self._engine
