"""What is installed is what was tested: lock files, and everyone who installs from them."""

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml
from packaging.requirements import Requirement

ROOT = Path(__file__).parents[1]
LOCKS = sorted((ROOT / "requirements").glob("*.txt"))
PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
RUN = PROJECT["project"]["dependencies"]
BUILD = PROJECT["dependency-groups"]["build"]
RANGES = {"run": RUN, "build": BUILD, "dev": RUN + BUILD + PROJECT["project"]["optional-dependencies"]["dev"]}


def versions(lock: Path) -> dict[str, str]:
    return dict(re.findall(r"^([a-z0-9-]+)==([^\s;]+)", lock.read_text(encoding="utf-8"), re.MULTILINE))


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.stem)
def test_a_lock_names_each_file_by_its_hash_and_no_address(lock: Path) -> None:
    text = lock.read_text(encoding="utf-8")
    requirements = re.sub(r"\\\n\s+", "", re.sub(r"^\s*#.*\n", "", text, flags=re.MULTILINE)).splitlines()
    assert requirements
    assert [line for line in requirements if "--hash=sha256:" not in line] == []
    assert "://" not in text
    assert "-index" not in text


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.stem)
def test_a_lock_satisfies_the_ranges(lock: Path) -> None:
    locked = versions(lock)
    for text in RANGES[lock.stem]:
        requirement = Requirement(text)
        assert requirement.specifier.contains(locked[requirement.name.lower()]), f"{text}: `make lock`"


def test_what_is_tested_is_what_runs() -> None:
    dev = versions(ROOT / "requirements" / "dev.txt")
    for name in ("run", "build"):
        locked = versions(ROOT / "requirements" / f"{name}.txt")
        assert locked.items() <= dev.items()


def test_everyone_installs_with_hashes() -> None:
    for name in ("Makefile", "Dockerfile"):
        text = (ROOT / name).read_text(encoding="utf-8")
        installs = re.findall(r"bin/pip install .*|BIN\)/pip install .*", text)
        assert len(installs) == 3, name
        assert [line for line in installs if "--require-hashes" not in line and "--no-deps" not in line] == []
    workflows = "".join(path.read_text(encoding="utf-8") for path in (ROOT / ".github" / "workflows").iterdir())
    assert "pip install" not in workflows
    assert "make test" in workflows


def test_ci_tries_every_python_that_is_promised() -> None:
    ci = yaml.safe_load((ROOT / ".github" / "workflows" / "ci.yml").read_text(encoding="utf-8"))
    promised = re.findall(r"Python :: (3\.\d+)", "\n".join(PROJECT["project"]["classifiers"]))
    assert ci["jobs"]["test"]["strategy"]["matrix"]["python"] == promised
    assert PROJECT["project"]["requires-python"] == f">={promised[0]}"
