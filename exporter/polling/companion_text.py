"""Answers of the APIs that are asked for a whole operation, as text for storage, and back."""

import json
from collections.abc import Sequence
from dataclasses import asdict, fields
from typing import Any

from exporter.model import LiveAnswer, LiveCampaign, VendorQuota

_FIGURES = [field.name for field in fields(LiveCampaign)]


def live_to_text(answer: LiveAnswer) -> str:
    """A live answer as JSON."""
    rows = [[getattr(one, name) for name in _FIGURES] for one in answer.campaigns]
    return json.dumps({"fields": _FIGURES, "rows": rows}, separators=(",", ":"))


def live_from_text(text: str | None) -> LiveAnswer | None:
    """The live answer that was written; None where there is none, or where nobody can read it any more."""
    read = _object(text)
    names, rows = read.get("fields"), read.get("rows")
    if not isinstance(names, list) or not isinstance(rows, list):
        return None
    return LiveAnswer(tuple(one for row in rows if (one := _campaign(names, row)) is not None))


def quota_to_text(quota: VendorQuota) -> str:
    """The vendor's count as JSON."""
    return json.dumps(asdict(quota))


def quota_from_text(text: str | None) -> VendorQuota | None:
    """The vendor's count that was written; None where there is none, or where nobody can read it any more."""
    read = _object(text)
    if not read:
        return None
    return VendorQuota(**{field.name: _number(read.get(field.name)) for field in fields(VendorQuota)})


def _campaign(names: Sequence[str], row: Any) -> LiveCampaign | None:
    if not isinstance(row, list) or len(row) != len(names):
        return None
    found = dict(zip(names, row, strict=True))
    if not isinstance(found.get("id"), str) or not isinstance(found.get("started"), bool):
        return None
    figures = {name: _number(found.get(name)) for name in _FIGURES if name not in {"id", "started"}}
    return LiveCampaign(found["id"], found["started"], **figures)


def _object(text: str | None) -> dict[str, Any]:
    try:
        read = json.loads(text or "{}")
    except ValueError:
        return {}
    return read if isinstance(read, dict) else {}


def _number(value: Any) -> float | None:
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None
