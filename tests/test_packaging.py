"""What is installed is whole, and the image's file agrees with the program."""

import os
import re
import shlex
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
import yaml

from exporter import __version__, healthcheck
from exporter.metrics.build import REVISION_VARIABLE
from exporter.options import PREFIX, parser_of

ROOT = Path(__file__).parents[1]
INSTRUCTIONS = re.sub(r"\\\n\s*", "", re.sub(r"^#.*\n", "", (ROOT / "Dockerfile").read_text(), flags=re.MULTILINE))
PORT = "10965"


def instructions(name: str) -> list[str]:
    """What follows each instruction of this name, in the last stage."""
    last = INSTRUCTIONS[INSTRUCTIONS.rindex("\nFROM ") :]
    return re.findall(rf"^{name} +(.*)$", last, re.MULTILINE)


def variables() -> dict[str, str]:
    return dict(pair.split("=", 1) for line in instructions("ENV") for pair in shlex.split(line))


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    pip = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", f"--wheel-dir={folder}", str(ROOT)]
    done = subprocess.run(pip, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    (found,) = folder.glob("*.whl")
    return found


def test_the_wheel_holds_the_package_and_nothing_else(wheel: Path) -> None:
    listed = subprocess.run(["git", "ls-files", "exporter"], cwd=ROOT, capture_output=True, text=True, check=True)
    with zipfile.ZipFile(wheel) as archive:
        names = {name for name in archive.namelist() if ".dist-info/" not in name}
        licences = [name for name in archive.namelist() if name.endswith("/LICENSE")]
    assert set(listed.stdout.split()) <= names
    assert {name for name in names if not name.startswith("exporter/") or "__pycache__" in name} == set()
    assert {
        "exporter/py.typed",
        "exporter/web/status/templates/base.html",
        "exporter/web/status/static/status.css",
    } <= names
    assert len(licences) == 1


def test_the_wheel_runs_in_an_environment_of_its_own(wheel: Path, tmp_path: Path) -> None:
    """The libraries are those of the tests; the program is the installed one, without the tree beside it."""
    home = tmp_path / "venv"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(home)], check=True)
    pip = [sys.executable, "-m", "pip", f"--python={home}", "install", "--quiet", "--no-deps", "--no-index", str(wheel)]
    subprocess.run(pip, check=True)
    (packages,) = home.glob("lib/python*/site-packages")
    (packages / "libraries.pth").write_text(f"{Path(pytest.__file__).parents[1]}\n")
    environ = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "COVERAGE", PREFIX))}

    def run(*command: str) -> str:
        done = subprocess.run(
            command, cwd=tmp_path, env=environ, capture_output=True, text=True, check=False, timeout=60
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    assert run(str(home / "bin/wolkvox-exporter"), "--version") == f"wolkvox-exporter {__version__}\n"
    where = "import exporter; from exporter.web import status; print(exporter.__file__)"
    assert Path(run(str(home / "bin/python"), "-c", where).strip()).is_relative_to(home)


def test_the_image_listens_where_its_health_check_asks() -> None:
    assert instructions("EXPOSE") == [PORT]
    assert str(healthcheck.target([], {}).port) == PORT
    assert f":{PORT}" in " ".join(parser_of("run").format_help().split())
    (check,) = instructions("HEALTHCHECK")
    assert check.endswith('CMD ["python", "-m", "exporter.healthcheck"]'), "in exec form: no shell"


def test_the_image_runs_without_root_and_ends_on_sigterm() -> None:
    (user,) = instructions("USER")
    assert user not in {"root", "0"}
    assert any(f"{user} " in f"{line} " and "useradd" in line for line in instructions("RUN"))
    assert instructions("STOPSIGNAL") == ["SIGTERM"]
    assert instructions("ENTRYPOINT") == ['["wolkvox-exporter"]'], "in exec form: no shell between"


def test_the_image_keeps_storage_on_its_volume() -> None:
    (volume,) = instructions("VOLUME")
    assert variables()[f"{PREFIX}STORAGE_URL"].startswith(f"sqlite:///{volume}/")
    assert any(volume in line and "-g 0 -m 0770" in line for line in instructions("RUN")), (
        "any user of group 0 may write"
    )


def test_the_image_sets_what_the_program_reads() -> None:
    flags = {flag.removeprefix("--").replace(".", "_").replace("-", "_").upper() for flag in parser_of("run").flags()}
    known = {f"{PREFIX}{flag}" for flag in flags} | {REVISION_VARIABLE}
    assert {name for name in variables() if name.startswith(PREFIX)} <= known
    assert variables()[REVISION_VARIABLE] == "${REVISION}"


def test_the_image_is_built_from_what_is_let_in() -> None:
    let_in = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    copied = {
        source.removeprefix("./")
        for line in re.findall(r"^COPY +(?!--)(.*)$", INSTRUCTIONS, re.MULTILINE)
        for source in line.split()[:-1]
    }
    assert copied == let_in
    assert {name for name in let_in if not (ROOT / name).exists()} == set()


def test_compose_agrees_with_the_image() -> None:
    services = yaml.safe_load((ROOT / "compose.yaml").read_text())["services"]
    live = services["exporter"]
    assert variables()[f"{PREFIX}STORAGE_URL"] in " ".join(live["command"])
    assert variables()[f"{PREFIX}CONFIG_FILE"] in " ".join(live["command"])
    assert f"exporter:{instructions('VOLUME')[0]}" in live["volumes"]
    assert live["healthcheck"]["test"] == ["CMD", "python", "-m", "exporter.healthcheck"]
    assert live["ports"] == [f"127.0.0.1:{PORT}:{PORT}"]
