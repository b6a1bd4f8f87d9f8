"""Reading many rows in keyset pages: memory holds a page, and no cursor stays open between two."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy.engine import Engine

from babynames_dagster.database.connection.engine import reading

Made = TypeVar("Made")


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
        with reading(engine) as connection:
            rows = connection.execute(page, {"after": after}).all()
        if rows:
            yield [make(tuple(row)) for row in rows]
        if len(rows) < page_rows:
            return
        after = getattr(rows[-1], key.name)
