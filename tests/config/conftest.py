from collections.abc import Callable
from pathlib import Path

import pytest

from exporter.config import ConfigError, load
from exporter.model import Config

OPERATION = """
operations:
  - name: acme
    server: "0013"
    token_file: token
    campaigns: [{id: "32841"}]
"""


@pytest.fixture
def write(tmp_path: Path) -> Callable[[str], Path]:
    """Write a configuration beside a token file."""
    (tmp_path / "token").write_text("made-up-token\n", encoding="utf-8")

    def config(text: str) -> Path:
        path = tmp_path / "config.yml"
        path.write_text(text, encoding="utf-8")
        return path

    return config


@pytest.fixture
def read(write: Callable[[str], Path]) -> Callable[[str], Config]:
    return lambda text: load(write(text), {})


@pytest.fixture
def mistakes(write: Callable[[str], Path]) -> Callable[[str], list[str]]:
    """What is wrong with a text, without the path of its file."""

    def found(text: str) -> list[str]:
        path = write(text)
        with pytest.raises(ConfigError) as caught:
            load(path, {})
        return [mistake.removeprefix(f"{path}:") for mistake in caught.value.mistakes]

    return found
