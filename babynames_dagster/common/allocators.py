"""Keeping the process small while blocks of a megabyte come and go."""

import ctypes
import os
import sys

_M_ARENA_MAX, _ARENAS = -8, 2
_M_MMAP_THRESHOLD, _LARGE = -3, 2 << 20
_OPTIONS = {"MALLOC_ARENA_MAX": (_M_ARENA_MAX, _ARENAS), "MALLOC_MMAP_THRESHOLD_": (_M_MMAP_THRESHOLD, _LARGE)}
"""By the variable that sets the same from outside: mallopt's arguments."""


def keep_memory_small() -> None:
    """Let Arrow take its memory from the C library, and let that keep few arenas and give large pieces back at once.

    Arrow's own allocator, and one arena for each thread, both keep freed memory for themselves: together they add a
    third to the peak of a load. From the first large piece that is freed, the C library would keep such pieces, too.
    Arrow reads its variable once, when it is first imported, so this comes before. The same can be had from outside
    with ARROW_DEFAULT_MEMORY_POOL, MALLOC_ARENA_MAX and MALLOC_MMAP_THRESHOLD_, which win (mallopt(3)).
    """
    os.environ.setdefault("ARROW_DEFAULT_MEMORY_POOL", "system")
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None) if sys.platform == "linux" else None
    if mallopt is not None:
        for variable, (option, value) in _OPTIONS.items():
            if variable not in os.environ:
                mallopt(option, value)
