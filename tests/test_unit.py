"""The unit file, judged by systemd itself, and its documentation."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
UNIT = ROOT / "deploy" / "wolkvox-exporter.service"
DOCUMENT = ROOT / "docs" / "systemd.md"

EXPOSURE = 15
"""Tenths of systemd's rating, from 0 (best) to 100."""


@pytest.fixture
def unit(tmp_path: Path) -> Path:
    """The unit with the program where it is on this machine."""
    installed = "/opt/wolkvox-exporter/bin/wolkvox-exporter"
    here = str(Path(sys.executable).parent / "wolkvox-exporter")
    path = tmp_path / UNIT.name
    path.write_text(UNIT.read_text(encoding="utf-8").replace(installed, here), encoding="utf-8")
    return path


def analyze(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["systemd-analyze", *arguments], capture_output=True, text=True, check=False)


def test_systemd_understands_every_line(unit: Path) -> None:
    done = analyze("verify", "--man=no", str(unit))
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_systemd_finds_it_hardened(unit: Path) -> None:
    done = analyze("security", "--no-pager", "--offline=true", f"--threshold={EXPOSURE}", str(unit))
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_command_is_one_that_the_program_takes() -> None:
    text = UNIT.read_text(encoding="utf-8").replace("\\\n", " ")
    commands = re.findall(r"^Exec\w+=/opt/wolkvox-exporter/bin/wolkvox-exporter (.+)$", text, re.MULTILINE)
    assert [command.split()[0] for command in commands] == ["run", "check"]
    for command in commands:
        done = subprocess.run(
            [sys.executable, "-m", "exporter", *command.split(), "--help"], capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr


def test_every_setting_is_explained() -> None:
    settings = set(re.findall(r"^(\w+)=", UNIT.read_text(encoding="utf-8"), re.MULTILINE))
    _, explanations = DOCUMENT.read_text(encoding="utf-8").split("## What each line does")
    assert settings <= set(re.findall(r"`(\w+)=[^`]*`", explanations))
