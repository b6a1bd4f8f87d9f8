"""Settings of the database, and its address."""

from pathlib import Path
from typing import TYPE_CHECKING, Literal

from pydantic import Field, SecretStr

from babynames_dagster.settings.address import connectable, parsed
from babynames_dagster.settings.groups.group import Group
from babynames_dagster.settings.types import MYSQL_DIALECTS, AnyCase, DatabaseAddress, UserPath

if TYPE_CHECKING:
    from sqlalchemy.engine import URL

DEFAULT_TIMEOUT = 60


class DatabaseSettings(Group):
    """The database that holds the names and the ledger."""

    url: DatabaseAddress | None = Field(
        None,
        validation_alias="DATABASE_URL",
        description="One address instead of DB_*: `mysql+pymysql://user:password@host/name` or `sqlite:///file`",
    )
    dialect: AnyCase[Literal["mysql", "mariadb", "mysql2", "sqlite"] | None] = Field(
        None,
        validation_alias="DB_DIALECT",
        description="`mysql`, `mariadb` or `sqlite`; `mysql` where DB_HOST, DB_NAME or DB_USER is set",
    )
    host: str = Field("localhost", validation_alias="DB_HOST", description="Database server")
    port: int = Field(3306, validation_alias="DB_PORT", ge=1, le=65535, description="Database server's port")
    name: str | None = Field(None, validation_alias="DB_NAME", description="Database name")
    user: str | None = Field(None, validation_alias="DB_USER", description="Database user")
    password: SecretStr | None = Field(None, validation_alias="DB_PASSWORD", description="Database password")
    ssl_ca: UserPath | None = Field(
        None,
        validation_alias="DB_SSL_CA",
        description="File with the CA of the database server's certificate: TLS, and the certificate is verified",
    )
    timeout: int = Field(
        DEFAULT_TIMEOUT,
        validation_alias="DB_TIMEOUT",
        ge=1,
        le=86400,
        description="Most seconds to wait for a lock of the database; an answer may take twice as long",
    )
    auto_migrate: bool = Field(
        default=True,
        validation_alias="DB_AUTO_MIGRATE",
        description="Bring the schema to its newest version before a step needs it",
    )

    @property
    def uses_server(self) -> bool:
        """Whether DB_* or DATABASE_URL name a MySQL-like server rather than a SQLite file."""
        if self.url is not None:
            return parsed(self.url.get_secret_value()).get_backend_name() != "sqlite"
        if self.dialect is not None:
            return self.dialect in MYSQL_DIALECTS
        return not {"host", "name", "user"}.isdisjoint(self.model_fields_set)

    @property
    def needed(self) -> tuple[str, ...]:
        """Fields that have to be set before the address is whole; for `require`."""
        return ("name", "user") if self.uses_server and self.url is None else ()

    def address(self, folder: Path) -> "URL":
        """Return the database's address, with PyMySQL as the driver of every MySQL-like server.

        How to reach it (TLS, DB_TIMEOUT) is among its parameters; `database/connection/reach.py` reads them.

        Args:
            folder: Where a SQLite file is, unless an address says so.

        Raises:
            PipelineError: MISSING_CONFIG where a server is meant, but not its database or user.
        """
        from sqlalchemy.engine import URL  # noqa: PLC0415 - as in `parsed`

        if self.url is not None:
            url = connectable(parsed(self.url.get_secret_value()))
        elif self.uses_server:
            self.require(*self.needed)
            password = self.password.get_secret_value() if self.password else None
            url = URL.create("mysql+pymysql", self.user, password, self.host, self.port, self.name)
        else:
            url = URL.create("sqlite", database=str(folder / (self.name or "babynames.db")))
        how = {"timeout": str(self.timeout)} if self.timeout != DEFAULT_TIMEOUT else {}
        if self.ssl_ca is not None and url.get_backend_name() != "sqlite":
            how |= {"ssl_ca": str(self.ssl_ca.absolute()), "ssl_mode": "VERIFY_IDENTITY"}
        return url.update_query_dict(how)
