"""The `babynames` command.

What belongs here: asking, showing, and starting ordinary Dagster runs. What does not: anything a Dagster user could
not do as well without it.
"""

from babynames_dagster.cli.interruptions import ending_at_once

with ending_at_once():
    from babynames_dagster.cli.main import main

__all__ = ["main"]
