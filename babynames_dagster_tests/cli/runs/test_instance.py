"""`babynames migrate --instance`, and Dagster's records on a server that every command shares."""

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Engine, make_url

from babynames_dagster.database.connection.engine import open_engine, writing
from babynames_dagster.database.schema.migrate import downgrade, upgrade
from babynames_dagster.database.schema.standing import schema_state
from babynames_dagster.database.schema.versions import VERSION_TABLE
from babynames_dagster_tests.docs.markdown import CHECKOUT
from babynames_dagster_tests.support.command import run_babynames, run_script

LIMITS = "?connect_timeout=10&read_timeout=120&write_timeout=120"


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A DAGSTER_HOME whose `dagster.yaml` puts the records on the server of DAGSTER_MYSQL_URL."""
    folder = tmp_path / "home"
    folder.mkdir()
    (folder / "dagster.yaml").write_text(
        "storage:\n  mysql:\n    mysql_url: {env: DAGSTER_MYSQL_URL}\ntelemetry: {enabled: false}\n", encoding="utf-8"
    )
    return folder


@pytest.fixture
def engine(mariadb_url: str) -> Iterator[Engine]:
    """An engine on an empty database."""
    opened = open_engine(make_url(mariadb_url))
    yield opened
    opened.dispose()


@pytest.fixture
def variables(home: Path, mariadb_url: str) -> dict[str, str]:
    """Variables that put the pipeline's and Dagster's tables into one database."""
    return {"DAGSTER_HOME": str(home), "DATABASE_URL": mariadb_url, "DAGSTER_MYSQL_URL": mariadb_url + LIMITS}


def dagsters_revisions(engine: Engine) -> list[str]:
    with engine.connect() as connection:
        return list(connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalars())


@pytest.mark.parametrize("first", ["neither", "dagster's", "ours", "ours, of an older version"])
def test_both_histories_live_in_one_database_whichever_was_there_first(
    first: str, engine: Engine, variables: dict[str, str], tmp_path: Path
) -> None:
    if first == "dagster's":
        made = run_script("dagster", "instance", "migrate", folder=tmp_path, environment=variables)
        assert made.returncode == 0, made.stderr
    elif first.startswith("ours"):
        upgrade(engine)
    if first == "ours, of an older version":
        with writing(engine) as connection:
            connection.exec_driver_sql(f"RENAME TABLE {VERSION_TABLE} TO alembic_version")

    for _ in range(2):
        done = run_babynames("migrate", "--instance", folder=tmp_path, environment=variables)
        assert done.returncode == 0, done.stderr
        assert "MySQLRunStorage" in done.stdout
        assert schema_state(engine).is_newest
        assert len(dagsters_revisions(engine)) == 1

    tables, revisions = set(sa.inspect(engine).get_table_names()), dagsters_revisions(engine)
    assert {"runs", "event_logs", "job_ticks", "hubspot_contacts", VERSION_TABLE} <= tables
    downgrade(engine, "base")
    assert dagsters_revisions(engine) == revisions
    assert {"runs", "event_logs", "job_ticks"} <= set(sa.inspect(engine).get_table_names())


def test_run_status_and_dagster_share_the_records(
    mariadb_url: str, home: Path, environment: dict[str, str], tmp_path: Path
) -> None:
    """The address stands in `.env` alone, where Dagster's own commands look, too."""
    (tmp_path / ".env").write_text(f"DAGSTER_MYSQL_URL={mariadb_url}{LIMITS}\n", encoding="utf-8")
    names = {**environment, "DAGSTER_HOME": str(home)}
    assert run_babynames("migrate", "--instance", folder=tmp_path, environment=names).returncode == 0
    done = run_babynames("run", "--partition", "Q", "--json", folder=tmp_path, environment=names)
    assert done.returncode == 0, done.stderr
    status = run_babynames("status", "--json", folder=tmp_path, environment=names)
    run_ids = [run["run_id"] for run in json.loads(status.stdout)["runs"]]
    assert run_ids
    listed = run_script("dagster", "run", "list", folder=tmp_path, environment=names)
    assert all(run_id in listed.stdout for run_id in run_ids), listed.stderr
    assert not list(home.glob("**/*.db"))


