import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from exporter.clock import SHARED_BOOT
from exporter.storage.owner import is_dead, this_process

BOOT = "boot-of-this-machine"

BEARER = f"""
import sys
from exporter.storage.owner import this_process
print(this_process({BOOT!r}), flush=True)
sys.stdin.read()
"""


@pytest.fixture
def bearer() -> Iterator[subprocess.Popen[str]]:
    """Another process, that bears a name."""
    with subprocess.Popen(
        [sys.executable, "-c", BEARER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        yield process
        process.kill()


@pytest.fixture
def name(bearer: subprocess.Popen[str]) -> str:
    assert bearer.stdout is not None
    return bearer.stdout.readline().strip()


def test_who_lives_is_not_dead(name: str) -> None:
    assert not is_dead(this_process(BOOT), BOOT)
    assert not is_dead(name, BOOT)


def test_each_name_is_new() -> None:
    assert this_process(BOOT) != this_process(BOOT)


def test_who_was_killed_is_dead(bearer: subprocess.Popen[str], name: str) -> None:
    bearer.kill()
    os.waitid(os.P_PID, bearer.pid, os.WEXITED | os.WNOWAIT)  # it stays a zombie
    assert is_dead(name, BOOT)
    bearer.wait()
    assert is_dead(name, BOOT)


def test_another_process_with_its_number_is_not_the_bearer() -> None:
    *parts, started = this_process(BOOT).split("/")
    assert is_dead("/".join((*parts, str(int(started) - 1))), BOOT)


def test_a_process_that_may_not_be_signalled_lives(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(pid: int, number: int) -> None:
        raise PermissionError

    name = this_process(BOOT)
    monkeypatch.setattr(os, "kill", refuse)
    assert not is_dead(name, BOOT)


@pytest.mark.parametrize("place", [1, 2])
def test_of_another_machine_or_namespace_nothing_is_known(bearer: subprocess.Popen[str], name: str, place: int) -> None:
    bearer.kill()
    bearer.wait()
    parts = name.split("/")
    parts[place] = "another"
    assert not is_dead("/".join(parts), BOOT)


@pytest.mark.parametrize("name", ["", "3f9c", "a/b/c", f"a/{BOOT}///", f"a/{BOOT}/x/y/z/0"])
def test_of_other_names_nothing_is_known(name: str) -> None:
    assert not is_dead(name, BOOT)


def test_a_system_without_proc_leaves_it_to_silence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("exporter.storage.owner.Path", lambda _: _Nowhere())
    name = this_process(BOOT)
    assert name.endswith(f"//{os.getpid()}/")
    assert not is_dead(name, BOOT)


class _Nowhere:
    def stat(self) -> os.stat_result:
        raise FileNotFoundError

    def read_text(self, **_: str) -> str:
        raise FileNotFoundError


def test_where_machines_share_a_database_only_silence_tells() -> None:
    """Another machine has processes of the same numbers, and a namespace of the same one."""
    gone = "/".join(("0" * 32, SHARED_BOOT, str(Path("/proc/self/ns/pid").stat().st_ino), "4194305", "1"))
    assert not is_dead(gone, SHARED_BOOT)
    assert is_dead(gone.replace(SHARED_BOOT, "boot"), "boot")
