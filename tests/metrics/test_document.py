import runpy
import sys
from pathlib import Path

import pytest

from exporter.metrics.document import __file__ as script
from exporter.metrics.document import document, main

ROOT = Path(__file__).parents[2]


def test_the_document_is_that_of_the_catalogue() -> None:
    kept = (ROOT / "docs" / "metrics.md").read_text(encoding="utf-8")
    assert document() == kept, "run python -m exporter.metrics.document"


def test_writes_where_it_is_told(tmp_path: Path) -> None:
    main([str(tmp_path / "written.md")])
    assert (tmp_path / "written.md").read_text(encoding="utf-8") == document()


def test_the_command_writes_to_docs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "docs").mkdir()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", [script])
    runpy.run_path(script, run_name="__main__")
    assert (tmp_path / "docs" / "metrics.md").read_text(encoding="utf-8") == document()
