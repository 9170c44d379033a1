"""Files that hold an expected text whole."""

from collections.abc import Callable
from pathlib import Path

import pytest

Golden = Callable[[Path, str], None]
"""Takes a golden file and the text that it should have."""


def hold(path: Path, text: str, *, writing: bool) -> None:
    """Compare; or write the file again and fail, so that no such run counts as a pass."""
    if writing and text != path.read_text(encoding="utf-8"):
        path.write_text(text, encoding="utf-8")
        pytest.fail(f"written again: {path}; read the difference before you commit it")
    assert text == path.read_text(encoding="utf-8")
