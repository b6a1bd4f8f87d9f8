"""From a name to a contact: the email and the properties.

What belongs here: the mapping of names, which is configuration, as one frozen value. What does not: sending.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from babynames_dagster.database.ledger.candidates import Candidate
from babynames_dagster.errors import ErrorCode, PipelineError
from babynames_dagster.hubspot.email_rules import LOCAL_PART_OCTETS, RESERVED_TLDS
from babynames_dagster.hubspot.mapping import ContactMapping, digest
from babynames_dagster.settings import HubSpotSettings

_LAST_NAMES = {"M": "Male", "F": "Female"}
_OWN_PROPERTIES = ("email", "firstname", "lastname")
_STAGES = {"hs_lead_status": "NEW", "lifecyclestage": "subscriber"}
"""What users move on: initial values by default. With these values they stand in the mapping's fingerprint, whatever
values they have, because that of another version of this project did so, whose ledgers stay valid."""
_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 - the tables keep UTC without a zone
_REMEDY = (
    "Create the property or option in HubSpot, or change HUBSPOT_LEAD_STATUS, HUBSPOT_LIFECYCLE_STAGE or "
    "HUBSPOT_EXTRA_PROPERTIES."
)


@dataclass(frozen=True)
class NameMapping:
    """How a name becomes a contact.

    Attributes:
        email_domain: Domain of every email, lower-case, because HubSpot keeps emails so.
        email_style: `readable` (`john.m@domain`) or `unique` (`john-<milliseconds>-<id>@domain`).
        lifecycle_stage: `lifecyclestage` of every contact; empty to leave it out.
        lead_status: `hs_lead_status` of every contact; empty to leave it out.
        extra: Constant properties to add.
        initial: Names of the constants that a contact is given once, and that are its users' own from then on.
        contacts: What the sync has to know of it.
    """

    email_domain: str
    email_style: Literal["readable", "unique"] = "readable"
    lifecycle_stage: str = "subscriber"
    lead_status: str = "NEW"
    extra: Mapping[str, str] = field(default_factory=dict)
    initial: frozenset[str] = frozenset(_STAGES)
    contacts: ContactMapping = field(init=False)

    def __post_init__(self) -> None:
        """Check the configuration.

        Raises:
            PipelineError: INVALID_CONFIG where the domain can't receive mail, an extra property is one of ours, or an
                initial one is not sent or belongs to the name.
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
        constants = self._constants()
        lasting = {name: value for name, value in constants.items() if name not in self.initial}
        lasting |= {name: value for name, value in _STAGES.items() if name in self.initial}
        fingerprint = digest(json.dumps((self.email_domain, self.email_style, lasting), sort_keys=True))
        contacts = ContactMapping(fingerprint, _OWN_PROPERTIES, constants, self.initial, _REMEDY)
        object.__setattr__(self, "contacts", contacts)

    @classmethod
    def from_settings(cls, settings: HubSpotSettings) -> "NameMapping":
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

    def email(self, row: Candidate) -> str:
        """Return a name's email: ASCII, at most 64 octets before the @, and one to one with the name.

        Both styles rest on the slug, which is ASCII and unique per name. `unique` adds the row's own id and the moment
        when it first entered the table; no later run changes them.
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
            **self.contacts.constants,
        }

    def _constants(self) -> dict[str, str]:
        stages = {"hs_lead_status": self.lead_status, "lifecyclestage": self.lifecycle_stage}
        return {**{name: value for name, value in stages.items() if value}, **self.extra}
