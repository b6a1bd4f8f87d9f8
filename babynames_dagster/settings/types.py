"""How the text of a variable becomes a setting's value, and what is wrong with it if it can't.

What belongs here: one type a kind of value; what is accepted, and the message for the rest. What does
not: which variables there are (`settings/model.py`) and where their texts come from (`settings/sources.py`).
"""

import codecs
import json
import re
from pathlib import Path
from typing import Annotated, Literal, TypeVar
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, BeforeValidator, SecretStr

from babynames_dagster.settings.address import connectable, parsed

MYSQL_DIALECTS = ("mysql", "mariadb", "mysql2")

# The levels of winston, the logger of the TypeScript version.
_WINSTON_LEVELS = {
    "SILLY": "DEBUG",
    "VERBOSE": "DEBUG",
    "HTTP": "INFO",
    "WARN": "WARNING",
    "FATAL": "CRITICAL",
}

_Choice = TypeVar("_Choice")


def _lower(value: object) -> object:
    return value.lower() if isinstance(value, str) else value


def _log_level(value: object) -> object:
    name = str(value).upper()
    return _WINSTON_LEVELS.get(name, name)


def _share(value: object) -> object:
    """Accept `5%` as well as `0.05`."""
    text = str(value).strip()
    return float(text[:-1]) / 100 if re.fullmatch(r"\d+(\.\d+)?%", text) else value


def _bound(value: object) -> object:
    """Accept a number, a share (`5%`, `0.05`), and `off`."""
    text = str(value).strip().lower()
    if text in {"", "off", "none"}:
        return ""
    if re.fullmatch(r"0?\.\d+|1\.0*", text):
        return f"{float(text) * 100:g}%"
    if not re.fullmatch(r"\d{1,9}|\d+(\.\d+)?%", text):
        raise ValueError("must be a number, a share such as 5%, or off")
    return text


def _json(value: object) -> object:
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except ValueError:
        raise ValueError("is not JSON") from None


def _selectors(value: object) -> object:
    """Accept one selector as well as a list of them."""
    entries = _json(value)
    if not isinstance(entries, dict):
        return entries
    return {name: (given,) if isinstance(given, str) else given for name, given in entries.items()}


def _names(value: object) -> object:
    return tuple(filter(None, re.split(r"[,\s]+", value))) if isinstance(value, str) else value


def _dataset_name(value: str) -> str:
    """Accept a dataset's address, with or without `https://`, as well as its `owner/name`."""
    path = re.split(r"[?#]", value.strip(), maxsplit=1)[0].rstrip("/")
    host, is_address, rest = path.partition("datasets/")
    owner, _, name = (rest if is_address else path).partition("/")
    name, _, behind = name.partition("/")
    if re.match(r"versions(/|$)", behind):
        raise ValueError("names a version, but the newest one is what Kaggle is asked for: leave /versions/... out")
    known_host = not is_address or re.fullmatch(r"((https?://)?([\w-]+\.)*kaggle\.com)?/?", host, re.IGNORECASE)
    known = known_host and all(re.fullmatch(r"\w[\w.-]*", part, re.ASCII) for part in (owner, name))
    if not known or (behind and not is_address):
        raise ValueError("must be owner/name, as in the dataset's address")
    return f"{owner}/{name}"


def _file_name(value: str) -> str:
    """Accept the name of the zip for that of the file in it."""
    name = re.sub(r"\.zip$", "", value, flags=re.IGNORECASE)
    if not name.strip(".") or re.search(r"[/\\]", name):
        raise ValueError("must be a file's name, without a folder")
    return name


def _web_address(value: str) -> str:
    if not re.match(r"https?://[^/\s]+", value) or re.search(r"\s", value):
        raise ValueError("must be an address beginning with http:// or https://")
    return value.rstrip("/")


def _secret_web_address(value: SecretStr) -> SecretStr:
    return SecretStr(_web_address(value.get_secret_value().strip()))


def _token(value: SecretStr) -> SecretStr:
    """Refuse what no HTTP header can carry, before an HTTP library does so and shows it."""
    token = value.get_secret_value().strip()
    if not re.fullmatch(r"[!-~]+", token):
        raise ValueError("must be ASCII without spaces: copy it again")
    return SecretStr(token)


def _api_version(value: str) -> str:
    version = value.strip().lower()
    if not re.fullmatch(r"v3|\d{4}-(0[1-9]|1[0-2])", version):
        raise ValueError("must be v3 or a year and month, such as 2026-03")
    return version


def _domain(value: str) -> str:
    """Accept a domain in any script, and return it as it is in emails: lower-case, IDN as punycode.

    Registries go by IDNA 2008 (RFC 5891), in which `straße.de` and `strasse.de` are two domains; what people type is
    mapped first (UTS 46). The codec of Python's own library is that of 2003.
    """
    domain = value.strip().rstrip(".").lower()
    if not domain.isascii() or "xn--" in domain:
        import idna  # noqa: PLC0415 - large tables, for few domains

        try:
            domain = idna.encode(domain, uts46=True).decode()
        except idna.IDNAError as error:
            raise ValueError(f"must be a domain such as example.com ({error})") from None
    label = r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?"
    # The limit leaves room for a slug of 64 characters within the 254 of an address (RFC 5321).
    if len(domain) > 180 or not re.fullmatch(rf"({label}\.)+([a-z]{{2,63}}|xn--[a-z0-9-]{{1,59}})", domain):  # noqa: PLR2004 - said above
        raise ValueError("must be a domain such as example.com")
    return domain


