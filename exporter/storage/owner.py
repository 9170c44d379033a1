"""Names for those who hold leases, from which a process on the same machine can tell that the bearer is dead.

After a crash a successor need not wait then until silence proves it. What cannot be told this way is left to silence:
a process on another machine, in another PID namespace, or on a system without /proc.
"""

import os
import secrets
from contextlib import suppress
from pathlib import Path

from exporter.clock import SHARED_BOOT

_DEAD_STATES = ("Z", "X")
"""Of a process that was killed and not yet waited for (proc_pid_stat(5))."""


def this_process(boot: str) -> str:
    """A name that nobody else has or had; `boot` is the identity of the machine's boot."""
    return "/".join((secrets.token_hex(16), boot, _namespace(), str(os.getpid()), _started("self")))


def is_dead(owner: str, boot: str) -> bool:
    """Whether the bearer of a name is known to be dead. Asked within the boot named `boot`.

    On a database that several machines share only silence tells: numbers of processes mean nothing there.
    """
    if boot == SHARED_BOOT:
        return False
    match owner.split("/"):
        case [_, its_boot, namespace, pid, started] if started and its_boot == boot and namespace == _namespace():
            return pid.isdecimal() and _is_gone(int(pid), started)
    return False


def _is_gone(pid: int, started: str) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    except OSError:  # it lives, and belongs to another user
        pass
    # Something has that number. Where /proc does not show it, it may well be the bearer.
    return _started(str(pid)) not in (started, "")


def _namespace() -> str:
    """Numbers of processes mean the same only within one; its own number is not reused while it lives."""
    with suppress(OSError):
        return str(Path("/proc/self/ns/pid").stat().st_ino)
    return ""


def _started(process: str) -> str:
    """When it began, in ticks since the boot; `dead` once it is, empty where that cannot be known."""
    try:
        status = Path(f"/proc/{process}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
    state, *fields = status.rpartition(")")[2].split()  # what stands before is a name that may hold anything
    return "dead" if state in _DEAD_STATES else fields[18]
