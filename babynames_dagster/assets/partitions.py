"""The partitions of the contacts: by the name's initial, static, so that they need no instance to exist."""

import dagster as dg

from babynames_dagster.names.identity import INITIALS

CONTACT_PARTITIONS = dg.StaticPartitionsDefinition(list(INITIALS))
WHOLE_RANGE = (INITIALS[0], INITIALS[-1])
GROUP = "babynames"
OWNERS = ["team:data-engineering"]
