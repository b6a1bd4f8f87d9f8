"""Keeping secrets out of whatever leaves the process: logs, alerts.

What belongs here: which texts are secret, and replacing them. What does not: the settings themselves, nor any
care that a message should have taken not to hold a secret in the first place; this is the second line.
"""

import json
import re
from collections.abc import Iterator
from urllib.parse import quote, quote_plus

from pydantic import SecretStr
from sqlalchemy.engine import make_url

from babynames_dagster.settings import Settings

HIDDEN = "********"

_SHORTEST = 4
"""Shorter secrets are left alone: hiding each `a` would make a log unreadable and thereby tell the secret."""


class Mask:
    """Replaces the values of secret settings in any text, also where they are escaped for a URL or JSON."""

    def __init__(self, settings: Settings) -> None:
        """Learn what is secret in these settings."""
        forms = {form for secret in _secrets(settings) if len(secret) >= _SHORTEST for form in forms_of(secret)}
        longest_first = sorted(forms, key=len, reverse=True)
        self._pattern = re.compile("|".join(map(re.escape, longest_first))) if forms else None

    def __call__(self, text: str) -> str:
        """Return the text with every secret in it hidden."""
        return self._pattern.sub(HIDDEN, text) if self._pattern else text


def _secrets(settings: Settings) -> Iterator[str]:
    for name in type(settings).model_fields:
        value = getattr(settings, name)
        if not isinstance(value, SecretStr):
            continue
        if name == "database_url":  # an address is no secret, the password in it is
            yield make_url(value.get_secret_value()).password or ""
        else:
            yield value.get_secret_value()


def forms_of(secret: str) -> set[str]:
    """Return a secret as it is, and as it is escaped for a URL or JSON."""
    return {secret, quote(secret), quote(secret, safe=""), quote_plus(secret), json.dumps(secret)[1:-1]}
