"""DDL that can be done twice: what an interrupted migration has done already is left out, or only looked for.

What belongs here: Alembic's statements with a look before each. What does not: which of them a migration consists of
(`alembic/versions/`), and running them (`migrate.py`).

MySQL and MariaDB commit each DDL statement by itself, so a migration that stops between two of them leaves the first
in force. Every `op.*` therefore asks whether what it makes is there; `op.execute` has to be written so that it can run
twice.
"""

from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from alembic.ddl.impl import DefaultImpl
from alembic.ddl.mysql import MySQLImpl
from alembic.ddl.sqlite import SQLiteImpl
from alembic.runtime.migration import MigrationContext
from sqlalchemy.engine import CursorResult
from sqlalchemy.sql.elements import quoted_name
from typing_extensions import override


@dataclass(frozen=True)
class Step:
    """One object that a migration makes.

    Attributes:
        table: Its table.
        is_done: Whether it is there.
        missing: Columns that the table would have if it were ours, and lacks.
    """

    table: str
    is_done: bool
    missing: frozenset[str] = frozenset()


class _Resuming(DefaultImpl):
    """Leaves out what is there already; with a list of `steps`, does nothing but fill that."""

    steps: list[Step] | None = None

    @override
    def _exec(self, *arguments: Any, **options: Any) -> "CursorResult[Any] | None":
        return super()._exec(*arguments, **options) if self.steps is None else None

    @override
    def create_table(self, table: sa.Table, **options: Any) -> None:
        there = self._columns(table.name)
        missing = frozenset(table.columns.keys()) - there if there else frozenset[str]()
        if not self._is_done(table.name, is_done=bool(there), missing=missing):
            super().create_table(table, **options)

    @override
    def add_column(self, table_name: str, column: "sa.Column[Any]", **options: Any) -> None:
        if not self._is_done(table_name, is_done=column.name in self._columns(table_name)):
            super().add_column(table_name, column, **options)

    @override
    def create_index(self, index: sa.Index, **options: Any) -> None:
        table = _table_of(index)
        if not self._is_done(table, is_done=index.name in self._indexes(table)):
            super().create_index(index, **options)

    @override
    def drop_table(self, table: sa.Table, **options: Any) -> None:
        if self._columns(table.name):
            super().drop_table(table, **options)

    @override
    def rename_table(self, old_table_name: str, new_table_name: "str | quoted_name", schema: Any = None) -> None:
        if self._columns(old_table_name):
            super().rename_table(old_table_name, new_table_name, schema=schema)

    @override
    def drop_column(self, table_name: str, column: "sa.Column[Any]", **options: Any) -> None:
        if column.name in self._columns(table_name):
            super().drop_column(table_name, column, **options)

    @override
    def drop_index(self, index: sa.Index, **options: Any) -> None:
        if index.name in self._indexes(_table_of(index)):
            super().drop_index(index, **options)

    def _is_done(self, table: str, *, is_done: bool, missing: frozenset[str] = frozenset()) -> bool:
        if self.steps is not None:
            self.steps.append(Step(table, is_done, missing))
        return is_done

    def _columns(self, table: str) -> set[str]:
        inspector = sa.inspect(self._bind)
        return {column["name"] for column in inspector.get_columns(table)} if inspector.has_table(table) else set()

    def _indexes(self, table: str) -> set[str | None]:
        inspector = sa.inspect(self._bind)
        return {index["name"] for index in inspector.get_indexes(table)} if inspector.has_table(table) else set()

    @property
    def _bind(self) -> sa.Connection:
        assert self.connection is not None  # noqa: S101 - offline, none of this is in use
        return self.connection


class _ResumingMySQL(_Resuming, MySQLImpl):
    @override
    def create_table(self, table: sa.Table, **options: Any) -> None:
        # A server may have another default, whose longest index key is shorter than a name.
        table.dialect_kwargs["mysql_row_format"] = "DYNAMIC"
        super().create_table(table, **options)


class _ResumingSQLite(_Resuming, SQLiteImpl):
    pass


def make_resumable(context: MigrationContext, *, steps: list[Step] | None = None) -> None:
    """Let a migration context leave out what is done already.

    Set on the context rather than registered with Alembic, which Dagster uses in the same process.

    Args:
        context: A context with a connection; one that only writes SQL text stays as it is.
        steps: Where each step is noted, in which case none is done.
    """
    if context.as_sql:
        return
    old = context.impl
    kind = _ResumingSQLite if isinstance(old, SQLiteImpl) else _ResumingMySQL
    context.impl = kind(old.dialect, old.connection, old.as_sql, None, old.output_buffer, old.context_opts)
    context.impl.steps = steps


def _table_of(index: sa.Index) -> str:
    assert index.table is not None  # noqa: S101 - Alembic gives each index its table
    return index.table.name
