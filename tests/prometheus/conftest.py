import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
HASTY = {"GOGC": "400"}
"""Go collects garbage less often: a quarter of promtool's time is that, and it holds little."""


@pytest.fixture
def run() -> Callable[..., str]:
    """Run one of Prometheus' tools at the root of the repository; its output where it exits with 0, else a failure."""

    def call(tool: str, *arguments: str | Path) -> str:
        program = shutil.which(tool)
        assert program, f"{tool} is missing: apt-get install prometheus prometheus-alertmanager"
        command = [program, *map(str, arguments)]
        environment = {**os.environ, **HASTY}
        done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout + done.stderr

    return call
