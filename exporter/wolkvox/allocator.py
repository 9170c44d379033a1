"""Memory that a long answer took, given back to the system."""

import ctypes
from contextlib import suppress


def give_back() -> None:
    """Have the C library return what is free, where it can: glibc keeps the room of one answer beside the next."""
    with suppress(AttributeError, OSError):
        ctypes.CDLL(None).malloc_trim(0)
