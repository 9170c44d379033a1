"""The keys of the file -> the operations that they stand for, with every check that looks at more than one key."""

import math

from exporter.config import schema
from exporter.config.addresses import check_addresses
from exporter.config.connection import (
    TOKEN_KEYS,
    LoadContext,
    file_of,
    find_base_url,
    find_ca_file,
    find_proxy_url,
    find_token,
)
from exporter.config.inherited import Inherited, inherit, review
from exporter.duration import format_duration
from exporter.model import ApiName, Discovery, Operation, Target
from exporter.polling.plan import OperationPlan, plan
from exporter.targets import targets_of
from exporter.yaml import Issues, Path, dotted, quoted

_CALLS_PER_LICENSE = 1_000
_COST_KEYS = frozenset({"interval", "windows", "hours"})
_LIVE_INTERVAL = 300.0
"""With discovery, where it is not given."""
_NAMES = {
    ApiName.CAMPAIGNS: "the list of campaigns",
    ApiName.REAL_TIME: "the live figures",
    ApiName.TOKEN_INFO: "the vendor's own count of the quota",
}
_KEYS = {
    ApiName.CAMPAIGNS: "refresh_interval",
    ApiName.REAL_TIME: "live_interval",
    ApiName.TOKEN_INFO: "quota_interval",
}
_ADVISED_REFRESH = 300


def resolve(file: schema.File, context: LoadContext, issues: Issues) -> tuple[Operation, ...]:
    """The operations of `file`. They are of use only if nothing was added to `issues`."""
    top = inherit(Inherited(), file, (), issues)
    review(file, top, (), issues)
    _need("operations", file, (), issues)
    found: dict[Path, Operation] = {}
    for place, entry in enumerate(file.operations or ()):
        if entry is not None:
            path: Path = ("operations", place)
            found[path] = _operation(entry, path, top, context, issues)
    _find_same_name(found, issues)
    _find_same_token(found, file, issues)
    return tuple(found.values())


def _operation(
    entry: schema.OperationSettings, path: Path, top: Inherited, context: LoadContext, issues: Issues
) -> Operation:
    inherited = inherit(top, entry, path, issues)
    review(entry, inherited, path, issues)
    _need("name", entry, path, issues)
    if entry.discovery is None and not issues.wrong((*path, "discovery")):
        _need("campaigns", entry, path, issues, "where no discovery finds the campaigns")
    own, within = entry.discovery, (*path, "discovery")
    found = None if own is None else inherit(inherited, own, within, issues)
    levels = [
        inherited if campaign is None else inherit(inherited, campaign, (*path, "campaigns", place), issues)
        for place, campaign in enumerate(entry.campaigns or ())
    ]
    operation = Operation(
        name=entry.name or "",
        base_url=find_base_url(entry, path, issues),
        token=find_token(entry, path, context, issues),
        proxy_url=find_proxy_url(entry, path, context, issues),
        ca_file=find_ca_file(entry, path, context, issues),
        zone=inherited.values.timezone,
        budget=_budget(entry, path, issues),
        targets=_targets(entry, path, levels, issues),
        address_family=entry.address_family,
        source_address=entry.source_address,
        token_file=file_of(entry.token_file, context),
        proxy_url_file=file_of(entry.proxy_url_file, context),
        discovery=None if own is None or found is None else _discovery(own, found, within, issues),
        live_interval=_LIVE_INTERVAL if entry.live_interval is None and found else entry.live_interval,
        quota_interval=entry.quota_interval,
    )
    check_addresses(entry, path, operation.base_url, operation.proxy_url, issues)
    if not any(_COST_KEYS & level.doubtful for level in (*levels, found or inherited)):
        _check_cost(plan(operation), path, issues)
    return operation


def _discovery(own: schema.DiscoverySettings, inherited: Inherited, path: Path, issues: Issues) -> Discovery:
    review(own, inherited, path, issues)
    if own.refresh_interval < _ADVISED_REFRESH:
        text = (
            f"{format_duration(own.refresh_interval)} is short: the list of campaigns changes seldom, and each"
            " request for it costs quota; use 5m or more"
        )
        issues.warn((*path, "refresh_interval"), text)
    return Discovery(
        refresh_interval=own.refresh_interval,
        include=tuple(filter(None, own.include or ())),
        exclude=tuple(filter(None, own.exclude or ())),
        types=frozenset(filter(None, own.types or ("predictive", "preview"))),
        poll=own.poll,
        max_campaigns=own.max_campaigns,
        settings=inherited.settings,
    )


