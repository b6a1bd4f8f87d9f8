"""A database with rows to send that is another one than the ledger's."""

from typing import TYPE_CHECKING

from pydantic import Field
from typing_extensions import override

from babynames_dagster.errors import ErrorCode, PipelineError
from babynames_dagster.orchestration.resources.engine import EngineResource

if TYPE_CHECKING:
    from sqlalchemy.engine import Engine


class SourceDatabaseResource(EngineResource):
    """A database that is read only: any that SQLAlchemy has a dialect for."""

    url: str = Field(description='SQLAlchemy\'s address of the database; `dg.EnvVar("SHOP_DATABASE_URL")`.')

    @override
    def opened(self) -> "Engine":
        """Return an engine that has not connected yet.

        Raises:
            PipelineError: INVALID_CONFIG where the address is none, or its dialect is not installed.
        """
        from sqlalchemy.engine import create_engine, make_url
        from sqlalchemy.exc import ArgumentError, NoSuchModuleError

        try:
            return create_engine(make_url(self.url), pool_pre_ping=True)
        except (ArgumentError, NoSuchModuleError, ImportError) as error:
            raise PipelineError(
                ErrorCode.INVALID_CONFIG,
                f"The source's address can't be used: {type(error).__name__}.",
                remedy="Give the resource an address such as mysql+pymysql://user:password@host/shop, and install "
                "the driver that it names.",
            ) from None
