import subprocess
import sys
from pathlib import Path

from exporter.metrics.document import document, main

ROOT = Path(__file__).parents[2]


def test_the_document_is_that_of_the_catalogue(tmp_path: Path) -> None:
    main([str(tmp_path / "metrics.md")])
    made = (tmp_path / "metrics.md").read_text(encoding="utf-8")
    assert made == document()
    assert made == (ROOT / "docs" / "metrics.md").read_text(encoding="utf-8"), "run python -m exporter.metrics.document"


def test_the_command_writes_to_docs(tmp_path: Path) -> None:
    (tmp_path / "docs").mkdir()
    subprocess.run([sys.executable, "-m", "exporter.metrics.document"], cwd=tmp_path, check=True)
    assert (tmp_path / "docs" / "metrics.md").read_text(encoding="utf-8") == document()
