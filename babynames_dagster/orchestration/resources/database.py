"""The database of the settings, opened once a run, its schema at head."""

from typing import TYPE_CHECKING

import dagster as dg
from typing_extensions import override

from babynames_dagster.orchestration.resources.engine import EngineResource
from babynames_dagster.orchestration.resources.fields import (
    SecretName,
    described,
    looked_up,
    require_named,
    settings_of,
)
from babynames_dagster.settings import DatabaseSettings, FileSettings, Secrets

if TYPE_CHECKING:
    from sqlalchemy.engine import Engine


class DatabaseResource(EngineResource):
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

    @override
    def opened(self) -> "Engine":
        """Connect, and migrate.

        Raises:
            PipelineError: MISSING_CONFIG, or any DB_* code.
        """
        from babynames_dagster.database.connection.engine import open_engine
        from babynames_dagster.database.schema.standing import ensure_schema

        require_named(self, "url", self.secrets)
        settings = settings_of(DatabaseSettings, self, self.secrets)
        engine = open_engine(settings.address(settings_of(FileSettings, self).data))
        ensure_schema(engine, auto_migrate=settings.auto_migrate)
        return engine
