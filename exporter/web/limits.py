"""How much of anything one client may use. Seconds and bytes."""

import resource
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds that a scraper or a browser never notices, against clients that hog connections."""

    connections: int = 256
    """Open at the same time. One more closes one that waits: first those that never asked anything, and of these the
    oldest of the address that holds the most. While they shake hands, Python needs 256 KiB for each."""
    handshake: float = 5.0
    """For TLS to be agreed."""
    head: float = 10.0
    """For a request line and its headers to arrive, however slowly they trickle."""
    idle: float = 180.0
    """Between requests on a connection kept alive: longer than the scrape interval that Prometheus can work with."""
    write: float = 30.0
    """For an answer to be taken, once the socket's buffers are full."""
    closing: float = 10.0
    """For the last bytes to leave after the server closed its side."""
    lingering: float = 1.0
    """For reading, and throwing away, a body that nobody asked for, so that the client sees the answer to it."""
    sweep: float = 0.5
    """Between two looks at who is overdue."""
    look: float = 1.0
    """Between two looks at the web configuration file. A change counts once two of them saw the same."""
    request: int = 64 * 1024
    """Bytes of all that arrives for one request, its head first of all. Further ones are not looked at."""
    body: int = 1024
    """Bytes of a body. No path here needs one."""


def system_limits() -> Limits:
    """The defaults, with fewer connections where the process may not open many files (`ulimit -n`)."""
    soft, _hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY:
        return Limits()
    return Limits(connections=max(8, min(Limits().connections, soft // 2)))
