"""Names with accents on terminals that lack them."""

import io
import os
import subprocess
import sys
from pathlib import Path

import pytest

from exporter.terminal import print_anything

CONFIG = """
operations:
  - name: "Ñandú 漢"
    server: "0013"
    token: made-up-token
    campaigns: [{id: "1", name: Campaña}]
"""


def test_what_the_encoding_lacks_is_escaped(monkeypatch: pytest.MonkeyPatch) -> None:
    written = io.BytesIO()
    monkeypatch.setattr("sys.stdout", io.TextIOWrapper(written, encoding="ascii"))
    monkeypatch.setattr("sys.stderr", None)
    print_anything()
    print("Ñandú \udce9", end="", flush=True)  # noqa: T201
    assert written.getvalue() == rb"\xd1and\xfa \udce9"


@pytest.mark.parametrize(
    ("environ", "encoding"),
    [
        ({"PYTHONIOENCODING": "ascii"}, "ascii"),
        ({"PYTHONIOENCODING": "latin-1:strict"}, "latin-1"),
        ({"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}, "ascii"),
        ({"LC_ALL": "C"}, "utf-8"),
    ],
)
@pytest.mark.parametrize("name", ["configuración.yml", "nowhere ñ.yml"])
def test_the_command_prints_names_on_any_terminal(
    tmp_path: Path, environ: dict[str, str], encoding: str, name: str
) -> None:
    if "nowhere" not in name:
        (tmp_path / name).write_text(CONFIG, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "exporter", "check", f"--config.file={name}"],
        cwd=tmp_path,
        env={**os.environ, **environ},
        capture_output=True,
        check=False,
    )
    assert b"Traceback" not in done.stderr
    if "nowhere" in name:
        assert done.returncode == 1
        assert b"cannot be read: No such file or directory" in done.stderr
    else:
        assert done.returncode == 0
        assert "operation Ñandú 漢".encode(encoding, "backslashreplace") in done.stdout
