"""The partitions of the contacts: by the name's initial, static, so that they need no instance to exist."""

from collections.abc import Mapping, Sequence

import dagster as dg

from babynames_dagster.names.identity import INITIALS

RANGE_START_TAG = "dagster/asset_partition_range_start"
RANGE_END_TAG = "dagster/asset_partition_range_end"
DRY_RUN_TAG = "babynames/dry_run"
"""A run that has it writes no contact, whatever its config says."""
PARTITION_TAG = "dagster/partition"
CONTACT_PARTITIONS = dg.StaticPartitionsDefinition(list(INITIALS))
WHOLE_RANGE = (INITIALS[0], INITIALS[-1])
GROUP = "babynames"


def covered_partitions(tags: Mapping[str, str], among: Sequence[str] = INITIALS) -> Sequence[str]:
    """Return which of some partitions a run with these tags is about; all where the tags name none."""
    if PARTITION_TAG in tags:
        return [tags[PARTITION_TAG]]
    first = among.index(tags.get(RANGE_START_TAG, among[0]))
    last = among.index(tags.get(RANGE_END_TAG, among[-1]))
    return among[first : last + 1]
