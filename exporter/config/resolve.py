"""The keys of the file -> the operations that they stand for, with every check that looks at more than one key."""

import math
from fractions import Fraction

from exporter.config import schema
from exporter.config.connection import TOKEN_KEYS, Surroundings, find_base_url, find_ca_file, find_token
from exporter.config.mistake import Mistakes, Path, dotted, quoted
from exporter.config.scope import Scope, narrow, review
from exporter.duration import format_duration
from exporter.model import Key, Operation, Target
from exporter.polling.plan import OperationPlan, plan

_CALLS_PER_LICENSE = 1_000
_USUAL_SHARE = Fraction(1, 2)
_COST_KEYS = frozenset({"interval", "windows"})


def resolve(file: schema.File, surroundings: Surroundings, mistakes: Mistakes) -> tuple[Operation, ...]:
    """The operations of `file`. They are of use only if nothing was added to `mistakes`."""
    top = narrow(Scope(), file)
    review(file, top, (), mistakes)
    _need("operations", file, (), mistakes)
    found: dict[Path, Operation] = {}
    for place, entry in enumerate(file.operations or ()):
        if entry is not None:
            path: Path = ("operations", place)
            found[path] = _operation(entry, path, top, surroundings, mistakes)
    _find_same_name(found, mistakes)
    _find_same_token(found, file, mistakes)
    return tuple(found.values())


def _operation(
    entry: schema.Operation, path: Path, top: Scope, surroundings: Surroundings, mistakes: Mistakes
) -> Operation:
    scope = narrow(top, entry)
    review(entry, scope, path, mistakes)
    _need("name", entry, path, mistakes)
    _need("campaigns", entry, path, mistakes)
    scopes = [scope if campaign is None else narrow(scope, campaign) for campaign in entry.campaigns or ()]
    operation = Operation(
        name=entry.name or "",
        base_url=find_base_url(entry, path, mistakes),
        token=find_token(entry, path, surroundings, mistakes),
        proxy_url=entry.proxy_url,
        ca_file=find_ca_file(entry, path, surroundings, mistakes),
        zone=scope.timezone,
        budget=_budget(entry, path, mistakes),
        targets=_targets(entry, path, scopes, mistakes),
    )
    if not any(_COST_KEYS & inner.doubtful for inner in scopes):
        _check_cost(plan(operation), path, mistakes)
    return operation


def _targets(entry: schema.Operation, path: Path, scopes: list[Scope], mistakes: Mistakes) -> tuple[Target, ...]:
    targets: list[Target] = []
    lines: dict[str, int] = {}
    for place, (campaign, scope) in enumerate(zip(entry.campaigns or (), scopes, strict=True)):
        if campaign is None:
            continue
        here = (*path, "campaigns", place)
        review(campaign, scope, here, mistakes)
        _need("id", campaign, here, mistakes)
        if campaign.id in lines:
            known = f"{quoted(campaign.id)} is listed on line {lines[campaign.id]} already"
            mistakes.add((*here, "id"), f"{known}, list a campaign once with all its windows")
            continue
        if campaign.id is not None:
            lines[campaign.id] = mistakes.line((*here, "id"))
        targets += _targets_of(campaign, entry.name or "", scope)
    return tuple(targets)


def _targets_of(campaign: schema.Campaign, operation: str, scope: Scope) -> list[Target]:
    return [
        Target(
            key=Key(operation, campaign.id or "", window.label),
            name=campaign.name or "",
            window=window,
            zone=scope.timezone,
            interval=scope.interval,
            delay=scope.delay,
            timeout=scope.timeout,
            stale_after=scope.staleness,
        )
        for window in scope.windows
    ]


def _budget(entry: schema.Operation, path: Path, mistakes: Mistakes) -> int | None:
    given = entry.model_fields_set
    if "quota_share" in given and "licenses" not in given:
        mistakes.warn((*path, "quota_share"), "has no effect without licenses, by which the quota is known")
    if entry.licenses is None or ("quota_share" in given and entry.quota_share is None):
        return None
    return math.floor(entry.licenses * _CALLS_PER_LICENSE * (entry.quota_share or _USUAL_SHARE))


def _check_cost(cost: OperationPlan, path: Path, mistakes: Mistakes) -> None:
    if not cost.fits:
        remedy = "no interval fits, raise licenses or quota_share or list fewer campaigns"
        if cost.smallest_interval is not None and cost.smallest_interval <= schema.LONGEST_INTERVAL:
            remedy = f"the smallest interval that fits is {format_duration(cost.smallest_interval)}"
        text = f"the plan needs {cost.requests_per_day} requests a day and the budget is {cost.budget}: {remedy}"
        mistakes.add((*path, "licenses"), text)
    if cost.overruns:
        pace = cost.paces[0]
        cycle = f"{cost.requests_per_cycle} requests of 1 s each take {format_duration(cost.cycle_seconds)} a cycle"
        wanted, resulting = format_duration(pace.interval), format_duration(pace.resulting)
        text = f"{cycle}, so polls will come every {resulting} instead of {wanted}; set a longer interval"
        mistakes.warn((*path, "campaigns"), text)


def _find_same_name(found: dict[Path, Operation], mistakes: Mistakes) -> None:
    lines: dict[str, int] = {}
    for path, operation in found.items():
        here = (*path, "name")
        if operation.name in lines:
            known = f"{quoted(operation.name)} is the name of the operation on line {lines[operation.name]} already"
            mistakes.add(here, f"{known}, each operation needs its own")
        elif operation.name:
            lines[operation.name] = mistakes.line(here)


def _find_same_token(found: dict[Path, Operation], file: schema.File, mistakes: Mistakes) -> None:
    owners: dict[str, Path] = {}
    for path, operation in found.items():
        token = operation.token.get_secret_value()
        if not token:
            continue
        owner = owners.setdefault(token, path)
        if owner != path:
            entry = (file.operations or ())[int(path[-1])]
            key = next(key for key in TOKEN_KEYS if entry is not None and getattr(entry, key) is not None)
            text = f"is the token of {dotted(owner)} too, list the campaigns of one token under one operation"
            mistakes.add((*path, key), text)


def _need(key: str, entry: schema.Settings, path: Path, mistakes: Mistakes) -> None:
    if key not in entry.model_fields_set:
        mistakes.add((*path, key), "is missing, it is needed here")
