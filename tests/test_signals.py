"""Signals in this process, with real ones; what the command makes of them is in integration/."""

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import pytest

from exporter.signals import Signals, _speak

PATIENCE = 60.0


class Codes:
    """Exit codes with which the process would have ended."""

    def __init__(self) -> None:
        self.seen: list[int] = []
        self.ended = threading.Event()

    def __call__(self, code: int) -> None:
        self.seen.append(code)
        self.ended.set()

    def wait(self) -> list[int]:
        assert self.ended.wait(PATIENCE)
        return self.seen


@pytest.fixture
def codes(monkeypatch: pytest.MonkeyPatch) -> Codes:
    codes = Codes()
    monkeypatch.setattr("exporter.signals.os._exit", codes)
    return codes


@pytest.fixture
def listening(codes: Codes) -> Iterator[Callable[[], Signals]]:
    started: list[Signals] = []

    def listen() -> Signals:
        signals = Signals()
        signals.listen()
        started.append(signals)
        return signals

    inherited = signal.signal(signal.SIGHUP, signal.SIG_DFL)  # tests under nohup inherit that it is ignored
    before = [signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)]
    yield listen
    for one in reversed(started):
        one.close()
    assert [signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)] == before
    signal.signal(signal.SIGHUP, inherited)


def send(number: signal.Signals) -> None:
    os.kill(os.getpid(), number)


def until(condition: Callable[[], object]) -> None:
    end = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.001)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_stop_is_told_and_one_that_came_early_too(listening: Callable[[], Signals], number: signal.Signals) -> None:
    signals = listening()
    early: list[int] = []
    send(number)
    until(lambda: signals._stop is not None)
    signals.on_stop(early.append)
    assert early == [number]

    signals = listening()
    told: list[int] = []
    signals.on_stop(told.append)
    send(number)
    until(lambda: told == [number])


def test_a_reload_is_told_and_one_that_came_early_too(listening: Callable[[], Signals]) -> None:
    signals = listening()
    told: list[str] = []
    send(signal.SIGHUP)
    until(lambda: signals._hung_up)
    signals.on_reload(lambda: told.append("reload"))
    assert told == ["reload"]
    send(signal.SIGHUP)
    until(lambda: len(told) == 2)


def test_without_a_reload_a_hangup_is_a_stop(listening: Callable[[], Signals]) -> None:
    signals = listening()
    told: list[int] = []
    signals.on_stop(told.append)
    send(signal.SIGHUP)
    until(lambda: signals._hung_up)
    signals.without_reload()
    assert told == [signal.SIGHUP]

    signals = listening()
    signals.on_stop(told.append)
    signals.without_reload()
    send(signal.SIGHUP)
    until(lambda: len(told) == 2)


def test_nohup_is_respected(listening: Callable[[], Signals], monkeypatch: pytest.MonkeyPatch) -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        signals = listening()
        signals.without_reload()
        send(signal.SIGHUP)
        until(lambda: signals._hung_up)
        assert signals._stop is None
        signals.close()
        signals.close = lambda: None  # type: ignore[method-assign]  # it is already
    finally:
        signal.signal(signal.SIGHUP, before)


def test_a_second_signal_ends_at_once(listening: Callable[[], Signals], codes: Codes) -> None:
    signals = listening()
    send(signal.SIGTERM)
    until(lambda: signals._stop is not None)
    send(signal.SIGINT)
    assert codes.wait() == [128 + signal.SIGINT]


def test_a_stop_that_does_not_end_is_cut_off_and_says_so(
    listening: Callable[[], Signals], codes: Codes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("exporter.signals.LIMIT", 0.01)
    signals = listening()
    said: list[tuple[str, str]] = []
    signals.speak = lambda what, waiting: said.append((what, waiting))
    send(signal.SIGTERM)
    assert codes.wait() == [1]
    ((what, waiting),) = said
    assert what.startswith("stopped by force: ")
    assert waiting.startswith("MainThread in ")


@pytest.mark.parametrize("ended", [True, False])
def test_a_thread_that_hangs_is_named(
    listening: Callable[[], Signals], codes: Codes, monkeypatch: pytest.MonkeyPatch, ended: bool
) -> None:
    monkeypatch.setattr("exporter.signals.LIMIT", 0.01)
    signals = listening()
    said: list[str] = []
    signals.speak = lambda _, waiting: said.append(waiting)
    if ended:
        assert signals.ended(0) == 0
    let_go, hangs = threading.Event(), threading.Event()

    def hang() -> None:
        hangs.set()
        let_go.wait()

    with ThreadPoolExecutor(2, thread_name_prefix="storage") as pool:
        pool.submit(hang)
        pool.submit(int)
        assert hangs.wait(PATIENCE)
        send(signal.SIGTERM)
        assert codes.wait() == [1]
        let_go.set()
    (waiting,) = said
    assert waiting.startswith("storage_0 in wait (threading.py:")


def test_what_has_ended_but_for_the_interpreter_is_a_clean_stop(
    listening: Callable[[], Signals], codes: Codes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("exporter.signals.LIMIT", 0.01)
    signals = listening()
    said: list[str] = []
    signals.speak = lambda what, waiting: said.append(what)
    signals.ended(2)
    send(signal.SIGTERM)
    assert codes.wait() == [2]
    assert said == []


def test_last_words_never_wait(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    _speak("what", "whom")
    assert capfd.readouterr().err == "wolkvox-exporter: error: what; it waits for whom\n"
    kept = os.dup(2)
    reader, full = os.pipe()
    os.set_blocking(full, False)
    with suppress(BlockingIOError):
        while True:
            os.write(full, b"x" * 4096)
    os.set_blocking(full, True)
    os.dup2(full, 2)
    try:
        _speak("what", "whom")
    finally:
        os.dup2(kept, 2)
        for descriptor in (kept, reader, full):
            os.close(descriptor)
