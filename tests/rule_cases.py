"""The cases that promtool is given for each alert."""

import re
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from rulebook import ROOT

FILES = sorted((ROOT / "prometheus" / "tests").glob("*.yml"))
SPANISH_FILES = sorted((ROOT / "prometheus" / "tests" / "es").glob("*.yml"))
UNITS = {"d": 86400, "h": 3600, "m": 60, "s": 1}

OF_ONE_EXPORTER = {"WolkvoxReloadFailed"}
"""Alerts that name the exporter they are about."""

Case = dict[str, Any]


def seconds(text: str) -> int:
    """A duration as promtool takes it: `1d2h`."""
    return sum(int(number) * UNITS[unit] for number, unit in re.findall(r"(\d+)([dhms])", text))


@cache
def load(path: Path) -> dict[str, Any]:
    """A file of cases."""
    content: dict[str, Any] = yaml.load(path.read_text(encoding="utf-8"), yaml.CSafeLoader)
    return content


def cases(alert: str) -> dict[str, Case]:
    """The alert's cases by what they show, with the step in which their file is evaluated."""
    return {
        case["name"].removeprefix(f"{alert}: "): {**case, "step": seconds(content["evaluation_interval"])}
        for content in map(load, FILES)
        for case in content["tests"]
        if case["name"].startswith(f"{alert}: ")
    }
