"""Keeping the process small while blocks of a megabyte come and go.

What belongs here: the allocators' settings. What does not: what is allocated.
"""

import ctypes
import sys

import pyarrow as pa

_M_ARENA_MAX = -8
_ARENAS = 2


def keep_memory_small() -> None:
    """Let Arrow take its memory from the C library, and let that keep few arenas.

    Arrow's own allocator and one arena per thread both keep freed memory for themselves. The same can be had from
    outside with ARROW_DEFAULT_MEMORY_POOL=system and MALLOC_ARENA_MAX=2 (mallopt(3)).
    """
    pa.set_memory_pool(pa.system_memory_pool())
    if sys.platform == "linux":
        mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
        if mallopt is not None:
            mallopt(_M_ARENA_MAX, _ARENAS)
