"""`babynames migrate`, and what `babynames check db` says of databases that are not ready."""

from collections.abc import Mapping
from pathlib import Path

from sqlalchemy import inspect
from sqlalchemy.engine import make_url

from babynames_dagster.database.engine import open_engine, writing
from babynames_dagster.database.migrate import downgrade
from babynames_dagster.database.tables import baby_name_years
from babynames_dagster.database.versions import VERSION_TABLE
from babynames_dagster_tests.support.command import run_babynames


def test_check_tells_half_made_and_another_programs_databases_apart(
    tmp_path: Path, database_url: str, environment: Mapping[str, str]
) -> None:
    engine = open_engine(make_url(database_url))
    names = {**environment, "DATABASE_URL": database_url}
    with writing(engine) as connection:
        baby_name_years.create(connection)
    answer = run_babynames("check", "db", folder=tmp_path, environment=names)
    assert (answer.returncode, "half-made" in answer.stdout) == (0, True)
    assert run_babynames("migrate", folder=tmp_path, environment=names).returncode == 0
    answer = run_babynames("check", "db", folder=tmp_path, environment=names)
    assert "schema at" in answer.stdout

    downgrade(engine, "base")
    with writing(engine) as connection:
        connection.exec_driver_sql("CREATE TABLE baby_names (id INTEGER PRIMARY KEY, name VARCHAR(20))")
    for command in (("check", "db"), ("migrate",), ("run",)):
        answer = run_babynames(*command, folder=tmp_path, environment=names)
        assert (answer.returncode, "DB_TABLE_FOREIGN" in answer.stderr) == (1, True), answer.stderr
        assert "--adopt" in answer.stderr
    assert set(inspect(engine).get_table_names()) == {"baby_names", VERSION_TABLE}
    engine.dispose()
