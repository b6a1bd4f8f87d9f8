"""Keeping secrets out of whatever leaves the process: logs, alerts.

It is the second line: no message should hold a secret in the first place.
"""

import json
import re
from collections.abc import Iterable
from urllib.parse import quote, quote_plus

from pydantic import SecretStr

from babynames_dagster.settings.address import parsed

HIDDEN = "********"

_SHORTEST = 4
"""Shorter secrets are left alone: hiding each `a` would make a log unreadable, and so give the secret away."""


class Mask:
    """Replaces the values of secret settings in any text, also where they are escaped for a URL or JSON."""

    def __init__(self, secrets: Iterable[tuple[str, SecretStr]]) -> None:
        """Learn what is secret: variables and their values."""
        texts = [_secret_text(name, value.get_secret_value()) for name, value in secrets]
        forms = {form for text in texts if len(text) >= _SHORTEST for form in forms_of(text)}
        longest_first = sorted(forms, key=len, reverse=True)
        self._pattern = re.compile("|".join(map(re.escape, longest_first))) if forms else None

    def __call__(self, text: str) -> str:
        """Return the text with every secret in it hidden."""
        return self._pattern.sub(HIDDEN, text) if self._pattern else text


def _secret_text(name: str, value: str) -> str:
    # An address is no secret, the password in it is.
    return parsed(value).password or "" if name == "DATABASE_URL" else value


def forms_of(secret: str) -> set[str]:
    """Return a secret as it is, and as it is escaped for a URL or JSON."""
    return {secret, quote(secret), quote(secret, safe=""), quote_plus(secret), json.dumps(secret)[1:-1]}
