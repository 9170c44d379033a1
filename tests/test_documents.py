"""What the documents say agrees with the program."""

import re
import subprocess
import textwrap
from pathlib import Path

import pytest

from exporter.cli import main
from exporter.model import Reason
from exporter.options import COMMANDS, PREFIX, parser_of

ROOT = Path(__file__).parents[1]
DOCUMENTS = sorted(
    [
        *(ROOT / name for name in ("README.md", "CHANGELOG.md", "deploy/chart/README.md")),
        *ROOT.glob("docs/*.md"),
        *ROOT.glob("*/README.md"),
    ]
)


def block(document: Path, first_line: str) -> str:
    """The fenced block of a document that begins with this line."""
    for found in re.findall(r"```\w*\n(.*?)```", document.read_text(), re.DOTALL):
        if found.startswith(first_line):
            return textwrap.dedent(found)
    raise AssertionError(f"{document.name} has no block that begins with {first_line!r}")


def test_the_first_configuration_of_the_readme_is_valid(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "config.yml").write_text(block(ROOT / "README.md", "# config.yml"))
    (tmp_path / "wolkvox-token").write_text("a-token\n")
    assert main(["check", f"--config.file={tmp_path / 'config.yml'}"]) == 0
    assert "operation acme" in capsys.readouterr().out


def test_the_example_configuration_is_valid(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "token").write_text("a-token\n")
    text = (ROOT / "config.example.yml").read_text()
    assert "/run/secrets/wolkvox-token" in text
    (tmp_path / "config.yml").write_text(text.replace("/run/secrets/wolkvox-token", str(tmp_path / "token")))
    assert main(["check", f"--config.file={tmp_path / 'config.yml'}"]) == 0
    assert "warning" not in capsys.readouterr().out


def test_prometheus_takes_the_readmes_scrape_configuration(tmp_path: Path) -> None:
    (tmp_path / "prometheus.yml").write_text(block(ROOT / "README.md", "# prometheus.yml"))
    rules = tmp_path / "rules"
    rules.mkdir()
    (rules / "wolkvox.yml").write_text((ROOT / "prometheus/rules/wolkvox.yml").read_text())
    checked = subprocess.run(
        ["promtool", "check", "config", str(tmp_path / "prometheus.yml")], capture_output=True, text=True, check=False
    )
    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_the_readme_names_every_entry_of_the_top_level() -> None:
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split()
    entries = {Path(name).parts[0] for name in listed} - {"README.md"}
    text = (ROOT / "README.md").read_text()
    assert {entry for entry in entries if f"`{entry}`" not in text and f"`{entry}/`" not in text} == set()


def test_operators_find_every_failure_reason() -> None:
    text = (ROOT / "docs/operations.md").read_text()
    assert [reason for reason in Reason if f"| `{reason.value}` |" not in text] == []


@pytest.mark.parametrize("command", [command for command in COMMANDS if command != "simulate"])
def test_operators_find_every_flag(command: str) -> None:
    text = (ROOT / "docs/operations.md").read_text()
    flags = {flag for flag in parser_of(command).flags() if not flag.startswith("--no-")}
    assert {flag for flag in flags if f"`{flag}`" not in text} == set()
    assert PREFIX in text


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda document: str(document.relative_to(ROOT)))
def test_every_link_leads_somewhere(document: Path) -> None:
    targets = re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", document.read_text())
    local = [target for target in targets if not target.startswith(("http://", "https://", "mailto:"))]
    assert [target for target in local if not (document.parent / target).exists()] == []
