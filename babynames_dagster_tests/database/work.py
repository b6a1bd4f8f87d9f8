"""How much a database works for a question, counted and not timed: other work on the machine changes nothing."""

from collections.abc import Callable

from sqlalchemy.engine import Engine

from babynames_dagster.database.connection.engine import reading

_EVERY = 10
_ROWS_READ = "SHOW SESSION STATUS WHERE Variable_name LIKE 'Handler_read%%'"


def database_work(engine: Engine, ask: Callable[[], object]) -> int:
    """Return the work for one question: rows and keys read by MariaDB, tens of virtual machine steps by SQLite.

    Args:
        engine: A database whose pool holds one connection at most; the question takes no other.
        ask: The question.
    """
    if engine.dialect.name == "sqlite":
        return _steps(engine, ask)
    # Without statistics of the tables as they are, MySQL takes another way for each size.
    with engine.connect() as connection:
        connection.exec_driver_sql("ANALYZE TABLE baby_names, baby_name_years, hubspot_contacts").all()
    before = _rows_read(engine)
    ask()
    return _rows_read(engine) - before


def _steps(engine: Engine, ask: Callable[[], object]) -> int:
    steps = 0

    def count() -> int:
        nonlocal steps
        steps += 1
        return 0

    pooled = engine.raw_connection()
    connection = pooled.driver_connection
    assert connection is not None
    connection.set_progress_handler(count, _EVERY)
    pooled.close()
    ask()
    connection.set_progress_handler(None, _EVERY)
    return steps


def _rows_read(engine: Engine) -> int:
    with reading(engine) as connection:
        return sum(int(value) for _, value in connection.exec_driver_sql(_ROWS_READ))