@pytest.mark.parametrize(
    ("address", "code"),
    [
        (None, "INVALID_CONFIG"),
        ("mysql+pymysql://dagster:s3cret-word@127.0.0.1:1/dagster", "DB_UNREACHABLE"),
        ("user without rights", "DB_AUTH_ERROR"),
        ("no such database", "DB_NOT_FOUND"),
    ],
)
def test_records_out_of_reach_are_named_without_their_password(
    address: str | None, code: str, mariadb_url: str, variables: dict[str, str], tmp_path: Path
) -> None:
    url = make_url(mariadb_url)
    if address == "user without rights":
        address = url.set(username="stranger", password="s3cret-word").render_as_string(hide_password=False)
    elif address == "no such database":
        address = url.set(database="nowhere").render_as_string(hide_password=False)
    del variables["DAGSTER_MYSQL_URL"]
    if address is not None:
        variables["DAGSTER_MYSQL_URL"] = address
    for command in (("migrate", "--instance"), ("status",)):
        done = run_babynames(*command, folder=tmp_path, environment=variables)
        assert done.returncode == (2 if address is None else 1)
        assert code in done.stderr
        assert "dagster.yaml" in done.stderr
        assert "Traceback" not in done.stderr
        assert "s3cret-word" not in done.stdout + done.stderr


def test_records_in_files_are_made_as_well(database_url: str, tmp_path: Path) -> None:
    done = run_babynames("migrate", "--instance", folder=tmp_path, environment={"DATABASE_URL": database_url})
    assert done.returncode == 0, done.stderr
    assert "SqliteRunStorage" in done.stdout
    assert (tmp_path / "data" / "dagster" / "history" / "runs.db").is_file()


def test_the_sql_of_dagsters_tables_is_refused(tmp_path: Path) -> None:
    done = run_babynames("migrate", "--instance", "--sql", folder=tmp_path)
    assert (done.returncode, "pipeline's own tables only" in done.stderr) == (2, True)


DAMAGED = b"no database at all, but long enough to look like one " * 100


@pytest.mark.parametrize("file", ["history/runs.db", "schedules/schedules.db", "history/runs/index.db"])
def test_damaged_records_in_files_are_reported_from_a_server_out_of_reach(
    tmp_path: Path, environment: Mapping[str, str], dataset: Path, file: str
) -> None:
    arguments = ("run", "--path", str(dataset))
    assert run_babynames(*arguments, folder=tmp_path, environment=environment).returncode == 0
    home = tmp_path / "data" / "dagster"
    for rest in (home / file).parent.glob(f"{Path(file).name}-*"):
        rest.unlink()
    (home / file).write_bytes(DAMAGED)
    reported = run_babynames(*arguments, folder=tmp_path, environment=environment)
    assert reported.returncode == 1
    assert "DB_ERROR: Dagster's records" in reported.stderr
    assert f"Move {home} away" in reported.stderr
    assert "Start that server" not in reported.stderr
    home.rename(tmp_path / "away")
    assert run_babynames(*arguments, folder=tmp_path, environment=environment).returncode == 0


def test_the_page_on_operations_makes_the_folder_before_dagsters_own_commands_need_it(tmp_path: Path) -> None:
    page = (CHECKOUT / "docs" / "operations.md").read_text(encoding="utf-8")
    blocks = re.findall(r"^```sh\n(export DAGSTER_HOME=.*?)^```", page, re.MULTILINE | re.DOTALL)
    first_commands = {block.splitlines()[1].partition("#")[0].strip() for block in blocks}
    assert first_commands == {"babynames migrate --instance"}
    home = tmp_path / "data" / "dagster"
    done = run_babynames("migrate", "--instance", folder=tmp_path, environment={"DAGSTER_HOME": str(home)})
    assert (done.returncode, (home / "dagster.yaml").is_file()) == (0, True), done.stderr


@pytest.mark.parametrize("name", ["why?", "100%25"])
def test_a_folder_that_dagster_would_miss_is_refused(tmp_path: Path, name: str) -> None:
    done = run_babynames("migrate", "--instance", folder=tmp_path, environment={"DATA_DIR": name})
    assert (done.returncode, "Name a folder without them in DAGSTER_HOME" in done.stderr) == (2, True)
    assert not list(tmp_path.glob("*/dagster"))


def test_a_file_of_dagster_that_is_no_yaml_is_named(tmp_path: Path) -> None:
    (tmp_path / "dagster.yaml").write_text("{{{:")
    done = run_babynames("migrate", "--instance", folder=tmp_path, environment={"DAGSTER_HOME": str(tmp_path)})
    assert (done.returncode, f"{tmp_path / 'dagster.yaml'} is no YAML" in done.stderr) == (2, True)


def test_damaged_tables_are_reported_with_what_brings_them_back(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "babynames.db").write_bytes(DAMAGED)
    reported = run_babynames("check", "db", folder=tmp_path)
    for words in ("DB_ERROR", "Restore a back-up", "babynames reconcile"):
        assert words in reported.stdout
