"""The partitions of the contacts: by the name's initial, static, so that they need no instance to exist."""

import string

import dagster as dg

from babynames_dagster.names.identity import OTHER

INITIALS = (*string.ascii_uppercase, OTHER)
CONTACT_PARTITIONS = dg.StaticPartitionsDefinition(list(INITIALS))
WHOLE_RANGE = (INITIALS[0], INITIALS[-1])
GROUP = "babynames"
OWNERS = ["team:data-engineering"]
