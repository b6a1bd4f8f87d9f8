"""From a name to a contact: the email, the properties, and the fingerprint that tells whether they changed.

What belongs here: the mapping, which is configuration, as one frozen value. What does not: sending.
"""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from babynames_dagster.database.ledger.candidates import Candidate
from babynames_dagster.errors import ErrorCode, PipelineError
from babynames_dagster.hubspot.sync.email_rules import LOCAL_PART_OCTETS, RESERVED_TLDS
from babynames_dagster.settings import HubSpotSettings

_LAST_NAMES = {"M": "Male", "F": "Female"}
_OWN_PROPERTIES = ("email", "firstname", "lastname")
_STAGES = {"hs_lead_status": "NEW", "lifecyclestage": "subscriber"}
"""What users move on: initial values by default. With these values they stand in the mapping's fingerprint, whatever
values they have, because that of another version of this project did so, whose ledgers stay valid."""
_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 - the tables keep UTC without a zone


@dataclass(frozen=True)
class ContactMapping:
    """How a name becomes a contact.

    Attributes:
        email_domain: Domain of every email, lower-case, because HubSpot keeps emails so.
        email_style: `readable` (`john.m@domain`) or `unique` (`john-<milliseconds>-<id>@domain`).
        lifecycle_stage: `lifecyclestage` of every contact; empty to leave it out.
        lead_status: `hs_lead_status` of every contact; empty to leave it out.
        extra: Constant properties to add.
        initial: Names of the constants that a contact is given once, and that are its users' own from then on.
        fingerprint: Differs between any two mappings that could make different contacts, initial values apart.
        initial_fingerprint: Differs between any two mappings with different initial values.
    """

    email_domain: str
    email_style: Literal["readable", "unique"] = "readable"
    lifecycle_stage: str = "subscriber"
    lead_status: str = "NEW"
    extra: Mapping[str, str] = field(default_factory=dict)
    initial: frozenset[str] = frozenset(_STAGES)
    fingerprint: str = field(init=False)
    initial_fingerprint: str = field(init=False)

    def __post_init__(self) -> None:
        """Check the configuration.

        Raises:
            PipelineError: INVALID_CONFIG where the domain can't receive mail, an extra property is one of ours, or an
                initial one is none that we send, or one that belongs to the name.
        """
        object.__setattr__(self, "email_domain", self.email_domain.lower())
        if self.email_domain.rpartition(".")[2] in RESERVED_TLDS:
            raise PipelineError(
                ErrorCode.INVALID_CONFIG,
                f"HUBSPOT_EMAIL_DOMAIN={self.email_domain!r} ends in a reserved name, which HubSpot refuses.",
                remedy="Take a domain under a real top-level domain, such as babynamesdemo.com.",
            )
        clash = sorted(set(self.extra) & {*_OWN_PROPERTIES, *_STAGES})
        if clash:
            raise PipelineError(
                ErrorCode.INVALID_CONFIG,
                f"HUBSPOT_EXTRA_PROPERTIES names {', '.join(clash)}, which the pipeline sets itself.",
                remedy="Leave them out; HUBSPOT_LIFECYCLE_STAGE and HUBSPOT_LEAD_STATUS set these two.",
            )
        odd = sorted(self.initial - {*_STAGES, *self.extra})
        if odd:
            raise PipelineError(
                ErrorCode.INVALID_CONFIG,
                f"HUBSPOT_INITIAL_PROPERTIES names {', '.join(odd)}, which are no constants that are sent.",
                remedy=f"Name {', '.join(_STAGES)} or properties of HUBSPOT_EXTRA_PROPERTIES.",
            )
        lasting = {name: value for name, value in self.constants.items() if name not in self.initial}
        lasting |= {name: value for name, value in _STAGES.items() if name in self.initial}
        parts = (self.email_domain, self.email_style, lasting)
        object.__setattr__(self, "fingerprint", _digest(json.dumps(parts, sort_keys=True)))
        object.__setattr__(self, "initial_fingerprint", _digest(json.dumps(self.initial_values, sort_keys=True)))

    @classmethod
    def from_settings(cls, settings: HubSpotSettings) -> "ContactMapping":
        """Return the mapping that the settings describe.

        Raises:
            PipelineError: INVALID_CONFIG, see `__post_init__`.
        """
        return cls(
            email_domain=settings.email_domain,
            email_style=settings.email_style,
            lifecycle_stage=settings.lifecycle_stage,
            lead_status=settings.lead_status,
            extra=settings.extra_properties,
            initial=frozenset(settings.initial_properties),
        )

    @property
    def constants(self) -> dict[str, str]:
        """The properties that are the same for every contact."""
        stages = {"hs_lead_status": self.lead_status, "lifecyclestage": self.lifecycle_stage}
        return {**{name: value for name, value in stages.items() if value}, **self.extra}

    @property
    def initial_values(self) -> dict[str, str]:
        """The constants that a contact is given once."""
        return {name: value for name, value in self.constants.items() if name in self.initial}

    @property
    def property_names(self) -> tuple[str, ...]:
        """Every property that a payload has."""
        return (*_OWN_PROPERTIES, *self.constants)

    def email(self, row: Candidate) -> str:
        """Return a name's email: ASCII, at most 64 octets before the @, and one to one with the name.

        Both styles rest on the slug, which is ASCII and unique per name; `unique` adds the row's own id and the
        moment when it first entered the table, which no later run changes.
        """
        if self.email_style == "readable":
            return f"{row.slug.lower()}@{self.email_domain}"
        moment = int((row.created_at - _EPOCH).total_seconds() * 1000)
        suffix = f"-{moment}-{row.name_id}"
        stem = re.sub(r"[^a-z0-9]+", "-", row.slug.lower().rpartition(".")[0] or row.slug.lower())
        stem = stem[: LOCAL_PART_OCTETS - len(suffix)].strip("-") or "name"
        return f"{stem}{suffix}@{self.email_domain}"

    def payload(self, row: Candidate) -> dict[str, str]:
        """Return the contact's properties, initial values included."""
        return {
            "email": self.email(row),
            "firstname": row.name,
            "lastname": _LAST_NAMES[row.sex],
            **self.constants,
        }

    def payload_fingerprint(self, payload: Mapping[str, str]) -> str:
        """Return what the ledger compares to see whether a contact has to be sent again."""
        return _digest("\x1f".join((self.fingerprint, payload["email"], payload["firstname"], payload["lastname"])))


def _digest(text: str) -> str:
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()
