"""Keeping the process small while blocks of a megabyte come and go."""

import ctypes
import os
import sys

_M_ARENA_MAX = -8
_ARENAS = 2


def keep_memory_small() -> None:
    """Let Arrow take its memory from the C library, and let that keep few arenas.

    Arrow's own allocator, and one arena for each thread, both keep freed memory for themselves: together they add a
    third to the peak of a load. Arrow reads its variable once, when it is first imported, so this comes before. The
    same can be had from outside with ARROW_DEFAULT_MEMORY_POOL and MALLOC_ARENA_MAX, which win (mallopt(3)).
    """
    os.environ.setdefault("ARROW_DEFAULT_MEMORY_POOL", "system")
    if sys.platform == "linux" and "MALLOC_ARENA_MAX" not in os.environ:
        mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
        if mallopt is not None:
            mallopt(_M_ARENA_MAX, _ARENAS)
