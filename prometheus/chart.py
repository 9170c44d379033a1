"""The rules as the Helm chart takes them: what can be set is a placeholder, which the chart fills in from its values.

Helm reads only files inside the chart, and cannot run Python. So the rules are made once with values that occur nowhere
else, and these are exchanged for placeholders: `«spike_share»`, or `«spike_share*100»` where a text shows a percentage.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import fields
from enum import Enum
from itertools import pairwise
from pathlib import Path
from typing import Any

import yaml

from prometheus.parameters import DEFAULTS, Parameters

FOLDER = Path(__file__).parents[1] / "deploy" / "chart" / "files" / "rules"

FACTORS = (1, 2, 3, 100)
"""What the rules multiply a parameter by: nothing, twice the volume, three intervals, percent."""

Make = Callable[[Parameters], str]
"""Rules with these parameters, as YAML."""


class TemplateError(ValueError):
    """The rules use a parameter in a way that no placeholder stands for."""


def settable() -> dict[str, str | float]:
    """The parameters that the chart's values set, with their defaults; a language is a file of its own."""
    defaults = {each.name: getattr(DEFAULTS, each.name) for each in fields(Parameters)}
    return {name: value for name, value in defaults.items() if not isinstance(value, Enum)}


def _stand_ins(seed: int) -> dict[str, Any]:
    """For each parameter that can be set a value that occurs nowhere else."""
    found: dict[str, Any] = {}
    for index, (name, default) in enumerate(settable().items()):
        number = 7_001 + 101 * index + 10 * seed
        if name.endswith("_url"):
            found[name] = f"https://stand-in-{number}.example"
        elif isinstance(default, str):
            found[name] = f"stand-in-{number}"
        elif isinstance(default, int):
            found[name] = number
        else:
            found[name] = number / 100_000
    return found


def _placeholders(stand_ins: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """What is exchanged for what, longest first: no value is the beginning of another."""
    for name, value in stand_ins.items():
        if isinstance(value, str):
            yield value, f"«{name}»"
            continue
        for factor in FACTORS:
            yield f"{factor * value:g}", f"«{name}»" if factor == 1 else f"«{name}*{factor}»"


def _template(make: Make, seed: int) -> str:
    stand_ins = _stand_ins(seed)
    text = make(Parameters(**stand_ins))
    for value, placeholder in sorted(_placeholders(stand_ins), key=lambda pair: -len(pair[0])):
        text = text.replace(value, placeholder)
    return text


def template(make: Make) -> str:
    """The rules that `make` writes, with placeholders and without comments.

    Raises:
        TemplateError: a parameter is used in a way that no placeholder stands for.
    """
    texts = [yaml.safe_load(_template(make, seed)) for seed in (0, 1)]
    for one, other in pairwise(texts):
        if one != other:
            raise TemplateError("a rule computes with a parameter: add what it is multiplied by to FACTORS")
    return yaml.safe_dump(texts[0], sort_keys=False, allow_unicode=True, width=10_000)


def write(languages: Mapping[str, Make], folder: Path = FOLDER) -> None:
    """Write the rules in each language, and the values that placeholders have by default."""
    folder.mkdir(exist_ok=True)
    for language, make in languages.items():
        (folder / f"{language}.yml").write_text(template(make), encoding="utf-8")
    (folder / "parameters.yml").write_text(yaml.safe_dump(settable(), sort_keys=False), encoding="utf-8")
