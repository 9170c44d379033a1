"""What the last line says."""

import shlex
from pathlib import Path

import pytest

from exporter.backfill.summary import PROMTOOL, next_line

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(("document", "folder"), [("README.md", "data"), ("docs/backfill.md", "DIRECTORY")])
def test_the_documents_and_the_last_line_name_the_same_command(document: str, folder: str) -> None:
    lines = (ROOT / document).read_text(encoding="utf-8").splitlines()
    commands = [line for line in lines if line.startswith("promtool tsdb") and "past.om" in line]
    assert commands == [f"{PROMTOOL} past.om {folder}"]
    assert next_line("past.om", 1).startswith(f"next: {PROMTOOL} past.om DIRECTORY, ")


def test_the_name_of_the_file_is_safe_in_a_shell() -> None:
    command = next_line("of a past/it's.om", 1).removeprefix("next: ").partition(" DIRECTORY,")[0]
    assert shlex.split(command)[-1] == "of a past/it's.om"


def test_a_file_without_samples_is_not_for_promtool() -> None:
    assert "promtool" not in next_line("past.om", 0)
