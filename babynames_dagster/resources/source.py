"""A database with rows to send that is another one than the ledger's."""

from collections.abc import Iterator
from contextlib import contextmanager

import dagster as dg
import sqlalchemy as sa
from pydantic import Field, PrivateAttr
from sqlalchemy.engine import Engine, make_url
from sqlalchemy.exc import ArgumentError, NoSuchModuleError

from babynames_dagster.errors import ErrorCode, PipelineError


class SourceDatabaseResource(dg.ConfigurableResource):  # type: ignore[type-arg]  # Dagster's own examples leave it bare
    """A database that is read only: any that SQLAlchemy has a dialect for."""

    url: str = Field(description='SQLAlchemy\'s address of the database; `dg.EnvVar("SHOP_DATABASE_URL")`.')

    _engine: Engine | None = PrivateAttr(default=None)

    @contextmanager
    def yield_for_execution(self, context: dg.InitResourceContext) -> Iterator["SourceDatabaseResource"]:
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
        """The engine; nothing is connected before its first use.

        Raises:
            PipelineError: INVALID_CONFIG where the address is none, or its dialect is not installed.
        """
        if self._engine is None:
            try:
                self._engine = sa.create_engine(make_url(self.url), pool_pre_ping=True)
            except (ArgumentError, NoSuchModuleError, ImportError) as error:
                raise PipelineError(
                    ErrorCode.INVALID_CONFIG,
                    f"The source's address can't be used: {type(error).__name__}.",
                    remedy="Give the resource an address such as mysql+pymysql://user:password@host/shop, and install "
                    "the driver that it names.",
                ) from None
        return self._engine
