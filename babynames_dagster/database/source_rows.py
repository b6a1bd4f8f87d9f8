"""Reading somebody's own table, view or query, in any database that SQLAlchemy knows.

What belongs here: the statements. What does not: what a row becomes (`sources/`), and the ledger, which may be in
another database.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.engine import Engine

from babynames_dagster.database.connection.engine import reading
from babynames_dagster.database.connection.paging import whole_page
from babynames_dagster.database.portable import slices
from babynames_dagster.database.source_keys import KEY_KINDS
from babynames_dagster.errors import ErrorCode, PipelineError

PAGE_ROWS = 5000
MOST_REPEATED = 100_000
"""Keys, and emails, that may come more than once: they are held in memory, and the others are not."""

_PARTITION = "partition_of_row"

Values = Mapping[str, Any]
"""One row's values by column."""


class RepeatedKey(NamedTuple):
    """A key that more than one row has: how many in all, and how many by what their column says of the partition."""

    rows: int
    by_partition: dict[str, int]


@dataclass(frozen=True)
class SourceRows:
    """Rows of a table, a view or a query.

    Attributes:
        engine: Their database.
        rows: What is read.
        what: What that is, for people.
        key: The column that a row is known by; an index on it makes pages quick.
        columns: Every other column that is read.
        partition_column: The column that says which partition a row is in; None where none does.
        listed: The values of it that are partitions.
        other: The partition of all rows with another value, or none.
    """

    engine: Engine
    rows: sa.FromClause
    what: str
    key: str
    columns: Sequence[str]
    partition_column: str | None = None
    listed: Sequence[str] = ()
    other: str = ""
    page_rows: int = field(default=PAGE_ROWS, kw_only=True)

    @classmethod
    def of(  # noqa: PLR0913 - as the class
        cls,
        engine: Engine,
        *,
        table: str = "",
        query: str = "",
        key: str,
        columns: Sequence[str],
        partition_column: str | None = None,
        listed: Sequence[str] = (),
        other: str = "",
    ) -> "SourceRows":
        """Return the rows of a table or view (`name` or `schema.name`), or of a SELECT."""
        used: list[sa.ColumnClause[Any]] = [
            sa.column(name) for name in dict.fromkeys((key, *columns, *filter(None, [partition_column])))
        ]
        rows: sa.FromClause
        if query:
            # A colon in a text, as in '12:30', is no parameter; a comment at the end ends with its line.
            text = query.strip().rstrip(";").replace(":", "\\:")
            rows = sa.text(f"{text}\n").columns(*used).subquery("source")
            what = "the query"
        else:
            schema, _, name = table.rpartition(".")
            rows, what = sa.table(name, *used, schema=schema or None), table
        return cls(engine, rows, what, key, columns, partition_column, listed, other)

    def missing_columns(self) -> list[str]:
        """Return which of the columns there are none of.

        Raises:
            PipelineError: SOURCE_INVALID where it can't be read at all; any DB_* code.
        """
        statement = sa.select(sa.text("*")).select_from(self.rows).where(sa.false())
        try:
            with reading(self.engine) as connection:
                found = {name.lower() for name in connection.execute(statement).keys()}  # noqa: SIM118 - of a result
        except PipelineError as error:
            if error.code in {ErrorCode.DB_ERROR, ErrorCode.DB_SCHEMA_OUTDATED}:
                raise PipelineError(ErrorCode.SOURCE_INVALID, f"{self.what} can't be read. {error.what}") from error
            raise
        wanted = dict.fromkeys((self.key, *self.columns, *filter(None, [self.partition_column])))
        return [name for name in wanted if name.lower() not in found]

    def pages(self) -> Iterator[list[Values]]:
        """Yield every row that has a key, in keyset pages: memory holds one, and no cursor stays open.

        Raises:
            PipelineError: SOURCE_INVALID where one key has more rows than a page; any DB_* code.
        """
        statement = self._select().where(self._key.is_not(None)).order_by(self._key).limit(self.page_rows)
        after: Any = None
        while True:
            following = statement if after is None else statement.where(self._key > after)
            found = self._fetched(following)
            if found:
                yield found
            if len(found) < self.page_rows:
                return
            after = found[-1][self.key]

    def rows_of(self, keys: Collection[str]) -> list[Values]:
        """Return the rows with these keys."""
        found: list[Values] = []
        for listed in slices(sorted(keys)):
            typed = [value for value in map(self._typed, listed) if value is not None]
            if typed:
                found += self._fetched(self._select().where(self._key.in_(typed)))
        return found

    def counts(self) -> dict[str, int]:
        """Count the rows by what their column says; with no such column, all are under the empty text."""
        return self._counted(sa.true())

    def counts_without_key(self) -> dict[str, int]:
        """Count the rows that have no key, likewise."""
        return self._counted(self._key.is_(None))

    def require_one_type_of_key(self) -> None:
        """Make sure that all keys are of one type: in SQLite, a column may hold several.

        Raises:
            PipelineError: SOURCE_INVALID; any DB_* code.
        """
        if self.engine.dialect.name != "sqlite":
            return
        kind = sa.func.typeof(self._key)
        with reading(self.engine) as connection:
            kinds = sorted(connection.execute(sa.select(kind).distinct().where(self._key.is_not(None))).scalars())
        if len(kinds) > 1:
            raise PipelineError(
                ErrorCode.SOURCE_INVALID,
                f"The key column {self.key} of {self.what} holds values of several types: {', '.join(kinds)}.",
            )

    def repeated_keys(self) -> dict[str, RepeatedKey]:
        """Return each key that comes more than once, or that the column takes for the same as another.

        Raises:
            PipelineError: SOURCE_INVALID where there are too many; any DB_* code.
        """
        count = sa.func.count()
        again = sa.select(self._key, count.label("rows")).where(self._key.is_not(None)).group_by(self._key)
        among = again.having(count > 1).limit(MOST_REPEATED + 1).subquery("again")
        # A collation may take `a` for `A`, where the ledger has a key for each.
        exactly: sa.ColumnElement[Any] = self._key
        if self.engine.dialect.name == "sqlite":
            exactly = self._key.collate("BINARY")
        elif self.engine.dialect.name in {"mysql", "mariadb"}:
            exactly = sa.cast(self._key, sa.LargeBinary)
        statement = (
            sa.select(sa.func.min(self._key), self._partition, count, sa.func.max(among.c.rows))
            .select_from(self.rows.join(among, self._key == among.c[self.key]))
            .group_by(exactly, self._partition)
        )
        found: dict[str, RepeatedKey] = {}
        with reading(self.engine) as connection:
            for key, partition, there, in_all in connection.execute(statement):
                by_partition = found.setdefault(self.text_of(key), RepeatedKey(in_all, {})).by_partition
                by_partition[str(partition)] = by_partition.get(str(partition), 0) + there
        self._refuse_too_many(len(found), self.key)
        return found

    def repeated_values(self, column: str) -> dict[str, str]:
        """Return the texts that come in more than one row, each with the first of these rows' keys.

        Blanks around a text and its case are left out of account.

        Raises:
            PipelineError: SOURCE_INVALID where there are too many; any DB_* code.
        """
        text: sa.ColumnElement[Any] = sa.func.lower(sa.func.trim(sa.column(column)))
        if self.engine.dialect.name in {"mysql", "mariadb"}:  # whose collations take other letters for the same
            text = sa.func.convert(text.op("USING")(sa.literal_column("utf8mb4"))).collate("utf8mb4_bin")
        among = (
            sa.select(text.label("text"), self._key)
            .select_from(self.rows)
            .where(self._key.is_not(None), sa.column(column).is_not(None))
            .subquery("texts")
        )
        statement = (
            sa.select(among.c.text, sa.func.min(among.c[self.key]))
            .where(among.c.text != "")
            .group_by(among.c.text)
            .having(sa.func.count() > 1)
            .limit(MOST_REPEATED + 1)
        )
        with reading(self.engine) as connection:
            found = {str(row[0]): self.text_of(row[1]) for row in connection.execute(statement)}
        self._refuse_too_many(len(found), column)
        return found

    def text_of(self, key: object) -> str:
        """Return a key as the ledger knows it.

        Raises:
            PipelineError: SOURCE_INVALID where it is of no type of which two can be compared exactly.
        """
        to_text = next((kind.to_text for type_, kind in KEY_KINDS.items() if isinstance(key, type_)), None)
        if to_text is None or isinstance(key, bool):
            raise PipelineError(
                ErrorCode.SOURCE_INVALID,
                f"The key column {self.key} of {self.what} holds {type(key).__name__}: it takes whole numbers, "
                "decimals, texts, bytes, UUIDs, dates and moments.",
            )
        return to_text(key)

    def partition_of(self, row: Values) -> str:
        """Return what a row's column says."""
        return str(row[_PARTITION])

    @property
    def _key(self) -> sa.ColumnElement[Any]:
        return self.rows.c[self.key]

    @cached_property
    def _partition(self) -> sa.ColumnElement[Any]:
        """Return the partition by the column's value as text; the database decides, so that it is the same always."""
        if self.partition_column is None:
            return sa.literal_column("''").label(_PARTITION)
        text = sa.cast(self.rows.c[self.partition_column], sa.String(255))
        cases = [(text == value, sa.literal(value)) for value in self.listed]
        return sa.case(*cases, else_=sa.literal(self.other)).label(_PARTITION)

    @cached_property
    def _key_type(self) -> type[object]:
        with reading(self.engine) as connection:
            some = connection.execute(sa.select(self._key).where(self._key.is_not(None)).limit(1)).scalar()
        return type(some)

    def _typed(self, key: str) -> object:
        """Return a key as the column has it; None for one that it can't have."""
        try:
            return KEY_KINDS[self._key_type].from_text(key) if self._key_type in KEY_KINDS else None
        except (ValueError, ArithmeticError):
            return None

    def _fetched(self, statement: sa.Select[Any]) -> list[Values]:
        """Return a page of rows. In SQLite, a text may be no UTF-8: its odd bytes become surrogates."""
        try:
            return [row._asdict() for row in whole_page(self.engine, statement)]
        except PipelineError as error:
            if self.engine.dialect.name != "sqlite" or "decode to UTF-8" not in error.what:
                raise
        with reading(self.engine) as connection:
            driver: Any = connection.connection.driver_connection
            before, driver.text_factory = driver.text_factory, lambda text: text.decode("utf-8", "surrogateescape")
            try:
                return [dict(row) for row in connection.execute(statement).mappings()]
            finally:
                driver.text_factory = before

    def _select(self) -> sa.Select[Any]:
        read = [self.rows.c[name] for name in dict.fromkeys((self.key, *self.columns))]
        return sa.select(*read, self._partition).select_from(self.rows)

    def _counted(self, condition: sa.ColumnElement[bool]) -> dict[str, int]:
        of_each = sa.select(self._partition).select_from(self.rows).where(condition).subquery("of_each")
        statement = sa.select(of_each.c[_PARTITION], sa.func.count()).group_by(of_each.c[_PARTITION])
        with reading(self.engine) as connection:
            return {str(row[0]): row[1] for row in connection.execute(statement)}

    def _refuse_too_many(self, count: int, column: str) -> None:
        if count > MOST_REPEATED:
            raise PipelineError(
                ErrorCode.SOURCE_INVALID,
                f"Over {MOST_REPEATED:,} values of the column {column} of {self.what} come in more than one row.",
                remedy="Name another column, or a query that gives one row a contact.",
            )
