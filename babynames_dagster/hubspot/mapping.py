"""What the sync has to know of how rows become contacts: which properties, and how to see whether they changed.

What belongs here: the mapping as one frozen value. What does not: making a payload of a row, which its source does.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache

_SEPARATOR = "\x1f"
_ESCAPED = str.maketrans({"\x1e": "\x1e0", _SEPARATOR: "\x1e1"})


@dataclass(frozen=True)
class ContactMapping:
    """How a source's rows become contacts.

    Attributes:
        fingerprint: Differs between any two mappings that could make different contacts, initial values apart.
        row_properties: The properties that come from a row, `email` first.
        constants: The properties that are the same for every contact.
        initial: Names of the properties that a contact is given once, and that are its users' own from then on.
        remedy: What a person does where the account can't take the contacts.
    """

    fingerprint: str
    row_properties: tuple[str, ...]
    constants: Mapping[str, str] = field(default_factory=dict)
    initial: frozenset[str] = frozenset()
    remedy: str = "Create the property or option in HubSpot, or change the mapping."
    _compared: tuple[str, ...] = field(init=False, repr=False)
    _same_for_all: Mapping[str, str] | None = field(init=False, repr=False, default=None)

    def __post_init__(self) -> None:
        """Work out what is the same for every row, of which there may be millions."""
        compared = tuple(name for name in self.row_properties if name not in self.initial)
        object.__setattr__(self, "_compared", compared)
        if self.initial.isdisjoint(self.row_properties):
            constants = {name: value for name, value in self.constants.items() if name in self.initial}
            object.__setattr__(self, "_same_for_all", constants)

    @property
    def property_names(self) -> tuple[str, ...]:
        """Every property that a payload may have."""
        return (*self.row_properties, *self.constants)

    def initial_values(self, payload: Mapping[str, str]) -> dict[str, str]:
        """Return what of a payload a contact is given once."""
        if self._same_for_all is not None:
            return dict(self._same_for_all)
        return {name: value for name, value in payload.items() if name in self.initial}

    def lasting(self, payload: Mapping[str, str]) -> dict[str, str]:
        """Return a payload without the values that are its users' own once the contact is there."""
        return {name: value for name, value in payload.items() if name not in self.initial}

    def initial_fingerprint(self, payload: Mapping[str, str]) -> str:
        """Return what the ledger compares to see whether a contact was given other initial values."""
        return _initial_digest(tuple(self.initial_values(payload).items()))

    def payload_fingerprint(self, payload: Mapping[str, str]) -> str:
        """Return what the ledger compares to see whether a contact has to be sent again."""
        values = [payload.get(name, "") for name in self._compared]
        text = _SEPARATOR.join((self.fingerprint, *values))
        if "\x1e" in text or text.count(_SEPARATOR) != len(values):
            text = _SEPARATOR.join((self.fingerprint, *(value.translate(_ESCAPED) for value in values)))
        return digest(text)


@lru_cache(maxsize=1024)
def _initial_digest(values: tuple[tuple[str, str], ...]) -> str:
    """Return the fingerprint of initial values, which most rows have in common."""
    return digest(json.dumps(dict(values), sort_keys=True))


def digest(text: str) -> str:
    """Return a short fingerprint of a text."""
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()
