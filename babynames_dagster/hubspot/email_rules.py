"""HubSpot's rule for emails, as far as it can be checked without asking."""

import re

LOCAL_PART_OCTETS = 64
_EMAIL_OCTETS = 254

RESERVED_TLDS = frozenset({"example", "test", "invalid", "local", "localhost", "internal", "onion", "alt", "arpa"})
"""Names under which no mail is received: RFC 2606, 6761, 6762, 7686, 9476, and ICANN's reservation of `internal`."""

_ANY_CASE = re.ASCII | re.IGNORECASE
"""Without ASCII, the sign of the kelvin is a `k`, and the long s an `s`."""
_LOCAL_PART = re.compile(r"[a-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[a-z0-9!#$%&'*+/=?^_`{|}~-]+)*", _ANY_CASE)
_LABEL = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?", _ANY_CASE)
_TLD = re.compile(r"[a-z]{2,63}|xn--[a-z0-9-]{1,59}", _ANY_CASE)


def is_valid_email(email: str) -> bool:
    """Return whether HubSpot can take an email: RFC 5322 without quoting, below a top-level domain that may exist.

    Which top-level domains there really are changes too often to be known here.
    """
    local, _, domain = email.rpartition("@")
    *labels, tld = domain.split(".")
    return (
        len(email) <= _EMAIL_OCTETS
        and len(local) <= LOCAL_PART_OCTETS
        and _LOCAL_PART.fullmatch(local) is not None
        and bool(labels)
        and all(_LABEL.fullmatch(label) for label in labels)
        and _TLD.fullmatch(tld) is not None
        and tld.lower() not in RESERVED_TLDS
    )
