"""Reaching a server: TLS, passwords, what is no server at all, and an end to every wait."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy.engine import URL, Engine, make_url

from babynames_dagster.database.connection import waiting
from babynames_dagster.database.connection.engine import open_engine, reading, writing
from babynames_dagster.database.schema.migrate import upgrade
from babynames_dagster.errors import ErrorCode, PipelineError
from babynames_dagster.settings.address import connectable
from babynames_dagster_tests.support.command import run_babynames
from babynames_dagster_tests.support.servers.certificates import Certificates, make_certificates
from babynames_dagster_tests.support.servers.mariadb import MariaDB, StartMariaDB


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return make_certificates(tmp_path_factory.mktemp("certificates"), "localhost")


@pytest.fixture(scope="module")
def tls_server(
    certificates: Certificates, tmp_path_factory: pytest.TempPathFactory, start_mariadb: StartMariaDB
) -> Iterator[MariaDB]:
    options = (f"--ssl-cert={certificates.server}", f"--ssl-key={certificates.server_key}")
    with start_mariadb(tmp_path_factory.mktemp("tls") / "server", *options) as server:
        with server.connect() as connection, connection.cursor() as cursor:
            cursor.execute("CREATE DATABASE names")
        yield server


def asked(address: str) -> dict[str, str]:
    """Connect by an address as people write it, and return what the server says of the connection."""
    engine = open_engine(connectable(make_url(address)))
    try:
        with reading(engine) as connection:
            return {row[0]: row[1] for row in connection.exec_driver_sql("SHOW SESSION STATUS LIKE 'Ssl_cipher'")}
    finally:
        engine.dispose()


def failure(url: URL) -> PipelineError:
    engine = open_engine(url)
    try:
        with pytest.raises(PipelineError) as caught, reading(engine):
            pass
    finally:
        engine.dispose()
    return caught.value


@pytest.mark.parametrize(
    "parameters",
    [
        "ssl-mode=REQUIRED",
        "sslmode=require",
        "ssl=true",
        'ssl={"rejectUnauthorized":false}',
        "sslaccept=accept_invalid_certs",
        "ssl-mode=VERIFY_CA&ssl-ca={ca}",
        "ssl_mode=VERIFY_IDENTITY&ssl_ca={ca}",
        "sslaccept=strict&sslcert={ca}",
        "tls=true&ssl_ca={ca}",
        "useSSL=true&requireSSL=true&charset=utf8mb4",
        "ssl_ca={ca}&ssl_verify_cert=true&ssl_verify_identity=true",
    ],
)
def test_what_providers_print_into_their_addresses_means_tls(
    tls_server: MariaDB, certificates: Certificates, parameters: str
) -> None:
    text = parameters.replace("{ca}", str(certificates.authority))
    assert asked(f"mysql://root@localhost:{tls_server.port}/names?{text}")["Ssl_cipher"]


@pytest.mark.parametrize("parameters", ["ssl-mode=DISABLED", "ssl=false", "sslmode=disable"])
def test_tls_can_be_switched_off(tls_server: MariaDB, parameters: str) -> None:
    assert asked(f"mysql://root@localhost:{tls_server.port}/names?{parameters}")["Ssl_cipher"] == ""


@pytest.mark.parametrize(
    ("host", "parameters"),
    [("127.0.0.1", "ssl_ca={ca}"), ("localhost", "sslaccept=strict"), ("localhost", "ssl_ca=/no")],
)
def test_a_certificate_that_does_not_fit_is_said_to_be_the_reason(
    tls_server: MariaDB, certificates: Certificates, host: str, parameters: str
) -> None:
    text = parameters.replace("{ca}", str(certificates.authority))
    error = failure(connectable(make_url(f"mysql://root@{host}:{tls_server.port}/names?{text}")))
    assert error.code is ErrorCode.DB_TLS_ERROR, error
    assert "DB_SSL_CA" in error.remedy


def test_a_server_without_tls_is_refused_where_tls_is_required(tmp_path: Path, start_mariadb: StartMariaDB) -> None:
    with start_mariadb(tmp_path / "server", "--skip-ssl") as server:  # 11.4 and newer make themselves a certificate
        error = failure(make_url(server.url).set(query={"ssl_mode": "REQUIRED"}))
    assert error.code is ErrorCode.DB_TLS_ERROR


def test_db_ssl_ca_verifies_and_check_says_so_where_it_does_not_fit(
    tls_server: MariaDB, certificates: Certificates, tmp_path: Path
) -> None:
    names = {"DB_HOST": "localhost", "DB_PORT": str(tls_server.port), "DB_NAME": "names", "DB_USER": "root"}
    fits = run_babynames(
        "check", "db", folder=tmp_path, environment={**names, "DB_SSL_CA": str(certificates.authority)}
    )
    assert fits.returncode == 0, fits.stderr
    other = make_certificates(tmp_path / "other", "localhost")
    answer = run_babynames("check", "db", folder=tmp_path, environment={**names, "DB_SSL_CA": str(other.authority)})
    assert (answer.returncode, "DB_TLS_ERROR" in answer.stdout) == (1, True), answer.stdout


@pytest.mark.parametrize("password", ["päss", "p€ss wörd", "пароль", "😀"])
def test_a_password_may_have_any_characters(mariadb_url: str, password: str) -> None:
    url = make_url(mariadb_url)
    user, root = f"p{url.database}"[:30], open_engine(url)
    with writing(root) as connection:
        connection.exec_driver_sql(f"CREATE USER {user}@'127.0.0.1' IDENTIFIED BY '{password}'")
        connection.exec_driver_sql(f"GRANT ALL ON {url.database}.* TO {user}@'127.0.0.1'")
    engine = open_engine(url.set(username=user, password=password))
    with reading(engine):
        pass
    assert failure(url.set(username=user, password=password + "€")).code is ErrorCode.DB_AUTH_ERROR
    with writing(root) as connection:
        connection.exec_driver_sql(f"DROP USER {user}@'127.0.0.1'")
    engine.dispose()
    root.dispose()


@contextmanager
def listening(greeting: bytes) -> Iterator[int]:
    """Listen on a port, say something to whoever comes, and nothing more."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        guests: list[socket.socket] = []

        def serve() -> None:
            while True:
                try:
                    guest, _ = listener.accept()
                except OSError:
                    return
                guests.append(guest)
                guest.sendall(greeting)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        try:
            yield listener.getsockname()[1]
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            thread.join()
            for guest in guests:
                guest.close()