def _targets(
    entry: schema.OperationSettings, path: Path, levels: list[Inherited], issues: Issues
) -> tuple[Target, ...]:
    targets: list[Target] = []
    lines: dict[str, int] = {}
    for place, (campaign, level) in enumerate(zip(entry.campaigns or (), levels, strict=True)):
        if campaign is None:
            continue
        here = (*path, "campaigns", place)
        review(campaign, level, here, issues)
        _need("id", campaign, here, issues)
        if campaign.id in lines:
            known = f"{quoted(campaign.id)} is listed on line {lines[campaign.id]} already"
            issues.add((*here, "id"), f"{known}, list a campaign once with all its windows")
            continue
        if campaign.id is not None:
            lines[campaign.id] = issues.line((*here, "id"))
        targets += targets_of(level.settings, entry.name or "", campaign.id or "", campaign.name or "")
    return tuple(targets)


def _budget(entry: schema.OperationSettings, path: Path, issues: Issues) -> int | None:
    licenses = entry.licenses
    if "quota_share" in entry.model_fields_set and licenses is None and not issues.wrong((*path, "licenses")):
        issues.warn((*path, "quota_share"), "has no effect without licenses, by which the quota is known")
    if licenses is None or issues.wrong((*path, "quota_share")):
        return None
    return math.floor(licenses * _CALLS_PER_LICENSE * entry.quota_share)


def _check_cost(cost: OperationPlan, path: Path, issues: Issues) -> None:
    if cost.budget is not None and cost.fixed > cost.budget:
        keys = " and ".join(_KEYS[api] for api, *_ in cost.companions)
        text = (
            f"the requests for {_names(cost)} alone come to {cost.fixed} a day and the budget is {cost.budget}: ask"
            f" less often with {keys}, or raise licenses or quota_share"
        )
        issues.add((*path, "licenses"), text)
    elif not cost.fits:
        remedy = "no interval fits, raise licenses or quota_share or list fewer campaigns"
        if cost.smallest_interval is not None and cost.smallest_interval <= schema.LONGEST_INTERVAL:
            remedy = f"the smallest interval that fits is {format_duration(cost.smallest_interval)}"
        text = f"the plan needs {cost.requests_per_day} requests a day and the budget is {cost.budget}: {remedy}"
        issues.add((*path, "licenses"), text)
    if cost.overruns:
        pace = cost.paces[0]
        cycle = f"{cost.requests_per_cycle} requests of 1 s each take {format_duration(cost.cycle_seconds)} a cycle"
        wanted, resulting = format_duration(pace.interval), format_duration(pace.resulting)
        text = f"{cycle}, so polls will come every {resulting} instead of {wanted}; set a longer interval"
        issues.warn((*path, "campaigns"), text)
    if cost.fits and cost.discovered is not None and not cost.discovered.capacity:
        scarce, remedy = "the token's time", "polls will come late; set a longer interval"
        if cost.budget is not None:
            scarce = "the day's budget"
            remedy = "intervals will be stretched; set a longer interval, or raise licenses or quota_share"
        every = format_duration(cost.discovered.interval)
        text = f"not even one campaign can be asked all day every {every} with what is left of {scarce}: {remedy}"
        issues.warn((*path, "discovery"), text)


def _names(cost: OperationPlan) -> str:
    names = [_NAMES[api] for api, *_ in cost.companions]
    return " and ".join(filter(None, [", ".join(names[:-1]), names[-1]]))


def _find_same_name(found: dict[Path, Operation], issues: Issues) -> None:
    lines: dict[str, int] = {}
    for path, operation in found.items():
        here = (*path, "name")
        if operation.name in lines:
            known = f"{quoted(operation.name)} is the name of the operation on line {lines[operation.name]} already"
            issues.add(here, f"{known}, each operation needs its own")
        elif operation.name:
            lines[operation.name] = issues.line(here)


def _find_same_token(found: dict[Path, Operation], file: schema.File, issues: Issues) -> None:
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
            issues.add((*path, key), text)


def _need(key: str, entry: schema.InheritedSettings, path: Path, issues: Issues, where: str = "here") -> None:
    if key not in entry.model_fields_set and not issues.wrong((*path, key)):
        issues.add((*path, key), f"is missing, it is needed {where}")
