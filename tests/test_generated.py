"""`make docs` in a clean copy of the tree writes what is committed."""

import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]


def listed() -> list[str]:
    """The files of the project; those that were removed but not yet committed are none."""
    done = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True)
    return [name for name in done.stdout.splitlines() if (ROOT / name).is_file()]


def test_make_docs_writes_again_what_is_committed(tmp_path: Path) -> None:
    names = listed()
    for name in names:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / name, tmp_path / name)
    made = [*tmp_path.glob("docs/metrics.md"), *tmp_path.glob("docs/status-api.*")]
    made += [*tmp_path.glob("grafana/dashboards/*.json"), *tmp_path.glob("prometheus/rules/*.yml")]
    made += [*tmp_path.glob("deploy/chart/README.md"), *tmp_path.glob("deploy/chart/files/rules/*.yml")]
    assert len(made) >= 12
    for path in made:
        path.write_text("to be written again")
    # -o: this environment is up to date, whatever the times of the copied files say.
    make = ["make", "docs", f"VENV={sys.prefix}", "-o", f"{sys.prefix}/dev"]
    done = subprocess.run(make, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert [name for name in names if (tmp_path / name).read_bytes() != (ROOT / name).read_bytes()] == []
