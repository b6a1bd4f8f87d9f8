"""Memory that Arrow and others give back goes back to the system."""

import ctypes

_MIB = 1 << 20
_C = ctypes.CDLL(None)
_C.malloc.restype = ctypes.c_void_p
_C.malloc.argtypes = [ctypes.c_size_t]
_C.free.argtypes = [ctypes.c_void_p]


class _MallInfo(ctypes.Structure):
    """Struct mallinfo2 of glibc (mallinfo(3))."""

    _fields_ = (
        *((name, ctypes.c_size_t) for name in ("arena", "ordblks", "smblks", "hblks", "hblkhd")),
        *((name, ctypes.c_size_t) for name in ("usmblks", "fsmblks", "uordblks", "fordblks", "keepcost")),
    )


_C.mallinfo2.restype = _MallInfo


def _mapped() -> int:
    """Return the bytes that were taken from the system piece by piece, which go back as soon as they are freed."""
    size: int = _C.mallinfo2().hblkhd
    return size


def test_a_large_piece_goes_back_at_once_also_after_a_larger_one_did() -> None:
    _C.free(_C.malloc(16 * _MIB))
    before = _mapped()
    piece = _C.malloc(8 * _MIB)
    during = _mapped()
    _C.free(piece)
    assert during - before >= 8 * _MIB
    assert during - _mapped() >= 8 * _MIB
