"""Addresses of databases as people write them."""

from pathlib import Path

import pytest
from sqlalchemy.engine import make_url

from babynames_dagster.settings import load_settings
from babynames_dagster.settings.address import connectable
from babynames_dagster_tests.support.command import run_babynames


@pytest.mark.parametrize(
    ("parameters", "named"),
    [
        ("connection_limit=5", "connection_limit"),
        ("ssl=Amazon%20RDS", "ssl=Amazon RDS"),
        ("ssl-mode=SOMETIMES", "ssl-mode=SOMETIMES"),
        ("ssl=%7Bbroken", "ssl"),
        ("charset=latin1", "charset"),
        ("ssl-mode=REQUIRED&ssl=false", "switch it off"),
        ("socketTimeout=3&ssl=true", "socketTimeout"),
    ],
)
def test_a_parameter_that_is_not_understood_is_named(tmp_path: Path, parameters: str, named: str) -> None:
    for command in (("check", "db"), ("migrate",), ("run",)):
        address = f"mysql://user:s3cret@localhost/names?{parameters}"
        answer = run_babynames(*command, folder=tmp_path, environment={"DATABASE_URL": address})
        said = " ".join(answer.stderr.split())
        assert answer.returncode == 2
        assert ("INVALID_CONFIG" in said, named in said, "s3cret" in said) == (True, True, False), said


@pytest.mark.parametrize("address", ["sqlite://data/x.db", "sqlite://~/x.db", "sqlite:///x.db?mode=ro"])
def test_a_sqlite_address_that_can_mean_two_files_is_refused(tmp_path: Path, address: str) -> None:
    for command in (("check", "db"), ("migrate",), ("run",)):
        answer = run_babynames(*command, folder=tmp_path, environment={"DATABASE_URL": address})
        assert (answer.returncode, "INVALID_CONFIG" in answer.stderr) == (2, True), answer.stderr


@pytest.mark.parametrize("password", ["s3cret@tail", "@tail", "a@b@tail"])
def test_an_unescaped_at_in_a_password_is_refused_without_showing_any_of_it(tmp_path: Path, password: str) -> None:
    address = f"mysql://user:{password}@localhost/names"
    answer = run_babynames("check", "db", folder=tmp_path, environment={"DATABASE_URL": address})
    assert (answer.returncode, "written %40" in answer.stderr, "tail@" in answer.stderr) == (2, True, False)


def test_a_tilde_in_a_sqlite_address_is_the_home(tmp_path: Path) -> None:
    names = {"DATABASE_URL": "sqlite:///~/deep/x.db", "HOME": str(tmp_path / "home")}
    for command in (("check", "db"), ("migrate",), ("check", "db")):
        answer = run_babynames(*command, folder=tmp_path, environment=names)
        assert answer.returncode == 0, answer.stderr
    assert (tmp_path / "home" / "deep" / "x.db").is_file()
    assert not (tmp_path / "~").exists()


def test_any_driver_of_either_server_means_ours() -> None:
    for scheme in ("mysql", "mysql+mysqldb", "mariadb", "mariadb+mariadbconnector"):
        assert connectable(make_url(f"{scheme}://u@h/n?unix_socket=/run/s")).drivername == "mysql+pymysql"


def test_how_to_reach_the_server_is_part_of_the_address(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("DATABASE_URL", "mysql://u:p@h/n?ssl=true")
    monkeypatch.setenv("DB_SSL_CA", str(tmp_path / "ca.pem"))
    monkeypatch.setenv("DB_TIMEOUT", "7")
    query = load_settings().database_address().query
    assert dict(query) == {"ssl_mode": "VERIFY_IDENTITY", "ssl_ca": str(tmp_path / "ca.pem"), "timeout": "7"}
