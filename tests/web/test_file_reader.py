from contextlib import suppress
from pathlib import Path

import pytest

from exporter.web.file_reader import FileReader


def look(*paths: Path) -> FileReader:
    reader = FileReader()
    for path in paths:
        with suppress(OSError):
            reader.read(path)
    return reader


def test_two_looks_at_the_same_are_the_same(tmp_path: Path) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    one.write_bytes(b"abc")
    two.write_bytes(b"d")
    first = look(one, two)
    assert first.paths == [one, two]
    assert look(one, two).fingerprint == first.fingerprint
    two.write_bytes(b"e")
    assert look(one, two).fingerprint != first.fingerprint


def test_what_moves_from_one_file_to_the_next_is_seen(tmp_path: Path) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    one.write_bytes(b"abc")
    two.write_bytes(b"")
    first = look(one, two).fingerprint
    one.write_bytes(b"ab")
    two.write_bytes(b"c")
    assert look(one, two).fingerprint != first


def test_what_cannot_be_read_is_a_part_of_the_look(tmp_path: Path) -> None:
    missing = tmp_path / "missing"
    first = look(missing)
    assert first.paths == [missing]
    assert look(missing).fingerprint == first.fingerprint
    missing.write_bytes(b"")
    assert look(missing).fingerprint != first.fingerprint
    with pytest.raises(ValueError, match="null"):
        FileReader().read(Path("a\0b"))
