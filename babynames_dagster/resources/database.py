"""The database of the settings, opened once a run, its schema at head."""

from collections.abc import Iterator
from contextlib import contextmanager

import dagster as dg
from pydantic import PrivateAttr
from sqlalchemy.engine import Engine

from babynames_dagster.database.connection.engine import open_engine
from babynames_dagster.database.schema.standing import ensure_schema
from babynames_dagster.resources.fields import SecretName, described, looked_up, settings_of
from babynames_dagster.settings import DatabaseSettings, FileSettings, Secrets


class DatabaseResource(dg.ConfigurableResource):  # type: ignore[type-arg]  # Dagster's own examples leave it bare
    """The database of names and ledger: MySQL, MariaDB, or a SQLite file."""

    url: SecretName = described(DatabaseSettings, "url")
    dialect: str | None = described(DatabaseSettings, "dialect")
    host: str | None = described(DatabaseSettings, "host", default=None)
    port: int = described(DatabaseSettings, "port")
    name: str | None = described(DatabaseSettings, "name")
    user: str | None = described(DatabaseSettings, "user")
    password: SecretName = described(DatabaseSettings, "password")
    ssl_ca: str | None = described(DatabaseSettings, "ssl_ca")
    timeout: int = described(DatabaseSettings, "timeout")
    auto_migrate: bool = described(DatabaseSettings, "auto_migrate")
    data_dir: str = described(FileSettings, "data_dir")
    secrets: dg.ResourceDependency[Secrets] = looked_up()

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
            settings = settings_of(DatabaseSettings, self, self.secrets)
            engine = open_engine(settings.address(settings_of(FileSettings, self).data))
            ensure_schema(engine, auto_migrate=settings.auto_migrate)
            self._engine = engine
        return self._engine
