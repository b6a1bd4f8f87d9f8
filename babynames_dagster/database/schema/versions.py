"""The schema's revisions, and where a database says which it has: a table of our own name.

What belongs here: their order, that table, and carrying over what an older version of this project kept in
`alembic_version`. What does not: migrating (`migrate.py`).

Another program that uses Alembic, such as Dagster's instance, may share the database: each has a table of its own.
"""

import re
from collections.abc import Sequence
from functools import cache
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.engine import Connection
from sqlalchemy.schema import CreateTable

VERSION_TABLE = "babynames_version"

_OTHERS_TABLE = "alembic_version"
_MIGRATIONS = Path(__file__).parents[2] / "migrations" / "versions"
_REVISION = re.compile(r'^revision: str = "(.+)"\ndown_revision: str \| None = (?:"(.+)"|None)$', re.MULTILINE)
_FIRST_TABLES = {"baby_names", "baby_name_years", "loads", "hubspot_contacts", "rate_limits"}


def _version_table(name: str) -> sa.Table:
    """Return a version table as Alembic itself makes it."""
    key = sa.PrimaryKeyConstraint("version_num", name=f"{name}_pkc")
    return sa.Table(name, sa.MetaData(), sa.Column("version_num", sa.String(32), nullable=False), key)


_ours, _others = _version_table(VERSION_TABLE), _version_table(_OTHERS_TABLE)


@cache
def revisions() -> tuple[str, ...]:
    """Return the revisions from the first to the head, from the migrations' text: importing Alembic takes longer."""
    after: dict[str, str] = {}
    for path in _MIGRATIONS.glob("*.py"):
        after.update((before, revision) for revision, before in _REVISION.findall(path.read_text(encoding="utf-8")))
    order = [after[""]]
    while order[-1] in after:
        order.append(after[order[-1]])
    return tuple(order)


def revision_of(connection: Connection, known: Sequence[str]) -> str | None:
    """Return the revision of a database's schema; None where it has none.

    Args:
        connection: An open transaction.
        known: Our revisions.
    """
    inspector = sa.inspect(connection)
    if inspector.has_table(VERSION_TABLE):
        found: str | None = connection.execute(sa.select(_ours.c.version_num)).scalar()
        if found is not None:
            return found
    return _revision_in_others_table(connection, inspector, known)


def carry_over_version(connection: Connection, known: Sequence[str]) -> None:
    """Move the revision of a schema that was made before our table had a name of its own.

    Can be interrupted anywhere: the old row goes last.

    Args:
        connection: An open writing transaction.
        known: Our revisions.
    """
    inspector = sa.inspect(connection)
    revision = _revision_in_others_table(connection, inspector, known)
    if revision is None:
        return
    _ours.create(connection, checkfirst=True)
    if connection.execute(sa.select(_ours.c.version_num)).first() is None:
        connection.execute(sa.insert(_ours).values(version_num=revision))
    connection.execute(sa.delete(_others).where(_others.c.version_num == revision))
    if connection.execute(sa.select(_others.c.version_num)).first() is None:
        _others.drop(connection)


def carry_over_sql(connection: Connection, known: Sequence[str]) -> str:
    """Return what `carry_over_version` would do, as SQL; empty where there is nothing to do.

    Args:
        connection: An open transaction.
        known: Our revisions.
    """
    inspector = sa.inspect(connection)
    revision = _revision_in_others_table(connection, inspector, known)
    if revision is None or inspector.has_table(VERSION_TABLE):
        return ""
    statements = (
        CreateTable(_ours),
        sa.insert(_ours).values(version_num=revision),
        sa.delete(_others).where(_others.c.version_num == revision),
    )
    texts = (str(each.compile(connection, compile_kwargs={"literal_binds": True})).strip() for each in statements)
    return "".join(f"{text};\n\n" for text in texts)


def _revision_in_others_table(connection: Connection, inspector: sa.Inspector, known: Sequence[str]) -> str | None:
    """Return the revision in `alembic_version` if it is one of ours: the first schema's tables are all there."""
    tables = set(inspector.get_table_names())
    if not {_OTHERS_TABLE, *_FIRST_TABLES} <= tables:
        return None
    found = connection.execute(sa.select(_others.c.version_num)).scalars()
    return next((revision for revision in found if revision in known), None)
