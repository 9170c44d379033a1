"""Real datagram sockets stand in for systemd's."""

import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from exporter.notify import Notifier

ABSTRACT = f"@wolkvox-exporter-test-{os.getpid()}"


@pytest.fixture(params=["path", "abstract"])
def address(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """As systemd writes it into the environment."""
    return str(tmp_path / "notify") if request.param == "path" else ABSTRACT


@pytest.fixture
def systemd(address: str) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as channel:
        channel.bind("\0" + address[1:] if address.startswith("@") else address)
        channel.setblocking(False)
        yield channel


def test_states_arrive_in_one_datagram(systemd: socket.socket, address: str) -> None:
    Notifier({"NOTIFY_SOCKET": address}).send("READY=1", "STATUS=serving")
    assert systemd.recv(1000) == b"READY=1\nSTATUS=serving"


def test_a_socket_that_nobody_reads_does_not_block(systemd: socket.socket, address: str) -> None:
    systemd.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1)
    notifier = Notifier({"NOTIFY_SOCKET": address})
    for _ in range(2000):
        notifier.send("WATCHDOG=1")
    assert systemd.recv(1000) == b"WATCHDOG=1"


@pytest.mark.parametrize("environ", [{}, {"NOTIFY_SOCKET": ""}, {"NOTIFY_SOCKET": "/nowhere/notify"}])
def test_without_systemd_nothing_happens(environ: dict[str, str]) -> None:
    notifier = Notifier(environ)
    notifier.send("READY=1")
    assert notifier.watchdog_interval is None


@pytest.mark.parametrize(
    ("environ", "seconds"),
    [
        ({"WATCHDOG_USEC": "30000000"}, 15.0),
        ({"WATCHDOG_USEC": "30000000", "WATCHDOG_PID": str(os.getpid())}, 15.0),
        ({"WATCHDOG_USEC": "30000000", "WATCHDOG_PID": "1"}, None),
        ({"WATCHDOG_USEC": "0"}, None),
        ({"WATCHDOG_USEC": "-1"}, None),
        ({"WATCHDOG_USEC": "soon"}, None),
        ({}, None),
    ],
)
def test_a_sign_of_life_is_due_twice_in_the_time_allowed(environ: dict[str, str], seconds: float | None) -> None:
    assert Notifier(environ).watchdog_interval == seconds
