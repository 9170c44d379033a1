"""Progress in a log and on a terminal."""

import fcntl
import os
import pty
import re
import struct
import subprocess
import sys
import termios
from contextlib import suppress

import pytest
import structlog
from structlog.testing import capture_logs

from exporter.backfill.bar import USUAL_COLUMNS
from exporter.backfill.progress import display


def test_a_log_has_a_line_a_minute(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "__stderr__", None)
    now = [0.0]
    with capture_logs() as lines, display(360, "asking", structlog.get_logger(), lambda: now[0]) as shown:
        for _ in range(360):
            now[0] += 1.0
            shown.step()
    assert [(line["event"], line["done"], line["percent"], line["left"]) for line in lines] == [
        ("asking", 60, 17, "5m"),
        ("asking", 120, 33, "4m"),
        ("asking", 180, 50, "3m"),
        ("asking", 240, 67, "2m"),
        ("asking", 300, 83, "1m"),
        ("asking", 360, 100, "0s"),
    ]


def size(descriptor: int, columns: int) -> None:
    fcntl.ioctl(descriptor, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))


PROGRAM = f"""
import fcntl, struct, sys, termios, structlog
from exporter.backfill.progress import display
with display(1368, "asking", structlog.get_logger(), lambda: 0.0) as shown:
    shown.step()
    shown.reach(700)
    fcntl.ioctl(2, {termios.TIOCSWINSZ}, struct.pack("HHHH", 24, int(sys.argv[1]), 0, 0))
    shown.reach(1368)
"""


def drawn(columns: int, resized: int, **environ: str) -> str:
    """What a process writes to a terminal whose width changes midway."""
    master, slave = pty.openpty()
    size(slave, columns)
    inherited = {name: value for name, value in os.environ.items() if name not in {"COLUMNS", "LINES", "NO_COLOR"}}
    process = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, str(resized)],
        stdin=slave, stdout=slave, stderr=slave, env=inherited | {"TERM": "xterm-256color"} | environ,
    )  # fmt: skip
    os.close(slave)
    text = b""
    with suppress(OSError):  # how Linux says that the other end was closed
        while more := os.read(master, 65_536):
            text += more
    os.close(master)
    assert process.wait() == 0, text
    return text.decode()


def lines_of(text: str) -> list[str]:
    """Every line that was drawn, one over the other."""
    return re.split(r"[\r\n]+", re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", text).strip())


@pytest.mark.parametrize(("columns", "resized"), [(120, 80), (80, 120), (40, 30), (20, 20), (5, 5)])
def test_a_terminal_has_a_bar_that_fits(columns: int, resized: int) -> None:
    text = drawn(columns, resized)
    assert "\x1b[?25l" not in text  # the cursor stays
    lines = lines_of(text)
    assert max(map(len, lines)) <= max(columns, resized)
    assert len(lines[-1]) <= resized
    if resized >= 20:
        assert re.search(r"\x1b\[[0-9;]*3[0-9]", text)
        assert "100%" in lines[-1]
    if resized >= 80:
        assert re.fullmatch(r"asking 100% 1368/1368 .* [0-9.]+/s 00:\d\d left 00:00", lines[-1])


def test_a_terminal_that_does_not_know_its_width_has_the_usual_one() -> None:
    assert len(lines_of(drawn(0, 0))[-1]) == USUAL_COLUMNS


def test_no_color_means_none() -> None:
    text = drawn(100, 100, NO_COLOR="1")
    assert "1368/1368" in text
    assert not re.search(r"\x1b\[[0-9;]*m", text)
