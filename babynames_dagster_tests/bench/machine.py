"""What a benchmark's figures were measured on."""

import os
import platform


def machine() -> str:
    """Return what the figures were measured on, and how busy it was."""
    cores = len(os.sched_getaffinity(0))
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 2**30
    return (
        f"{cores} cores, {memory:.0f} GiB, Python {platform.python_version()}; "
        f"{os.getloadavg()[2]:.1f} processes ran or waited to run in the 15 minutes before the end"
    )