def _encoding(value: str) -> str:
    try:
        # Some of Python's codecs are for domain names, or can't read a text bit by bit.
        codecs.getincrementaldecoder(value)("surrogateescape").decode("Name,Sex".encode(value), final=True)
    except (LookupError, ValueError, AssertionError):
        raise ValueError("is not an encoding that Python knows, such as utf-8 or latin-1") from None
    return value


def _delimiter(value: object) -> object:
    text = {"\\t": "\t", "tab": "\t", "space": " "}.get(str(value), str(value))
    if len(text) != 1 or not text.isascii() or text in '"\r\n':
        raise ValueError("must be one ASCII character, such as ; or the word tab or space")
    return text


_COLUMN_WORDS = {"gender": "sex", "yearofbirth": "year", "yob": "year", "number": "births", "count": "births"}
_COLUMNS = ("name", "sex", "year", "births")


def _columns(value: str) -> str:
    """Read column names between commas; any but ours are columns that don't matter."""
    words = [word.strip().lower() for word in value.split(",")]
    columns = tuple(word if word in _COLUMNS else _COLUMN_WORDS.get(word, "-") for word in words)
    if any(columns.count(column) != 1 for column in _COLUMNS[:2]) or any(columns.count(item) > 1 for item in _COLUMNS):
        raise ValueError("must name the columns in order, name and sex among them, each once: name,sex,births")
    return ",".join(columns)


def _store_address(value: str) -> str:
    scheme, is_address, rest = value.rpartition("://")
    if is_address and scheme not in {"s3", "gs", "file"}:
        raise ValueError("must be s3://bucket/prefix, gs://bucket/prefix, or a folder")
    bucket = rest.partition("/")[0].partition("?")[0]
    if scheme in {"s3", "gs"} and (not bucket or "@" in bucket):
        raise ValueError("must name a bucket, and no credentials: those are found as the provider's tools find them")
    return value.rstrip("/")


def _owners(value: str) -> str:
    # What Dagster takes (`is_valid_email` in `dagster/_core/utils.py`): it would refuse the whole code location.
    for owner in filter(None, (part.strip() for part in value.split(","))):
        if not re.fullmatch(r"team:[\w-]+|[A-Za-z0-9._%+-]+@[A-Za-z0-9.-]+\.[A-Za-z]{2,7}", owner):
            raise ValueError(f"has {owner}, where team:NAME or an email address that Dagster takes is meant")
    return value


def _time_zone(value: str) -> str:
    try:
        return ZoneInfo(value.strip()).key
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError("is no time zone of the IANA database, such as Europe/Berlin") from None


def _expanded(value: Path) -> Path:
    if re.match(r"[a-z][a-z0-9+.-]+:/", str(value), re.IGNORECASE):
        raise ValueError("must be a path on this machine, not an address")
    try:
        return value.expanduser()
    except RuntimeError:
        raise ValueError("begins with ~ and a user whose home is unknown") from None


def _database_address(value: SecretStr) -> SecretStr:
    # A password with `/` or `@` in it shifts what is taken for the port, and the error would show that.
    try:
        url = parsed(value.get_secret_value().strip())
    except ValueError:
        raise ValueError(
            "must look like mysql+pymysql://user:password@host:3306/name or sqlite:///file, with @ : / ? # % in the "
            "password written as %40 %3A %2F %3F %23 %25"
        ) from None
    connectable(url)
    return SecretStr(value.get_secret_value().strip())


AnyCase = Annotated[_Choice, BeforeValidator(_lower)]
LogLevel = Annotated[Literal["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"], BeforeValidator(_log_level)]
Bound = Annotated[str, BeforeValidator(_bound)]
Share = Annotated[float, BeforeValidator(_share)]
NameList = Annotated[tuple[str, ...], BeforeValidator(_names)]
JsonTexts = Annotated[dict[str, str], BeforeValidator(_json)]
JsonSelectors = Annotated[dict[str, tuple[str, ...]], BeforeValidator(_selectors)]
DatasetName = Annotated[str, AfterValidator(_dataset_name)]
FileName = Annotated[str, AfterValidator(_file_name)]
WebAddress = Annotated[str, AfterValidator(_web_address)]
SecretWebAddress = Annotated[SecretStr, AfterValidator(_secret_web_address)]
Token = Annotated[SecretStr, AfterValidator(_token)]
ApiVersion = Annotated[str, AfterValidator(_api_version)]
Domain = Annotated[str, AfterValidator(_domain)]
Encoding = Annotated[str, AfterValidator(_encoding)]
Delimiter = Annotated[str, BeforeValidator(_delimiter)]
TimeZone = Annotated[str, AfterValidator(_time_zone)]
Owners = Annotated[str, AfterValidator(_owners)]
Columns = Annotated[str, AfterValidator(_columns)]
StoreAddress = Annotated[str, AfterValidator(_store_address)]
UserPath = Annotated[Path, AfterValidator(_expanded)]
DatabaseAddress = Annotated[SecretStr, AfterValidator(_database_address)]
