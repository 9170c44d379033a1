"""The keys of the file. Every key may be absent; a value of None is one that was given and found wrong."""

import difflib
from fractions import Fraction
from typing import Annotated, Any, TypeAlias
from zoneinfo import ZoneInfo

from pydantic import BaseModel, BeforeValidator, ConfigDict, PlainValidator, SecretStr, ValidationError

from exporter.config import field
from exporter.config.document import Value
from exporter.config.mistake import Mistakes, Path
from exporter.model import Window

_DAY = 86_400.0
LONGEST_INTERVAL = 31 * _DAY

_Zone: TypeAlias = Annotated[ZoneInfo, PlainValidator(field.zone)]
_Interval: TypeAlias = Annotated[float, PlainValidator(field.duration(1, LONGEST_INTERVAL))]
_Window: TypeAlias = Annotated[Window, PlainValidator(field.window)]
_Delay: TypeAlias = Annotated[float, PlainValidator(field.duration(0, 31 * _DAY))]
_Timeout: TypeAlias = Annotated[float, PlainValidator(field.duration(0.1, 600))]
_Staleness: TypeAlias = Annotated[float, PlainValidator(field.duration(1, 365 * _DAY))]
_Reference: TypeAlias = Annotated[str, PlainValidator(field.reference)]


class Settings(BaseModel):
    """What may stand at every level; the nearest wins. Spans are in seconds."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True, arbitrary_types_allowed=True)

    timezone: _Zone | None = None
    interval: _Interval | None = None
    windows: Annotated[tuple[_Window | None, ...], BeforeValidator(field.entries("such as [1h, today]"))] | None = None
    delay: _Delay | None = None
    timeout: _Timeout | None = None
    stale_after: _Staleness | None = None


class Campaign(Settings):
    """One entry of `campaigns`."""

    id: Annotated[str, PlainValidator(field.campaign_id)] | None = None
    name: Annotated[str, PlainValidator(field.campaign_name)] | None = None


class Operation(Settings):
    """One entry of `operations`."""

    name: Annotated[str, PlainValidator(field.operation_name)] | None = None
    server: Annotated[str, PlainValidator(field.server)] | None = None
    base_url: Annotated[str, PlainValidator(field.base_url)] | None = None
    token_file: _Reference | None = None
    token_env: _Reference | None = None
    token: Annotated[SecretStr, PlainValidator(field.secret)] | None = None
    proxy_url: Annotated[SecretStr, PlainValidator(field.proxy_url)] | None = None
    ca_file: _Reference | None = None
    licenses: Annotated[int, PlainValidator(field.licenses)] | None = None
    quota_share: Annotated[Fraction, PlainValidator(field.quota_share)] | None = None
    campaigns: Annotated[tuple[Campaign | None, ...], BeforeValidator(field.entries('each - id: "..."'))] | None = None


class File(Settings):
    """The whole file."""

    operations: Annotated[tuple[Operation | None, ...], BeforeValidator(field.entries("each - name: ..."))] | None = (
        None
    )


_PLACES: tuple[tuple[type[Settings], str], ...] = (
    (File, "at the top"),
    (Operation, "in an operation"),
    (Campaign, "in a campaign"),
)
_NO_MAPPING = "must be a mapping of keys and values, such as name: acme"


def read(root: dict[str, Value], mistakes: Mistakes) -> File:
    """All of `root` that is right. What is wrong is noted, and replaced by None in `root` and in the result.

    So one mistake hides no other: what is checked across keys is still checked with all the rest.
    """
    try:
        return File.model_validate(root)
    except ValidationError as error:
        errors = error.errors(include_url=False, include_input=False)
    for found in errors:
        path = found["loc"]
        if found["type"] == "extra_forbidden":
            _unknown(root, path, mistakes)
        else:
            cause = found.get("ctx", {}).get("error", _NO_MAPPING)
            mistakes.add(path, str(cause))
            _parent(root, path)[path[-1]] = None
    return File.model_validate(root)


def _unknown(root: dict[str, Value], path: Path, mistakes: Mistakes) -> None:
    """Note a key that does not exist here, and take the one that was meant for given and wrong."""
    key = str(path[-1])
    model, place = _PLACES[len(path) // 2]
    meant = difflib.get_close_matches(key.lower().replace("-", "_")[:40], model.model_fields, n=1)
    elsewhere = [where for other, where in _PLACES if key in other.model_fields]
    if elsewhere:
        hint = f"does not belong {place}, its place is {elsewhere[0]}"
    elif meant:
        hint = f"unknown key (did you mean {meant[0]}?)"
    else:
        hint = "unknown key"
    mistakes.add(path, f"{hint}, allowed {place} are {', '.join(sorted(model.model_fields))}")
    parent = _parent(root, path)
    del parent[key]
    if meant and not elsewhere:
        parent.setdefault(meant[0], None)


def _parent(root: dict[str, Value], path: Path) -> Any:
    """The mapping or list that holds the last part of `path`."""
    value: Any = root
    for part in path[:-1]:
        value = value[part]
    return value
