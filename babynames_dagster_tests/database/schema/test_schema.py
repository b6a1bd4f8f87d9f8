"""The schema: migrations and models agree, and the pipeline keeps a database at head by itself."""

import io
import threading
from contextlib import redirect_stdout

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy.engine import Connection, Engine, make_url

from babynames_dagster.database.connection.engine import open_engine, reading, writing
from babynames_dagster.database.connection.locks import lock_name
from babynames_dagster.database.schema.migrate import alembic_config, one_migrator, upgrade
from babynames_dagster.database.schema.standing import current_revision, ensure_schema
from babynames_dagster.database.schema.versions import VERSION_TABLE, revisions
from babynames_dagster.database.tables import baby_name_years, metadata
from babynames_dagster.errors import ErrorCode, PipelineError


def test_models_and_migrations_agree(engine: Engine) -> None:
    with reading(engine) as connection:
        options = {"compare_type": True, "compare_server_default": True, "version_table": VERSION_TABLE}
        context = MigrationContext.configure(connection, opts=options)
        assert compare_metadata(context, metadata) == []


def test_a_downgrade_leaves_only_the_revisions_own_table(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", engine.url.render_as_string(hide_password=False))
    command.downgrade(alembic_config(), "base")
    assert sa.inspect(engine).get_table_names() == [VERSION_TABLE]


def test_an_empty_database_is_brought_to_head(database_url: str) -> None:
    engine = open_engine(make_url(database_url))
    ensure_schema(engine, auto_migrate=True)
    assert set(metadata.tables) <= set(sa.inspect(engine).get_table_names())


def test_an_older_schema_is_brought_to_head_with_what_it_holds(database_url: str) -> None:
    engine = open_engine(make_url(database_url))
    upgrade(engine, "0001")
    with writing(engine) as connection:
        connection.execute(sa.insert(baby_name_years).values(name_id=1, year=1990, births=7, load_id=1))
    ensure_schema(engine, auto_migrate=True)
    assert current_revision(engine) == ScriptDirectory.from_config(alembic_config()).get_current_head()
    with reading(engine) as connection:
        assert connection.execute(sa.select(baby_name_years.c.births)).scalars().all() == [7]
    engine.dispose()


def test_an_outdated_schema_is_refused_when_migrating_is_off(database_url: str) -> None:
    engine = open_engine(make_url(database_url))
    with pytest.raises(PipelineError, match="DB_AUTO_MIGRATE is off") as caught:
        ensure_schema(engine, auto_migrate=False)
    assert caught.value.code is ErrorCode.DB_SCHEMA_OUTDATED
    assert current_revision(engine) is None


def test_a_schema_from_the_future_is_refused(engine: Engine) -> None:
    with writing(engine) as connection:
        connection.execute(sa.text("UPDATE babynames_version SET version_num = 'tomorrow'"))
    with pytest.raises(PipelineError) as caught:
        ensure_schema(engine, auto_migrate=True)
    assert caught.value.code is ErrorCode.DB_SCHEMA_UNKNOWN


def test_several_migrators_at_once_migrate_once(database_url: str) -> None:
    failures: list[BaseException] = []

    def migrate() -> None:
        engine = open_engine(make_url(database_url))
        try:
            ensure_schema(engine, auto_migrate=True)
        except PipelineError as error:
            failures.append(error)
        finally:
            engine.dispose()

    threads = [threading.Thread(target=migrate) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []


def test_no_other_migrator_starts_before_the_migration_is_committed(mariadb_url: str) -> None:
    engine, other = open_engine(make_url(mariadb_url)), open_engine(make_url(mariadb_url))
    locked: list[bool] = []

    @sa.event.listens_for(engine, "commit")
    def look(_: Connection) -> None:
        with reading(other) as connection:
            used = connection.execute(sa.text("SELECT IS_USED_LOCK(:name)"), {"name": lock_name(engine, "migrate")})
            locked.append(used.scalar() is not None)

    upgrade(engine)
    engine.dispose()
    other.dispose()
    assert set(locked) == {True}


def test_a_migration_of_another_database_of_the_server_is_not_waited_for(mariadb_url: str) -> None:
    url = make_url(mariadb_url).update_query_dict({"timeout": "1"})
    engine, other = open_engine(url), open_engine(url.set(database="information_schema"))
    with one_migrator(other):
        upgrade(engine)
    assert current_revision(engine) == revisions()[-1]
    engine.dispose()
    other.dispose()


def test_offline_sql_for_mysql_names_engine_charset_enum_and_indexes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "mysql+pymysql://nobody@127.0.0.1/none")
    output = io.StringIO()
    config = alembic_config()
    config.output_buffer = output
    with redirect_stdout(output):
        command.upgrade(config, "head", sql=True)
    ddl = output.getvalue()
    for expected in (
        "ENGINE=InnoDB",
        "CHARSET=utf8mb4",
        "ENUM('M','F')",
        "CREATE INDEX idx_baby_names_name_sex ON baby_names (name, sex)",
        "CREATE INDEX idx_baby_names_initial ON baby_names (initial)",
    ):
        assert expected in ddl


def test_the_revisions_are_in_alembics_own_order() -> None:
    script = ScriptDirectory.from_config(alembic_config())
    assert list(revisions()) == [item.revision for item in script.walk_revisions()][::-1]
