"""`babynames rejects`: what was left out, of which sync and which database, and sending it again."""

import json
import sqlite3
from pathlib import Path

from sqlalchemy.engine import make_url

from babynames_dagster.database.connection.engine import opened_engine
from babynames_dagster.database.schema.migrate import upgrade
from babynames_dagster.sandbox.server import Sandbox
from babynames_dagster_tests.support.command import run_babynames
from babynames_dagster_tests.support.loading import load
from babynames_dagster_tests.support.pipeline import write_csv
from babynames_dagster_tests.support.stand_ins.hubspot import StandIn

_USAGE = 2


def test_a_contact_that_is_lost_once_acknowledged_makes_the_command_fail(
    tmp_path: Path, environment: dict[str, str], sandbox: Sandbox
) -> None:
    names = write_csv(tmp_path / "names.csv", [(1990, "Mary", "F", 1), (1990, "John", "M", 1)])
    assert run_babynames("run", "--path", str(names), folder=tmp_path, environment=environment).returncode == 0
    with sqlite3.connect(tmp_path / "data" / "babynames.db") as connection:
        portal = connection.execute("SELECT portal_id FROM hubspot_contacts").fetchone()[0]
        connection.execute("UPDATE hubspot_contacts SET portal_id = 777")
        connection.commit()
        for command in (["plan"], ["undo", "--yes"], ["reconcile"]):
            elsewhere = run_babynames(*command, folder=tmp_path, environment=environment)
            assert f"of portal {portal}, in which this ledger knows no contact" in elsewhere.stderr
            assert "it has 2 contacts in portal 777. Correct the token" in elsewhere.stderr
        connection.execute("DELETE FROM hubspot_contacts WHERE portal_id <> 777")
        connection.execute("UPDATE hubspot_contacts SET portal_id = ?", (portal,))
        connection.execute("UPDATE hubspot_contacts SET synced_at = '2999-01-01 00:00:00.000000'")
    connection.close()
    StandIn(sandbox.hubspot_url).delete("mary.f@babynamesdemo.com")
    answer = run_babynames("rejects", "--retry", "--json", folder=tmp_path, environment=environment)
    assert answer.returncode == 1
    reported = json.loads(answer.stdout)
    assert (reported["success"], reported["failed_checks"]) == (False, ["hubspot_contacts: sample_reads_back"])
    assert "Mary (F) gone: deleted permanently" in answer.stderr


def test_rejects_of_ones_own_table_are_shown_by_key_and_those_of_the_names_by_name(tmp_path: Path) -> None:
    assert run_babynames("migrate", folder=tmp_path).returncode == 0
    with sqlite3.connect(tmp_path / "data" / "babynames.db") as connection:
        connection.executemany(
            "INSERT INTO hubspot_contacts (portal_id, sync, row_key, partition_key, email, fingerprint, mapping, "
            "outcome, created_by_us, category, message, attempts, created_at, updated_at) "
            "VALUES (1, ?, ?, 'A', ?, 'f', 'm', 'rejected', 0, 'INVALID_EMAIL', 'said so', 1, "
            "'2026-01-01 00:00:00', '2026-01-01 00:00:00')",
            [("baby_names", "1", "mary.f@x.com"), ("customer_contacts", "C-17", "no-mail")],
        )
    connection.close()
    shown = run_babynames("rejects", folder=tmp_path).stdout
    of_names, _, of_table = shown.partition("Contacts of customer_contacts that did not get through")
    assert " name " in of_names
    assert " sex " in of_names
    assert "C-17" in of_table
    assert not {"name", "sex"} & {*of_table.split()}

    one_sync = json.loads(run_babynames("rejects", "--sync", "customer_contacts", "--json", folder=tmp_path).stdout)
    assert ([row["key"] for row in one_sync["contacts"]], one_sync["rows"]) == (["C-17"], [])
    unknown = run_babynames("rejects", "--sync", "customers", folder=tmp_path)
    assert unknown.returncode == _USAGE
    assert "baby_names, customer_contacts" in unknown.stderr


def test_rejects_of_a_demo_are_those_of_its_own_database(tmp_path: Path) -> None:
    state = tmp_path / "data" / "demo" / "sample"
    (state / "stand-in").mkdir(parents=True)
    names = write_csv(tmp_path / "names.csv", [(1990, "Mary", "F", 1), (1990, "Jim", "X", 1)])
    with opened_engine(make_url(f"sqlite:///{state / 'babynames.db'}")) as engine:
        upgrade(engine)
        load(engine, names)

    of_demo = json.loads(run_babynames("rejects", "--demo", "sample", "--json", folder=tmp_path).stdout)
    assert [row["raw"] for row in of_demo["rows"]] == ["1990,Jim,X,1"]
    unknown = run_babynames("rejects", "--demo", "other", folder=tmp_path)
    assert unknown.returncode == _USAGE
    assert "there are: sample" in unknown.stderr
