"""Databases at head without the time that migrations take: what they made once is made again as it is described."""

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from babynames_dagster.database.connection.engine import reading, writing
from babynames_dagster.database.schema.migrate import upgrade
from babynames_dagster.database.schema.versions import VERSION_TABLE


class SchemaAtHead:
    """The schema on each kind of server, as the server describes it after the migrations."""

    def __init__(self) -> None:
        """Know nothing yet: the first database of each kind is migrated."""
        self._statements: dict[str, list[str]] = {}

    def make(self, engine: Engine) -> None:
        """Bring an empty database to head."""
        kind = engine.dialect.name
        if kind not in self._statements:
            upgrade(engine)
            self._statements[kind] = described(engine)
            return
        with writing(engine) as connection:
            for statement in self._statements[kind]:
                connection.execution_options(no_parameters=True).exec_driver_sql(statement)


def described(engine: Engine) -> list[str]:
    """Return the statements that make a database's tables and say which revision they have."""
    with reading(engine) as connection:
        revision = connection.exec_driver_sql(f"SELECT version_num FROM {VERSION_TABLE}").scalar_one()  # noqa: S608 - our name
        makes = _of_sqlite(connection) if engine.dialect.name == "sqlite" else _of_server(connection)
    return [*makes, f"INSERT INTO {VERSION_TABLE} VALUES ('{revision}')"]  # noqa: S608 - our name


def _of_sqlite(connection: Connection) -> list[str]:
    kept = connection.exec_driver_sql(
        "SELECT sql FROM sqlite_master WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite_%' ORDER BY rowid"
    )
    return list(kept.scalars())


def _of_server(connection: Connection) -> list[str]:
    by_dependency = [table for table, _ in sa.inspect(connection).get_sorted_table_and_fkc_names() if table]
    return [connection.exec_driver_sql(f"SHOW CREATE TABLE `{table}`").one()[1] for table in by_dependency]
