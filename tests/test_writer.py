"""Text that a thread writes: into real pipes, terminals and full devices."""

import io
import os
import pty
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TextIO

import pytest

from exporter.writer import BackgroundWriter


class Reader:
    """The other end of a pipe, that reads when it is told to."""

    def __init__(self, stack: ExitStack) -> None:
        self.descriptor, below = os.pipe()
        self.stream: TextIO = stack.enter_context(os.fdopen(below, "w", encoding="ascii"))
        stack.callback(os.close, self.descriptor)

    def read(self, length: int) -> str:
        """So many bytes, as they come."""
        data = b""
        while len(data) < length:
            data += os.read(self.descriptor, length - len(data))
        return data.decode()


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


def test_it_writes_in_order_and_in_the_encoding_of_the_stream(stack: ExitStack) -> None:
    reader = Reader(stack)
    writer = BackgroundWriter(reader.stream)
    print("señal", 1, file=writer)
    assert writer.write("2\n") == 2
    writer.flush()
    assert writer.drain()
    assert reader.read(12) == "se\\xf1al 1\n2"
    assert (writer.encoding, writer.fileno(), writer.isatty()) == ("ascii", reader.stream.fileno(), False)


def test_a_full_pipe_holds_up_nobody_and_what_is_dropped_is_counted_and_told(stack: ExitStack) -> None:
    reader = Reader(stack)
    writer = BackgroundWriter(reader.stream, limit=100)
    told: list[tuple[int, str]] = []
    writer.when_dropped = lambda pieces, why: told.append((pieces, why))
    pipe = "x" * 2**17  # more than a pipe holds
    writer.write("y" * 101)
    assert writer.dropped == 1
    writer._limit = 2**18
    writer.write(pipe)
    writer._limit = 100
    assert not writer.drain(0.01)
    for _ in range(12):
        writer.write("0123456789")
    assert 3 <= writer.dropped <= 20
    read = reader.read(2**17)
    assert read == pipe
    assert writer.drain()
    rest = reader.read((13 - writer.dropped) * 10)
    assert rest == "0123456789" * (13 - writer.dropped)
    assert sum(pieces for pieces, _ in told) == writer.dropped
    assert {why for _, why in told} == {"nobody reads it"}


def test_a_stream_that_fails_counts_and_goes_on() -> None:
    with Path("/dev/full").open("w", encoding="utf-8") as full:
        writer = BackgroundWriter(full)
        told = threading.Event()
        writer.when_dropped = lambda pieces, why: told.set()
        for _ in range(3):
            writer.write("line\n")
        assert writer.drain()
    assert writer.dropped == 3
    assert not told.is_set(), "it cannot be said yet"


def test_a_line_that_a_full_disk_tore_is_ended_before_the_next(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    really = os.write
    room = [4]

    def write(descriptor: int, data: bytes) -> int:
        if not room[0]:
            raise OSError(28, "No space left on device")
        written = really(descriptor, data[: room[0]])
        room[0] -= written
        return written

    monkeypatch.setattr("exporter.writer.os.write", write)
    told: list[tuple[int, str]] = []
    with (tmp_path / "log").open("w", encoding="utf-8") as file:
        writer = BackgroundWriter(file)
        writer.when_dropped = lambda pieces, why: told.append((pieces, why))
        writer.write("torn line\n")
        assert writer.drain()
        room[0] = 1000
        writer.write("next\n")
        assert writer.drain()
    assert (tmp_path / "log").read_text(encoding="utf-8") == "torn\nnext\n"
    assert told == [(1, "No space left on device")]


def test_a_terminal_that_another_program_made_non_blocking(stack: ExitStack) -> None:
    master, slave = pty.openpty()
    stack.callback(os.close, master)
    stream = stack.enter_context(os.fdopen(slave, "w", encoding="utf-8"))
    os.set_blocking(slave, False)
    writer = BackgroundWriter(stream)
    assert writer.isatty()
    text = "z" * 1000 + "\n"
    for _ in range(100):
        writer.write(text)
    read = b""
    while len(read) < 100 * (len(text) + 1):  # a terminal adds a carriage return
        read += os.read(master, 2**16)
    assert writer.drain()
    assert (read.replace(b"\r", b"").decode(), writer.dropped) == (text * 100, 0)


def test_a_stream_without_a_descriptor_and_one_that_is_closed() -> None:
    buffer = io.StringIO()
    writer = BackgroundWriter(buffer)
    writer.write("kept")
    assert writer.drain()
    assert buffer.getvalue() == "kept"
    buffer.close()
    writer.write("late")
    assert writer.drain()
    assert writer.dropped == 1
