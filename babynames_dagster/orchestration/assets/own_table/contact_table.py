"""What an asset of somebody's own table is made of: the fields, with a description of each.

What belongs here: the fields, for YAML and for Python, and the source that they mean. What does not: the asset
(`asset.py`), the component (`component.py`).
"""

from typing import TYPE_CHECKING, Literal

import dagster as dg
from pydantic import BaseModel, Field
from typing_extensions import override

from babynames_dagster.database.ledger.key import NAMES
from babynames_dagster.errors import ErrorCode, PipelineError
from babynames_dagster.settings import HubSpotSettings
from babynames_dagster.sources.mapping import TableMapping
from babynames_dagster.sources.partitions import OTHER, Partitioning

if TYPE_CHECKING:
    from sqlalchemy.engine import Engine

    from babynames_dagster.sources.table import TableSource

LONGEST_NAME = 64
_SETTINGS = ("write_policy", "mirror", "max_creates", "max_updates", "max_archives")


class _Described(dg.Model, dg.Resolvable):
    """Fields whose schema, too, has their descriptions: Dagster 1.13 drops those of fields with a default."""

    @classmethod
    @override
    def model(cls) -> type[BaseModel]:
        """Return the schema's model."""
        derived = super().model()
        silent = [name for name, field in derived.model_fields.items() if field.description is None]
        for name in silent:
            derived.model_fields[name].description = cls.model_fields[name].description
        if silent:
            derived.model_rebuild(force=True)
        return derived


class ContactPartitions(_Described):
    """Partitions by a column's values, or by buckets of the key."""

    column: str | None = Field(default=None, description="The column whose value says which partition a row is in.")
    values: list[str] = Field(
        default_factory=list,
        description=f"The values of that column that are partitions. All other rows are in the partition `{OTHER}`.",
    )
    buckets: int = Field(
        default=0, description="Instead of a column: how many buckets rows are put in, by a digest of their key."
    )


class ContactTable(_Described):
    """A table, a view or a query whose rows become HubSpot contacts."""

    asset_key: str = Field(description="Key of the asset; `/` between its parts.")
    table: str = Field(default="", description="The table or view: `customers` or `shop.customers`.")
    query: str = Field(
        default="",
        description="Instead of a table: a SELECT that gives one row a contact. It is asked page by page in the key's "
        "order, so that a large one should be a table.",
    )
    key_column: str = Field(
        description="The column that a row is known by, in the ledger, too: unique and unchanging. Of any "
        "type but floating-point numbers and truth values."
    )
    email_column: str = Field(description="The column with the contact's email, by which HubSpot knows it.")
    columns: dict[str, str] = Field(
        default_factory=dict,
        description="Columns, and the contact property that each becomes. NULL clears the property.",
    )
    constants: dict[str, str] = Field(
        default_factory=dict, description="Contact properties that are the same for every row, and their values."
    )
    initial: list[str] = Field(
        default_factory=list,
        description="Properties of `columns` and `constants` that a contact is given once, when it is made, and that "
        "are its users' own from then on.",
    )
    partitions: ContactPartitions | None = Field(
        default=None, description="How the rows are shared out among Dagster's partitions. Left out: not at all."
    )
    write_policy: Literal["overwrite", "fill_empty", "create_only", "update_only"] | None = Field(
        default=None,
        description="What may be written: everything, only properties that HubSpot has no value of, only new contacts, "
        "or only contacts that are there. Left out: the resource's.",
    )
    mirror: Literal["off", "archive"] | None = Field(
        default=None,
        description="`archive`: contacts that this asset made and whose row is gone are archived; `off`: they are "
        "counted. Left out: the resource's.",
    )
    max_creates: str | None = Field(
        default=None,
        description="Most contacts that one run may create: a number, or a share such as `5%`. Left out: the "
        "resource's.",
    )
    max_updates: str | None = Field(
        default=None, description="Most contacts that one run may update, likewise. Left out: the resource's."
    )
    max_archives: str | None = Field(
        default=None, description="Most contacts that one run may archive, likewise. Left out: the resource's."
    )
    checks: bool = Field(
        default=True,
        description="Whether the asset has its two checks: that every row has an outcome, and that a sample of "
        "contacts, read back from HubSpot, holds what was sent.",
    )
    source: str = Field(
        default="database",
        description="Key of the resource whose database has the rows: that of the ledger, `database`, or a "
        "SourceDatabaseResource.",
    )
    ledger: str = Field(
        default="",
        description="Name of the asset's entries in the ledger. Left out: the asset's key. Set it to the old key "
        "where the asset is renamed, or every contact is sent again.",
    )
    group_name: str | None = Field(default=None, description="Group of the asset.")
    description: str | None = Field(default=None, description="Description of the asset.")
    deps: list[str] = Field(
        default_factory=list, description="Keys of the assets that the rows come from; `/` between a key's parts."
    )

    @property
    def ledger_name(self) -> str:
        """The name of the entries.

        Raises:
            PipelineError: SOURCE_INVALID where it can be none, or is the names'.
        """
        name = self.ledger or self.asset_key
        if name == NAMES or not name.isascii() or not 0 < len(name) <= LONGEST_NAME:
            raise PipelineError(
                ErrorCode.SOURCE_INVALID,
                f"The ledger can't call an asset's entries {name!r}.",
                remedy=f"Give `ledger` another name: up to {LONGEST_NAME} ASCII characters, and not {NAMES!r}.",
            )
        return name

    @property
    def partitioning(self) -> Partitioning:
        """How the rows are shared out.

        Raises:
            PipelineError: SOURCE_INVALID.
        """
        given = self.partitions or ContactPartitions()
        return Partitioning(given.column, tuple(given.values), given.buckets)

    @property
    def mapping(self) -> TableMapping:
        """How a row becomes a contact.

        Raises:
            PipelineError: SOURCE_INVALID.
        """
        return TableMapping(self.email_column, self.columns, self.constants, frozenset(self.initial))

    @property
    def overrides(self) -> dict[str, str]:
        """The settings of HubSpot that are others for this asset."""
        return {name: value for name in _SETTINGS if (value := getattr(self, name)) is not None}

    def check(self) -> None:
        """Make sure that the fields go together.

        Raises:
            PipelineError: SOURCE_INVALID, INVALID_CONFIG.
        """
        if bool(self.table) is bool(self.query):
            raise PipelineError(ErrorCode.SOURCE_INVALID, f"{self.asset_key} takes either `table` or `query`.")
        HubSpotSettings.of(self.overrides)
        _ = self.ledger_name, self.partitioning, self.mapping

    def rows_in(self, engine: "Engine", ledger: "Engine") -> "TableSource":
        """Return the source that the fields mean.

        Args:
            engine: The rows' database.
            ledger: The ledger's.
        """
        from babynames_dagster.database.source_rows import SourceRows
        from babynames_dagster.sources.table import TableSource

        partitioning = self.partitioning
        rows = SourceRows.of(
            engine,
            table=self.table,
            query=self.query,
            key=self.key_column,
            columns=(self.email_column, *self.columns),
            partition_column=partitioning.column,
            listed=partitioning.values,
            other=OTHER,
        )
        return TableSource(self.ledger_name, rows, self.mapping, partitioning, ledger)
