from pathlib import Path

import pytest
from golden_file import hold


def test_a_difference_fails_and_changes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "page.txt"
    path.write_text("old")
    hold(path, "old", writing=False)
    with pytest.raises(AssertionError):
        hold(path, "new", writing=False)
    assert path.read_text() == "old"


def test_writing_changes_the_file_and_is_no_pass(tmp_path: Path) -> None:
    path = tmp_path / "page.txt"
    path.write_text("old")
    with pytest.raises(pytest.fail.Exception, match="written again"):
        hold(path, "new", writing=True)
    assert path.read_text() == "new"
    hold(path, "new", writing=True)
