"""Reading many rows in keyset pages: memory holds a page, and no cursor stays open between two."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy.engine import Engine
from typing_extensions import TypeVarTuple, Unpack

from babynames_dagster.database.connection.engine import reading
from babynames_dagster.database.connection.retrying import through_a_restart

Made = TypeVar("Made")
Columns = TypeVarTuple("Columns")


def whole_page(
    engine: Engine, statement: sa.Select[Unpack[Columns]], parameters: Mapping[str, object] | None = None
) -> Sequence[sa.Row[Unpack[Columns]]]:
    """Return all rows of a statement, which is sent again where the connection is lost before they have arrived.

    Raises:
        PipelineError: Any DB_* code.
    """

    def read() -> Sequence[sa.Row[Unpack[Columns]]]:
        with reading(engine) as connection:
            return connection.execute(statement, parameters).all()

    return through_a_restart(read)


def keyset_pages(  # noqa: PLR0913 - what a page is made of
    engine: Engine,
    statement: sa.Select[Any],
    key: sa.Column[Any],
    make: Callable[[Sequence[Any]], Made],
    *,
    page_rows: int,
    before_all: object = "",
) -> Iterator[list[Made]]:
    """Yield the rows of a statement in the order of a key; pages are never empty.

    Args:
        engine: The database.
        statement: What is read; `key` is among its columns.
        key: A column without doubles and NULLs in what is read.
        make: Makes of a row what the page holds.
        page_rows: Most rows a page.
        before_all: A value below every key.

    Raises:
        PipelineError: Any DB_* code.
    """
    page = statement.where(key > sa.bindparam("after")).order_by(key).limit(page_rows)
    after = before_all
    while True:
        rows = whole_page(engine, page, {"after": after})
        if rows:
            yield [make(tuple(row)) for row in rows]
        if len(rows) < page_rows:
            return
        after = getattr(rows[-1], key.name)
