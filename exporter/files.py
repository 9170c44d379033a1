"""How many files the process may have open (`ulimit -n`), and whether that is enough."""

import os
import resource
from pathlib import Path

WANTED = 1024
"""As many as 256 connections of clients and a few hundred operations need; more is not asked for."""

STANDING = 8
"""For the storage, its two companions, the sockets that listen, and the connections that are kept for the page."""

SPARE = 4
"""For look-ups of names, secret files, a reload and the storage's own, all at once."""


def raise_limit() -> None:
    """Raise the soft limit as far as it is wanted and the hard one allows."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = WANTED if hard == resource.RLIM_INFINITY else min(WANTED, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def missing(operations: int) -> int:
    """How many more files should be allowed for one request of each operation at the same time; 0 where it fits."""
    return max(0, operations - _room())


def connections() -> int:
    """How many requests may be under way at the same time; asked before anything is opened for good."""
    return max(1, _room() - STANDING)


def _room() -> int:
    """Files that may still be opened, but for the spare ones."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY:
        soft = WANTED
    try:
        opened = len(os.listdir("/proc/self/fd")) - 1  # noqa: PTH208 (by descriptor; one is for this look itself)
    except OSError:  # none is left even for this, or there is no /proc
        opened = soft if Path("/proc/self").exists() else 0
    return soft - opened - SPARE
