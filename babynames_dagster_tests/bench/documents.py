"""Figures into documents: what a benchmark printed replaces what stands between its markers.

What belongs here: the markers. What does not: the figures.
"""

import os
import platform
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[2]


def with_figures(document: str, name: str, figures: str) -> str:
    """Return a document with other figures between `<!-- NAME -->` and `<!-- /NAME -->`.

    Raises:
        ValueError: The document has no such place.
    """
    start, end = f"<!-- {name} -->", f"<!-- /{name} -->"
    before, _, rest = document.partition(start)
    _, found, after = rest.partition(end)
    if not found:
        message = f"no place for {name}: {start} and {end} are not in it"
        raise ValueError(message)
    return f"{before}{start}\n{figures.strip()}\n{end}{after}"


def keep(file: str, name: str, figures: str) -> None:
    """Write figures into a file of this checkout."""
    path = CHECKOUT / file
    path.write_text(with_figures(path.read_text(encoding="utf-8"), name, figures), encoding="utf-8")


def machine() -> str:
    """Return what the figures were measured on, and how busy it was."""
    cores = len(os.sched_getaffinity(0))
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 2**30
    return (
        f"{cores} cores, {memory:.0f} GiB, Python {platform.python_version()}; "
        f"{os.getloadavg()[2]:.1f} processes ran or waited to run in the 15 minutes before the end"
    )
