"""The image's steps, carried out without a container engine: the same lines in folders of the test's own."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from exporter import __version__

pytestmark = pytest.mark.xdist_group("image")  # built once

ROOT = Path(__file__).parents[2]
RUN = re.compile(r"^RUN +(.*)$", re.MULTILINE)
COPY = re.compile(r"^COPY +(?!--)(.*) (\S+)$", re.MULTILINE)
STORAGE = "/var/lib/wolkvox-exporter"


def stages() -> list[str]:
    """The instructions of the Dockerfile, by stage, without comments and continued lines."""
    text = re.sub(r"^#.*\n", "", (ROOT / "Dockerfile").read_text(encoding="utf-8"), flags=re.MULTILINE)
    return re.split(r"^FROM .*\n", re.sub(r"\\\n\s*", "", text), flags=re.MULTILINE)[1:]


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the first stage leaves in /opt/wolkvox-exporter."""
    home = tmp_path_factory.mktemp("image")
    source = home / "src"
    source.mkdir()
    stage = stages()[0]
    for sources, target in COPY.findall(stage):
        for name in sources.split():
            goal = source / target / Path(name).name if target.endswith("/") else source / target
            goal.parent.mkdir(parents=True, exist_ok=True)
            copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
            copy(ROOT / name, goal)
    environ = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "COVERAGE"))}
    environ["PATH"] = f"{Path(sys.executable).parent}:{environ['PATH']}"
    for line in RUN.findall(stage):
        command = line.replace("/opt/", f"{home}/opt/")
        done = subprocess.run(
            ["sh", "-ec", command], cwd=source, env=environ, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
    return home / "opt" / "wolkvox-exporter"


def test_the_image_is_built_from_the_lock_file(installed: Path) -> None:
    locked = dict(re.findall(r"^([a-z0-9-]+)==(\S+)", (ROOT / "requirements/run.txt").read_text(), re.MULTILINE))
    freeze = [str(installed / "bin" / "pip"), "freeze", "--exclude", "wolkvox-exporter"]
    listed = subprocess.run(freeze, capture_output=True, text=True, check=True).stdout
    found = {
        name.lower().replace("_", "-"): version for name, version in re.findall(r"^(\S+)==(\S+)", listed, re.MULTILINE)
    }
    assert found
    assert found.items() <= locked.items()


def test_the_installed_command_answers(installed: Path) -> None:
    command = [str(installed / "bin" / "wolkvox-exporter"), "--version"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, f"wolkvox-exporter {__version__}\n")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may become another user")
def test_storage_works_under_an_arbitrary_user_of_group_0(installed: Path, tmp_path: Path) -> None:
    """As OpenShift runs it: the folder is made by the image's own line, the user is nobody that it knows of."""
    (line,) = (line for line in RUN.findall(stages()[1]) if STORAGE in line)
    install = line[line.index("install -d") :].replace(STORAGE, f"{tmp_path}/storage")
    subprocess.run(["sh", "-ec", install], check=True)
    operation = "{name: acme, base_url: 'http://127.0.0.1:9', token: made-up-token, campaigns: [{id: '1'}]}"
    (tmp_path / "config.yml").write_text(f"interval: 5m\noperations: [{operation}]\n")
    # It may read everything, as it may in the image, and write only where its group may.
    user = ["setpriv", "--reuid=1234567", "--regid=0", "--clear-groups"]
    user += [
        "--inh-caps=-all,+dac_read_search",
        "--ambient-caps=-all,+dac_read_search",
        "--bounding-set=-all,+dac_read_search",
    ]
    command = [str(installed / "bin" / "wolkvox-exporter"), "once", f"--config.file={tmp_path}/config.yml"]
    storage = tmp_path / "storage" / "wolkvox-exporter.db"
    done = subprocess.run(
        [*user, *command, f"--storage.url=sqlite:///{storage}"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2, done.stderr  # nobody answers on that port; everything before that worked
    assert "wolkvox_campaign_up" in done.stdout
    assert storage.stat().st_uid == 1234567
