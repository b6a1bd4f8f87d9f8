"""As whom Kaggle's API is asked: what Kaggle's own client takes, in its order.

An access token (KAGGLE_API_TOKEN, or the file `access_token`), then a key (KAGGLE_USERNAME and KAGGLE_KEY, then
`kaggle.json`). Source: `get_access_token_from_env` in kagglesdk 0.1.38, `authenticate` in kaggle 2.2.5. The files are
for Kaggle alone, so that they are not looked at where KAGGLE_BASE_URL leads elsewhere.
"""

import json
from dataclasses import dataclass, field
from pathlib import Path

from requests.auth import AuthBase, HTTPBasicAuth

from babynames_dagster.common.bearer import Bearer
from babynames_dagster.errors import ErrorCode, PipelineError
from babynames_dagster.settings import KaggleSettings

KAGGLE = "https://www.kaggle.com"
_TOKEN_PREFIX = "KGAT_"  # noqa: S105 - how tokens are distinguished from keys


@dataclass(frozen=True)
class Credentials:
    """As whom the API is asked.

    Attributes:
        source: Where they come from, for messages.
        secret: The token or key.
        username: The user of a key; None for a token.
    """

    source: str
    secret: str = field(repr=False)
    username: str | None = None

    def auth(self) -> AuthBase:
        """Return what adds them to a request."""
        return Bearer(self.secret) if self.username is None else HTTPBasicAuth(self.username, self.secret)


def find_credentials(settings: KaggleSettings) -> Credentials | None:
    """Return the first credentials in Kaggle's order; None where there are none, which public datasets allow.

    Args:
        settings: KAGGLE_API_TOKEN, KAGGLE_USERNAME, KAGGLE_KEY, KAGGLE_CONFIG_DIR, KAGGLE_BASE_URL.

    Raises:
        PipelineError: MISSING_CONFIG for a key without its user name; INVALID_CONFIG for a file that can't be read.
    """
    folder = config_folder(settings) if settings.base_url == KAGGLE else None
    return _token(settings) or _token_file(folder) or _key(settings) or _key_file(folder)


def missing_user(settings: KaggleSettings) -> dict[str, str]:
    """Return KAGGLE_USERNAME with its description where the credentials are a key, which is nothing without it."""
    try:
        find_credentials(settings)
    except PipelineError as error:
        if error.code is ErrorCode.MISSING_CONFIG:
            return settings.missing("username")
        raise
    return {}


def config_folder(settings: KaggleSettings) -> Path:
    """Return the folder of Kaggle's own client."""
    return settings.config_dir or Path("~/.kaggle").expanduser()


def _token(settings: KaggleSettings) -> Credentials | None:
    if settings.api_token is None:
        return None
    text = settings.api_token.get_secret_value()
    named = Path(text)
    # Kaggle's client takes a file's name for the token as well.
    return Credentials("KAGGLE_API_TOKEN", _text(named) if "/" in text and named.is_file() else text)


def _token_file(folder: Path | None) -> Credentials | None:
    for path in (folder / "access_token", folder / "access_token.txt") if folder else ():
        if path.is_file() and (text := _text(path)):
            return Credentials(str(path), text)
    return None


def _key(settings: KaggleSettings) -> Credentials | None:
    if settings.key is None:
        return None
    key = settings.key.get_secret_value()
    if key.startswith(_TOKEN_PREFIX):
        return Credentials("KAGGLE_KEY", key)
    settings.require("username")
    return Credentials("KAGGLE_USERNAME and KAGGLE_KEY", key, settings.username)


def _key_file(folder: Path | None) -> Credentials | None:
    path = folder / "kaggle.json" if folder else None
    if path is None or not path.is_file():
        return None
    try:
        found = json.loads(_text(path))
        return Credentials(str(path), str(found["key"]), str(found["username"]))
    except (ValueError, KeyError, TypeError):
        raise PipelineError(
            ErrorCode.INVALID_CONFIG,
            f"{path} holds no user name and key.",
            remedy="Download it again from your Kaggle account's settings, or remove it.",
        ) from None


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise PipelineError(
            ErrorCode.INVALID_CONFIG,
            f"{path} can't be read: {type(error).__name__}.",
            remedy="Make it readable for this user, or remove it.",
        ) from None
