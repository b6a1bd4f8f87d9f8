"""`babynames migrate`, and what `babynames check db` says of databases that are not ready."""

import sqlite3
from collections.abc import Mapping
from pathlib import Path

from sqlalchemy import inspect, text
from sqlalchemy.engine import Engine, make_url

from babynames_dagster.database.connection.engine import open_engine, writing
from babynames_dagster.database.loading.loads import last_loads
from babynames_dagster.database.schema.migrate import downgrade, upgrade
from babynames_dagster.database.schema.standing import current_revision, schema_state
from babynames_dagster.database.schema.versions import VERSION_TABLE
from babynames_dagster.database.tables import baby_name_years
from babynames_dagster_tests.support.command import run_babynames
from babynames_dagster_tests.support.loading import names_in


def test_check_distinguishes_half_made_and_another_programs_databases(
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
        said = answer.stdout + answer.stderr
        assert (answer.returncode, "DB_TABLE_FOREIGN" in said, "--adopt" in said) == (1, True, True), said
    assert set(inspect(engine).get_table_names()) == {"baby_names", VERSION_TABLE}
    engine.dispose()


def made_by_another_program(engine: Engine, sex: str = "VARCHAR(1)") -> None:
    """Make the table that a TypeScript version of this pipeline has, with some rows."""
    with writing(engine) as connection:
        key = "INTEGER PRIMARY KEY" if engine.dialect.name == "sqlite" else "INT AUTO_INCREMENT PRIMARY KEY"
        connection.exec_driver_sql(
            f"CREATE TABLE baby_names (id {key}, name VARCHAR(255) NOT NULL, sex {sex} NOT NULL, "
            "created_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP, updated_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP)"
        )
        connection.exec_driver_sql("CREATE UNIQUE INDEX idx_baby_names_name_sex ON baby_names (name, sex)")
        connection.exec_driver_sql("CREATE INDEX idx_baby_names_initial ON baby_names (name)")
        insert = text("INSERT INTO baby_names (name, sex) VALUES (:name, 'F')")
        for number in range(60):
            name = ["José", 'Anne "A"', "O'Neil", "John"][number % 4] + "abcdefghijklmnop"[number // 4]
            connection.execute(insert, {"name": name})
        connection.execute(text("INSERT INTO baby_names (name, sex) VALUES ('John', 'M'), ('No, one', 'F')"))


def test_adopt_takes_another_programs_names_over(database_url: str, tmp_path: Path) -> None:
    engine = open_engine(make_url(database_url))
    made_by_another_program(engine)
    names = {"DATABASE_URL": database_url, "REJECT_LIMIT": "50%"}
    answer = run_babynames("migrate", "--adopt", folder=tmp_path, environment=names)
    assert answer.returncode == 0, answer.stderr
    assert "62 rows read" in " ".join(answer.stdout.split())
    assert ("John", "M") in names_in(engine)
    report = last_loads(engine, 1)[0]
    assert report.rows.inserted + report.rows.rejected == 62
    assert len(names_in(engine)) == report.rows.inserted > 40
    again = run_babynames("migrate", "--adopt", folder=tmp_path, environment=names)
    assert again.returncode == 0, again.stderr
    assert len(names_in(engine)) == report.rows.inserted
    assert run_babynames("check", "db", folder=tmp_path, environment=names).returncode == 0
    engine.dispose()


def test_adopt_refuses_what_does_not_fit_and_says_when_there_is_nothing(database_url: str, tmp_path: Path) -> None:
    engine = open_engine(make_url(database_url))
    names = {"DATABASE_URL": database_url}
    with writing(engine) as connection:
        connection.exec_driver_sql("CREATE TABLE baby_names (id INTEGER PRIMARY KEY, given VARCHAR(20))")
    answer = run_babynames("migrate", "--adopt", folder=tmp_path, environment=names)
    assert (answer.returncode, "no column name and sex" in answer.stderr) == (1, True), answer.stderr
    assert inspect(engine).get_table_names() == ["baby_names"]
    with writing(engine) as connection:
        connection.exec_driver_sql("DROP TABLE baby_names")
    answer = run_babynames("migrate", "--adopt", folder=tmp_path, environment=names)
    assert (answer.returncode, "nothing to take over" in answer.stdout) == (0, True)
    engine.dispose()


def test_adopt_takes_an_empty_table_over_and_is_no_remedy_for_another_table(database_url: str, tmp_path: Path) -> None:
    engine = open_engine(make_url(database_url))
    with writing(engine) as connection:
        connection.exec_driver_sql("CREATE TABLE loads (id INTEGER PRIMARY KEY)")
    refused = run_babynames("migrate", folder=tmp_path, environment={"DATABASE_URL": database_url})
    assert ("made loads" in refused.stderr, "--adopt" in refused.stderr) == (True, False)
    with writing(engine) as connection:
        connection.exec_driver_sql("DROP TABLE loads")
        connection.exec_driver_sql("CREATE TABLE baby_names (id INTEGER PRIMARY KEY, name VARCHAR(9), sex VARCHAR(1))")
    answer = run_babynames("migrate", "--adopt", folder=tmp_path, environment={"DATABASE_URL": database_url})
    assert (answer.returncode, "0 rows read" in " ".join(answer.stdout.split())) == (0, True), answer.stderr
    engine.dispose()


def test_one_step_down_and_up_again_by_the_command(database_url: str, tmp_path: Path) -> None:
    names = {"DATABASE_URL": database_url}
    engine = open_engine(make_url(database_url))
    assert run_babynames("migrate", folder=tmp_path, environment=names).returncode == 0
    for revision in ("0001", "0002"):
        assert run_babynames("migrate", "--to", revision, folder=tmp_path, environment=names).returncode == 0
        assert current_revision(engine) == revision
    answer = run_babynames("check", "db", folder=tmp_path, environment=names)
    assert (answer.returncode, "schema at 0002, older than this program" in answer.stdout) == (0, True), answer.stdout
    answer = run_babynames("migrate", "--to", "base", folder=tmp_path, environment=names)
    assert (answer.returncode, "Name one of 0001, 0002" in answer.stderr) == (2, True), answer.stderr
    assert current_revision(engine) == "0002"
    engine.dispose()


def test_the_sql_is_what_the_migration_does_and_changes_nothing_by_itself(mariadb_url: str, tmp_path: Path) -> None:
    names = {"DATABASE_URL": mariadb_url}
    engine = open_engine(make_url(mariadb_url))
    for revision in (None, "0001"):
        if revision is not None:
            upgrade(engine, revision)
        answer = run_babynames("migrate", "--sql", folder=tmp_path, environment=names)
        assert answer.returncode == 0, answer.stderr
        assert current_revision(engine) == revision
        with writing(engine) as connection:
            lines = (line for line in answer.stdout.splitlines() if not line.startswith("--"))
            for statement in "\n".join(lines).split(";\n"):
                if statement.strip():
                    connection.exec_driver_sql(statement.replace("%", "%%"))
        assert schema_state(engine).is_newest
        downgrade(engine, "base")
    engine.dispose()


def test_migrate_brings_an_empty_database_to_head_and_says_so(tmp_path: Path) -> None:
    answer = run_babynames("migrate", folder=tmp_path)
    assert answer.returncode == 0
    assert answer.stdout.startswith("Schema: none -> ")
    head = answer.stdout.split()[-1]
    assert run_babynames("migrate", folder=tmp_path).stdout == f"Schema: up to date at {head}\n"
    older = run_babynames("migrate", "--to", "0001", folder=tmp_path)
    assert older.stdout == f"Schema: {head} -> 0001\n"


def test_the_sql_for_a_file_that_is_not_there_makes_none(tmp_path: Path) -> None:
    answer = run_babynames("migrate", "--sql", folder=tmp_path)
    assert (answer.returncode, list(tmp_path.iterdir())) == (0, []), answer.stderr
    with sqlite3.connect(tmp_path / "by_hand.db") as connection:
        connection.executescript(answer.stdout)
    connection.close()
    checked = run_babynames(
        "migrate", folder=tmp_path, environment={"DATABASE_URL": f"sqlite:///{tmp_path}/by_hand.db"}
    )
    assert checked.stdout.startswith("Schema: up to date at ")
