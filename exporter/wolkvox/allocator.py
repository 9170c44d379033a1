"""Memory that a long answer takes, and how the C library keeps it. Where it is not glibc, nothing happens."""

import ctypes
from contextlib import suppress

# Numbers of glibc's <malloc.h>: mallopt(3).
_M_MMAP_THRESHOLD = -3
_M_ARENA_MAX = -8

_MAPPED_FROM = 2**20
"""Bytes of a block that is mapped by itself. Ordinary answers, and pages of a hundred campaigns, are shorter."""

_ARENAS = 2
"""Heaps for threads. By default there are eight for each processor, and each keeps what was once free in it."""


def map_long_blocks() -> None:
    """Have long blocks mapped by themselves: they grow without being copied, and are given back when freed.

    By default glibc raises its threshold to the longest block that it saw freed, 32 MiB at most: after one long answer
    the next ones grow by copies between the heap's other blocks, and 10 MiB of answer take up to 40 of memory.
    """
    with suppress(AttributeError, OSError):
        library = ctypes.CDLL(None)
        library.mallopt(_M_MMAP_THRESHOLD, _MAPPED_FROM)
        library.mallopt(_M_ARENA_MAX, _ARENAS)


def give_back() -> None:
    """Have the C library return what is free, where it can: glibc keeps the room of one answer beside the next."""
    with suppress(AttributeError, OSError):
        ctypes.CDLL(None).malloc_trim(0)
