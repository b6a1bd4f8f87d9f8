"""What a driver's error means, where its code alone would not help."""

import sqlite3

import pymysql
import pytest
from sqlalchemy.engine import make_url
from sqlalchemy.exc import OperationalError

from babynames_dagster.database.connection.failures import translate
from babynames_dagster.errors import ErrorCode


@pytest.mark.parametrize(
    ("error", "code", "remedy"),
    [
        (sqlite3.OperationalError("disk I/O error"), ErrorCode.DISK_FULL, "Free some space"),
        (pymysql.OperationalError(1203, "User u already has more"), ErrorCode.DB_BUSY, "MAX_USER_CONNECTIONS"),
        (pymysql.OperationalError(1226, "User u has exceeded"), ErrorCode.DB_BUSY, "MAX_USER_CONNECTIONS"),
        (
            pymysql.OperationalError(2026, "SSL is required but the server doesn't support it"),
            ErrorCode.DB_TLS_ERROR,
            "none",
        ),
        (
            pymysql.OperationalError(1290, "running with the --super-read-only option"),
            ErrorCode.DB_READ_ONLY,
            "replica",
        ),
        (pymysql.OperationalError(1290, "running with the NO_ENGINE option"), ErrorCode.DB_ERROR, "server's message"),
        (pymysql.OperationalError(1317, "Query execution was interrupted"), ErrorCode.DB_CONNECTION_LOST, "Run again"),
        (pymysql.OperationalError(3032, "The server is in offline mode"), ErrorCode.DB_UNREACHABLE, "offline mode"),
        (pymysql.OperationalError(1684, "Table t was skipped"), ErrorCode.DB_BUSY, "run again"),
    ],
    ids=str,
)
def test_an_error_has_the_remedy_that_helps_with_it(error: Exception, code: ErrorCode, remedy: str) -> None:
    found = translate(OperationalError("SELECT 1", None, error), make_url("mysql+pymysql://u:pw@db.example.com/names"))
    assert found.code is code
    assert remedy in found.remedy
