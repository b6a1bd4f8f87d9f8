"""US baby names from Kaggle to MySQL to HubSpot, as a Dagster asset graph.

What belongs here: nothing but this description, and what has to come before any other import. `definitions.py` is
where Dagster starts, `cli/` is where the `babynames` command starts.
"""

from babynames_dagster.allocators import keep_memory_small

keep_memory_small()
