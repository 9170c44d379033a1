import os
import resource
import shutil
import stat
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from exporter.output import OutputError, replaced


@pytest.fixture(autouse=True)
def _umask() -> Iterator[None]:
    before = os.umask(0o022)
    yield
    os.umask(before)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_the_file_is_there_at_the_end_only(tmp_path: Path) -> None:
    path = tmp_path / "wolkvox.prom"
    with replaced(path) as file:
        file.write(b"new")
        assert [other.suffix for other in tmp_path.iterdir()] == [".tmp"]
    assert list(tmp_path.iterdir()) == [path]
    assert path.read_bytes() == b"new"
    assert mode(path) == 0o644


def test_a_file_that_was_there_is_whole_until_then_and_keeps_its_mode(tmp_path: Path) -> None:
    path = tmp_path / "wolkvox.prom"
    path.write_bytes(b"old")
    path.chmod(0o640)
    with replaced(path) as file:
        file.write(b"new")
        file.flush()
        assert path.read_bytes() == b"old"
    assert path.read_bytes() == b"new"
    assert mode(path) == 0o640


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    link = tmp_path / "link.prom"
    link.symlink_to(tmp_path / "real" / "x.prom")
    with replaced(link) as file:
        file.write(b"new")
    assert link.is_symlink()
    assert (tmp_path / "real" / "x.prom").read_bytes() == b"new"


def write(path: Path, then: Callable[[], None]) -> None:
    with replaced(path) as file:
        file.write(b"half")
        then()


@pytest.mark.parametrize("error", [RuntimeError, OSError, KeyboardInterrupt])
def test_a_failure_leaves_all_as_it_was(tmp_path: Path, error: type[BaseException]) -> None:
    path = tmp_path / "wolkvox.prom"
    path.write_bytes(b"old")

    def fail() -> None:
        raise error

    with pytest.raises(error):
        write(path, fail)
    assert list(tmp_path.iterdir()) == [path]
    assert path.read_bytes() == b"old"


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("no/such/x.prom", "No such file or directory"),
        (".", "it is not a regular file"),
        ("/dev/null", "it is not a regular file"),
        ("a\0b", "it is not a path"),
        ("", "it is not a regular file"),
    ],
)
def test_what_cannot_be_written_is_said_before_anything_is_asked(tmp_path: Path, name: str, problem: str) -> None:
    with pytest.raises(OutputError, match=f"cannot be written: {problem}; name a file"), replaced(tmp_path / name):
        pytest.fail("it began")
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_gone_in_the_end_is_told(tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    with pytest.raises(OutputError, match="No such file"):
        write(folder / "x.prom", lambda: shutil.rmtree(folder))


@pytest.mark.parametrize("size", [1_000, 2**20])
def test_a_disk_without_room_is_said_whenever_it_is_met(tmp_path: Path, size: int) -> None:
    path = tmp_path / "wolkvox.prom"
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (500, before[1]))
    try:
        too_large = pytest.raises(OutputError, match=r"cannot be written: File too large; buy a disk$")
        with too_large, replaced(path, "buy a disk") as file:
            file.write(b"x" * size)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert list(tmp_path.iterdir()) == []
