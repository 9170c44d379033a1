from pathlib import Path

import pytest

from exporter.yaml import ConfigError, read_file


def mistake(path: Path, content: bytes) -> str:
    path.write_bytes(content)
    with pytest.raises(ConfigError) as caught:
        read_file(path, "--config.file", "a: b")
    (line,) = caught.value.mistakes
    assert line.startswith(f"{path}:")
    return line.removeprefix(f"{path}:")


def test_a_byte_order_mark_at_the_start_is_no_mistake(tmp_path: Path) -> None:
    path = tmp_path / "config.yml"
    path.write_bytes("\ufeffa: b\n".encode())
    document, issues = read_file(path, "--config.file", "a: b")
    assert document.root == {"a": "b"}
    assert issues.errors == ()


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("a: b\n\ufeffc: d\n".encode(), "2: document: begins with a byte order mark (U+FEFF)"),
        ("\ufeff\ufeffa: b\n".encode(), "1: document: begins with a byte order mark (U+FEFF)"),
        ("a: b\n".encode("utf-16"), "1: document: is text in UTF-16"),
        ("a: b\n".encode("utf-16-be"), "1: document: holds the control character U+0000"),
        (b"a: b\nc: caf\xe9\n", "2: document: is not text in UTF-8 (byte 0xE9, as in Latin-1 or Windows-1252), save"),
        (b"interval:5m", "1: document: is not a mapping, keys such as a: b are needed, with a space after the colon"),
        (b"interval", "1: document: is not a mapping, keys such as a: b are needed"),
    ],
)
def test_files_in_which_nothing_can_be_used(tmp_path: Path, content: bytes, expected: str) -> None:
    assert mistake(tmp_path / "config.yml", content).startswith(expected)
