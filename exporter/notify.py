"""Notifies systemd of the state of the service (sd_notify(3), `Type=notify`)."""

import os
import socket
from collections.abc import Mapping
from contextlib import suppress


class Notifier:
    """Sends states to the socket that systemd names in the environment; without one it does nothing."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        address = environ.get("NOTIFY_SOCKET", "")
        self._address = "\0" + address[1:] if address.startswith("@") else address
        self.watchdog_interval = _watchdog_interval(environ)
        """Seconds between two signs of life, half of what systemd allows; None if it does not watch."""

    def send(self, *states: str) -> None:
        """Send states such as `READY=1`; a socket that does not answer is ignored."""
        if not self._address:
            return
        with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as channel:
            channel.setblocking(False)
            channel.sendto("\n".join(states).encode(), self._address)


def _watchdog_interval(environ: Mapping[str, str]) -> float | None:
    try:
        microseconds = int(environ.get("WATCHDOG_USEC", ""))
    except ValueError:
        return None
    if microseconds <= 0 or environ.get("WATCHDOG_PID", str(os.getpid())) != str(os.getpid()):
        return None
    return microseconds / 2_000_000
