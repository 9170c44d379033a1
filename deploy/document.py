"""Writes deploy/chart/README.md from the comments in values.yaml: `python -m deploy.document`."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import yaml

from prometheus.chart import settable
from prometheus.parameters import Parameters

CHART = Path(__file__).parent / "chart"
VALUES = CHART / "values.yaml"
README = CHART / "README.md"

LONGEST = 40
"""Characters of a default that is shown; a longer one is in the file."""

_SECTION = re.compile(r"# ## (?P<title>.+)")
_COMMENT = re.compile(r" *# ?(?P<text>.*)")
_KEY = re.compile(r"(?P<indent> *)(?P<key>[A-Za-z][\w./-]*):( .*)?")

_HEAD = """\
# Helm chart

Installs the exporter on Kubernetes, with its scrape configuration, alert rules and dashboards.

```sh
helm install wolkvox-exporter deploy/chart                                           # the demo: no account, no token
helm install wolkvox-exporter deploy/chart --set-file config=config.yml --set 'secrets.existing={wolkvox}'
```

[docs/kubernetes.md](../../docs/kubernetes.md) explains how to install it, SQLite and PostgreSQL, TLS, and recipes. This
page lists every value. It is made from the comments in `values.yaml` by `python -m deploy.document`.
"""


@dataclass(frozen=True, slots=True)
class Value:
    """A key of values.yaml with a comment."""

    section: str
    path: tuple[str, ...]
    meaning: str


def read_values(text: str) -> Iterator[Value]:
    """Every key that a comment stands above, in the order of the file. A blank line ends a comment."""
    section, comment = "", list[str]()
    parents: list[tuple[int, str]] = []
    for line in text.splitlines():
        if found := _SECTION.fullmatch(line):
            section, comment = found["title"], []
        elif found := _COMMENT.fullmatch(line):
            comment.append(found["text"])
        elif found := _KEY.fullmatch(line):
            indent = len(found["indent"])
            parents = [*((level, key) for level, key in parents if level < indent), (indent, found["key"])]
            if comment:
                yield Value(section, tuple(key for _, key in parents), " ".join(comment))
            comment = []
        else:
            comment = []


def _default(values: Any, path: tuple[str, ...]) -> str:
    for key in path:
        values = values[key]
    text = json.dumps(values, ensure_ascii=False)
    return f"`{text}`" if len(text) <= LONGEST else "see values.yaml"


def _thresholds() -> str:
    rows = [
        f"| `{camel(each.name)}` | `{each.default:g}` | {each.metadata['help']} |\n"
        for each in fields(Parameters)
        if not isinstance(settable().get(each.name, ""), str)
    ]
    return "\n## Thresholds\n\n| `rules.thresholds` | default | |\n|---|---|---|\n" + "".join(rows)


def camel(name: str) -> str:
    """A parameter of the rules as the chart's values name it: `spike_share` is `spikeShare`."""
    first, *rest = name.split("_")
    return first + "".join(word.capitalize() for word in rest)


def readme(text: str) -> str:
    """The page about the values in `text`."""
    defaults = yaml.safe_load(text)
    pieces, section = [_HEAD], ""
    for value in read_values(text):
        if value.section != section:
            section = value.section
            pieces.append(f"\n## {section}\n\n| value | default | |\n|---|---|---|\n")
        meaning = value.meaning.replace("|", "\\|")
        pieces.append(f"| `{'.'.join(value.path)}` | {_default(defaults, value.path)} | {meaning} |\n")
    return "".join(pieces) + _thresholds()


if __name__ == "__main__":
    README.write_text(readme(VALUES.read_text(encoding="utf-8")), encoding="utf-8")
