"""The schema of `/api/v1/status` and its page, written to a folder by `python -m exporter.web.status.schema docs`."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from exporter.thresholds import JUDGED_ATTEMPTS, SPIKE_LOW_SHARES, SPIKE_SHARES
from exporter.web.status.document import StatusDocument
from exporter.web.status.i18n import ENGLISH
from exporter.web.status.query import COLUMNS
from exporter.web.status.state import TROUBLE, State

ADAPTER = TypeAdapter(StatusDocument)
"""Validates a document."""

_HEAD = """# `/api/v1/status`

What the status page shows, as JSON. All times are Unix seconds, all durations are seconds, all shares are percent.
Fields may be added; none is renamed or removed. Text that comes from the configuration or from the vendor (`name`,
`message`, `excerpt`, ...) may contain anything: escape it before you use it in markup.

[status-api.schema.json](status-api.schema.json) is the JSON Schema. Both files are made from the code by
`python -m exporter.web.status.schema docs`.

## Parameters

| parameter | selects |
|---|---|
| `operation` | one operation, by its exact name |
| `state` | a state below, a failure reason, or `trouble` |
| `q` | campaigns whose name, id or operation contains this, ignoring case |
| `sort` | orders by {columns}; a leading `-` reverses the order. Default: trouble first |

Unknown values are ignored. All matching campaigns are returned in one answer.

## States

| `state` | trouble | meaning |
|---|---|---|
{states}

A spike is more than {spikes} of at least {attempts} attempts,
and the low end of the share's 95 % interval (Wilson) is more than {lows}.
"""

_WORDS = {
    "ApiName": "an API name",
    "Reason": "a failure reason",
    "State": "a state",
    "WaitCause": "a wait cause",
}
"""Enumerations, as a reader calls them."""

_MEANINGS = {
    State.STALE: "The last data became older than `stale_after` and was withdrawn.",
    State.FAILING: "The latest poll failed; `data` is that of the last success, or null.",
    State.SPIKE: "The data is up to date, but busy, failed or congestion is high.",
    State.OK: "The latest poll succeeded.",
    State.NO_DATA: "The API returned no rows for the window. A wrong campaign id looks the same.",
    State.WAITING: "The first poll has not finished yet.",
}


def schema() -> dict[str, Any]:
    """The JSON Schema (draft 2020-12). It allows unknown fields, as readers should."""
    found = _open(ADAPTER.json_schema(mode="serialization"))
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **found}


def markdown() -> str:
    """The page for docs/: parameters, states, and the fields of each object."""
    whole = schema()
    objects = {name: each for name, each in _reached(whole, whole["$defs"]) if each["type"] == "object"}
    tables = [_table("Status", whole), *(_table(name, each) for name, each in objects.items())]
    states = "\n".join(f"| `{state}` | {'yes' if state in TROUBLE else 'no'} | {_MEANINGS[state]} |" for state in State)
    spikes = ", ".join(f"{ENGLISH.percent(100 * limit)} {result}" for result, limit in SPIKE_SHARES.items())
    lows = ", ".join(f"{ENGLISH.percent(100 * limit)} {result}" for result, limit in SPIKE_LOW_SHARES.items())
    head = _HEAD.format(
        columns=", ".join(f"`{column}`" for column in COLUMNS),
        states=states,
        spikes=spikes,
        lows=lows,
        attempts=JUDGED_ATTEMPTS,
    )
    return "\n".join((head, *tables)).rstrip() + "\n"


def write(folder: Path) -> None:
    """Write both into the folder."""
    (folder / "status-api.md").write_text(markdown(), encoding="utf-8")
    (folder / "status-api.schema.json").write_text(json.dumps(schema(), indent=2) + "\n", encoding="utf-8")


def _open(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _open(each) for name, each in value.items() if (name, each) != ("additionalProperties", False)}
    return [_open(each) for each in value] if isinstance(value, list) else value


def _reached(start: Any, definitions: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """The objects that `start` refers to, in the order in which a reader meets them."""
    inner = start.get("properties", start) if isinstance(start, dict) else start
    for each in inner.values() if isinstance(inner, dict) else inner:
        if isinstance(each, str) and each.startswith("#/$defs/"):
            name = each.rpartition("/")[2]
            yield name, definitions[name]
            yield from _reached(definitions[name], definitions)
        elif isinstance(each, dict | list):
            yield from _reached(each, definitions)


def _table(name: str, schema: dict[str, Any]) -> str:
    rows = [
        f"| `{field}` | {_type(each)} | {each.get('description', '')} |" for field, each in schema["properties"].items()
    ]
    return "\n".join(
        (f"## {_title(name)}\n", schema["description"] + "\n", "| field | type | |\n|---|---|---|", *rows, "")
    )


def _title(name: str) -> str:
    return name.removesuffix("Document")


def _type(schema: dict[str, Any]) -> str:
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return f"[{_title(name)}](#{_title(name).lower()})" if name.endswith("Document") else _WORDS[name]
    if "anyOf" in schema:
        return " or ".join(_type(each) for each in schema["anyOf"])
    if schema["type"] == "array":
        return f"list of {_type(schema['items'])}"
    if schema["type"] == "object":
        return f"object of {_type(schema['propertyNames'])} to {_type(schema['additionalProperties'])}"
    return str(schema["type"])


if __name__ == "__main__":
    write(Path(sys.argv[1] if len(sys.argv) > 1 else "docs"))
