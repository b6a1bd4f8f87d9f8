"""A database's address as people and hosting providers write it, brought to the one form that we connect by.

What belongs here: which schemes and parameters are understood, and what is said of the others. What does not:
connecting (`database/`).

In the form that comes out, `ssl_mode` is one of MySQL's own: `DISABLED`, `PREFERRED`, `REQUIRED`, `VERIFY_CA` or
`VERIFY_IDENTITY` (MySQL 8.4 Reference Manual, "Command Options for Encrypted Connections").
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sqlalchemy.engine import URL

_ORDER = ("DISABLED", "PREFERRED", "REQUIRED", "VERIFY_CA", "VERIFY_IDENTITY")
_MODES = {
    # MySQL's --ssl-mode, and libpq's names, which several providers print for MySQL, too.
    "disabled": "DISABLED",
    "disable": "DISABLED",
    "preferred": "PREFERRED",
    "prefer": "PREFERRED",
    "allow": "PREFERRED",
    "required": "REQUIRED",
    "require": "REQUIRED",
    "verify_ca": "VERIFY_CA",
    "verify_identity": "VERIFY_IDENTITY",
    "verify_full": "VERIFY_IDENTITY",
}
_YES, _NO = {"true": True, "1": True, "yes": True, "on": True}, {"false": False, "0": False, "no": False, "off": False}
_BOOLEANS = _YES | _NO
_SWITCHES = {True: "REQUIRED", False: "DISABLED"}

_PARAMETERS: dict[str, Mapping[str, str]] = {
    "sslmode": _MODES,  # also ssl-mode and ssl_mode
    "sslaccept": {"strict": "VERIFY_IDENTITY", "accept_invalid_certs": "REQUIRED"},  # Prisma
    "ssl": {text: _SWITCHES[value] for text, value in _BOOLEANS.items()},  # mysql2, Rails, and others
    "usessl": {text: _SWITCHES[value] for text, value in _BOOLEANS.items()},  # JDBC, as the next two
    "requiressl": {text: "REQUIRED" if value else "PREFERRED" for text, value in _BOOLEANS.items()},
    "verifyservercertificate": {text: "VERIFY_CA" if value else "PREFERRED" for text, value in _BOOLEANS.items()},
    "tls": {  # go-sql-driver
        "true": "VERIFY_IDENTITY",
        "skip_verify": "REQUIRED",
        "preferred": "PREFERRED",
        "false": "DISABLED",
    },
    "sslverifycert": {text: "VERIFY_CA" if value else "PREFERRED" for text, value in _BOOLEANS.items()},  # PyMySQL
    "sslverifyidentity": {text: "VERIFY_IDENTITY" if value else "PREFERRED" for text, value in _BOOLEANS.items()},
    "ssldisabled": {text: "DISABLED" if value else "PREFERRED" for text, value in _BOOLEANS.items()},
}
_KEPT = {
    "sslca": "ssl_ca",
    "sslrootcert": "ssl_ca",
    "sslcert": "ssl_cert",
    "sslkey": "ssl_key",
    "unixsocket": "unix_socket",
    "socket": "unix_socket",
}


def parsed(text: str) -> "URL":
    """Read an address, of whatever database.

    Raises:
        ValueError: It is none; the message may hold a part of its password.
    """
    # A start that has no address to read does without SQLAlchemy, which takes a third as long to import as Dagster.
    from sqlalchemy.engine import make_url  # noqa: PLC0415
    from sqlalchemy.exc import ArgumentError  # noqa: PLC0415

    try:
        return make_url(text)
    except ArgumentError as error:
        raise ValueError(str(error)) from None


def connectable(url: "URL") -> "URL":
    """Return an address in the form that we connect by.

    Args:
        url: `mysql://...`, `mariadb://...` or `sqlite:///...`, with any driver and with parameters.

    Raises:
        ValueError: What is wrong with it, as the end of a sentence; never with its password.
    """
    if url.get_backend_name() == "sqlite":
        return _sqlite(url)
    if url.get_backend_name() not in {"mysql", "mariadb"}:
        raise ValueError("must begin with mysql+pymysql:// or sqlite:///")
    if "@" in (url.host or ""):  # the rest of a password, which no message may show
        raise ValueError("must have a single @, before the host: one in the password is written %40")
    if not url.database:
        raise ValueError("must name the database after the host, as in mysql+pymysql://user:password@host/name")
    return url.set(drivername="mysql+pymysql", query=_reach(url))


def _reach(url: "URL") -> dict[str, str]:
    """Return the parameters of a server's address as we name them."""
    modes, kept = list[str](), dict[str, str]()
    for name, given in url.query.items():
        key, text = name.lower().replace("-", "").replace("_", ""), given if isinstance(given, str) else given[-1]
        if key in _PARAMETERS:
            modes.append(_mode(name, key, text))
        elif key in _KEPT:
            kept[_KEPT[key]] = text
        elif not (key == "charset" and text.lower().startswith("utf8")):  # it is utf8mb4 in any case
            raise ValueError(f"has the parameter {name}, which is not understood: leave it out")
    if "ssl_key" not in kept and "ssl_cert" in kept:
        kept["ssl_ca"] = kept.pop("ssl_cert")  # Prisma's name for it; a client's certificate needs its key
    mode = _strictest(modes)
    if "ssl_ca" in kept and mode not in {"DISABLED", "VERIFY_CA"}:
        mode = "VERIFY_IDENTITY"
    return kept | ({"ssl_mode": mode} if mode else {})


def _strictest(modes: list[str]) -> str | None:
    """Return the mode that several parameters make together: the one that asks most."""
    if "DISABLED" in modes and len(set(modes)) > 1:
        modes = [mode for mode in modes if mode != "PREFERRED"]
        if set(modes) != {"DISABLED"}:
            raise ValueError("has parameters that ask for TLS and parameters that switch it off")
    return max(modes, key=_ORDER.index) if modes else None


def _mode(name: str, key: str, text: str) -> str:
    meanings = _PARAMETERS[key]
    if key == "ssl" and text.lstrip().startswith("{"):
        return _mode_of_json(name, text)
    mode = meanings.get(text.lower().replace("-", "_"))
    if mode is None:
        raise ValueError(f"has {name}={text}, which is not understood: it may be {', '.join(sorted(meanings))}")
    return mode


def _mode_of_json(name: str, text: str) -> str:
    """Read mysql2's `ssl={"rejectUnauthorized":true}`."""
    try:
        given = json.loads(text)
    except ValueError:
        raise ValueError(f"has the parameter {name}, which is not JSON") from None
    unknown = set(given) - {"rejectUnauthorized"} if isinstance(given, dict) else {text}
    if unknown:
        raise ValueError(
            f"has {name} with {', '.join(sorted(unknown))}, which is not understood: name the CA in ssl_ca"
        )
    return "VERIFY_IDENTITY" if given.get("rejectUnauthorized", True) else "REQUIRED"


def _sqlite(url: "URL") -> "URL":
    if url.host or url.username or url.port:
        raise ValueError(
            "must have three slashes before a file's name, four before one that begins with /: sqlite:///data/names.db"
        )
    if url.database in {None, "", ":memory:"}:
        raise ValueError("must name a file: SQLite in memory would be gone before the next step")
    if url.query or str(url.database).startswith("file:"):
        raise ValueError("must name a file without parameters")
    try:
        file = Path(str(url.database)).expanduser()
    except RuntimeError:
        raise ValueError("begins with ~ and a user whose home is unknown") from None
    return url.set(drivername="sqlite", database=str(file))