@pytest.mark.parametrize(
    "greeting",
    [
        b"",
        b"SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n",
        b"HTTP/1.1 400 Bad Request\r\n\r\n",
        b"\x03\x00\x00\x00\x0aab",
        b"220 smtp\r\n" * 9,
    ],
    ids=["silent", "ssh", "http", "garbled", "smtp"],
)
def test_what_does_not_answer_as_a_server_does_is_left_soon(greeting: bytes) -> None:
    with listening(greeting) as port:
        started = time.monotonic()
        error = failure(make_url(f"mysql+pymysql://root@127.0.0.1:{port}/names?timeout=1"))
        assert time.monotonic() - started < 5
    assert error.code is ErrorCode.DB_UNREACHABLE, error
    assert "MySQL server" in error.what


def test_a_server_that_lets_connect_and_then_says_nothing_is_said_meanwhile(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(waiting, "SAID_AFTER", 0.5)
    with listening(b"") as port:
        failure(make_url(f"mysql+pymysql://root@127.0.0.1:{port}/names?timeout=2"))
    assert "(connecting ...); a connection is waited for 2 s at most." in caplog.text


@pytest.fixture
def impatient(mariadb_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Engine]:
    """An engine that waits for two seconds, and says so after a half."""
    monkeypatch.setattr(waiting, "SAID_AFTER", 0.5)
    engine = open_engine(make_url(mariadb_url).set(query={"timeout": "2"}))
    yield engine
    engine.dispose()


def test_ddl_behind_an_open_transaction_ends_and_is_said(
    impatient: Engine, mariadb_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    other = open_engine(make_url(mariadb_url))
    upgrade(impatient, "0001")
    with reading(other) as connection:
        connection.exec_driver_sql("SELECT * FROM hubspot_contacts").fetchall()
        started = time.monotonic()
        with pytest.raises(PipelineError) as caught:
            upgrade(impatient)
        assert time.monotonic() - started < 10
    assert caught.value.code is ErrorCode.DB_LOCK_TIMEOUT
    assert "has not answered for" in caplog.text
    upgrade(impatient)
    other.dispose()


def test_writing_under_a_global_read_lock_ends(tmp_path: Path, start_mariadb: StartMariaDB) -> None:
    with start_mariadb(tmp_path / "server") as server:
        with server.connect() as connection, connection.cursor() as cursor:
            cursor.execute("CREATE DATABASE names")
        engine = open_engine(make_url(server.url).set(database="names", query={"timeout": "2"}))
        upgrade(engine)
        with server.connect() as connection, connection.cursor() as cursor:
            cursor.execute("FLUSH TABLES WITH READ LOCK")
            with pytest.raises(PipelineError) as caught, writing(engine) as blocked:
                blocked.exec_driver_sql(
                    "INSERT INTO baby_name_years (name_id, year, births, load_id) VALUES (1, 2, 3, 4)"
                )
        assert caught.value.code is ErrorCode.DB_LOCK_TIMEOUT
        with server.connect() as connection, connection.cursor() as cursor:
            cursor.execute("SET GLOBAL read_only = 1")
            cursor.execute("CREATE USER u@'127.0.0.1'")
            cursor.execute("GRANT ALL ON names.* TO u@'127.0.0.1'")
        replica = open_engine(engine.url.set(username="u"))
        with pytest.raises(PipelineError) as caught, writing(replica) as blocked:
            blocked.exec_driver_sql("DELETE FROM baby_name_years")
        assert caught.value.code is ErrorCode.DB_READ_ONLY
        engine.dispose()
        replica.dispose()


def test_a_server_that_stops_answering_is_left(impatient: Engine) -> None:
    started = time.monotonic()
    with pytest.raises(PipelineError) as caught, reading(impatient) as connection:
        connection.exec_driver_sql("SELECT SLEEP(60)")
    assert time.monotonic() - started < 20
    assert caught.value.code is ErrorCode.DB_CONNECTION_LOST
