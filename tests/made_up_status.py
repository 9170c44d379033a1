"""Made-up states to look at: small ones with everything in them, and large ones."""

import random
from dataclasses import replace
from zoneinfo import ZoneInfo

from exporter.clock import Stamp
from exporter.model import (
    COMPANIONS,
    RESULTS,
    ApiName,
    ApiStats,
    CampaignStatus,
    Data,
    DiscoveryStatus,
    Failure,
    FileVersion,
    Hours,
    LiveCampaign,
    OperationStats,
    OperationStatus,
    Poll,
    Reason,
    Row,
    Span,
    Status,
    Target,
    TargetKey,
    TargetState,
    TargetStatus,
    TimeRange,
    VendorQuota,
    Window,
)

NOW = 1_773_082_800.0
"""2026-03-09 14:00:00 in Bogota."""

BOGOTA = ZoneInfo("America/Bogota")

HOSTILE = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "' onmouseover='alert(1)",
    "{{ 7 * 7 }}{% raw %}",
    "\N{RIGHT-TO-LEFT OVERRIDE}gnp.exe\N{ZERO WIDTH SPACE}",
    "nul\x00bell\x07escape\x1b[31mdelete\x7f",
    "line\nfeed\u2028separator",
    "\N{ARABIC LETTER ALEF}\N{RIGHT-TO-LEFT ISOLATE}",
    "lone \ud800 surrogate",
    "tag \U000e0041 characters",
    "&amp;&lt;entities&gt;",
    "]]><![CDATA[</style></svg>",
    "long " * 400,
)

HEALTHY = {
    "no-answer": 480,
    "answer": 390,
    "failed": 40,
    "busy": 60,
    "congestion": 6,
    "recall": 12,
    "do-not-call-clean": 4,
}


def moment(at: float) -> Stamp:
    return Stamp(at, "boot", at)


def data(counts: dict[str, int], *, at: float = NOW - 120, no_data: bool = False) -> Data:
    total = sum(counts.values())
    every = dict.fromkeys(RESULTS, 0) | counts
    rows = tuple(Row(result, count, 100 * count / total if total else 0.0) for result, count in every.items())
    return Data(TimeRange(at - 3_600, at, "20260309125800", "20260309135800"), rows, no_data)


def target(
    campaign: str = "32841",
    *,
    operation: str = "acme",
    name: str = "Cobranza",
    window: str = "1h",
    interval: float = 300.0,
) -> Target:
    length = {"30m": 1_800, "1h": 3_600, "today": None}.get(window, 3_600)
    key = TargetKey(operation, campaign, window)
    return Target(key, name, Window(window, length), BOGOTA, interval, 0.0, 60.0, 3 * interval + 60)


def good(counts: dict[str, int], *, at: float = NOW - 120) -> TargetState:
    found = data(counts, at=at)
    attempts = sum(counts.values())
    history = tuple(Poll(at - 300 * back, 1.1, 1, None, attempts - back) for back in range(5, -1, -1))
    return TargetState(data=found, succeeded=moment(at), polled=moment(at), history=history, polls=6)


def empty(*, at: float = NOW - 90) -> TargetState:
    poll = Poll(at, 0.8, 1)
    return TargetState(data({}, at=at, no_data=True), succeeded=moment(at), polled=moment(at), history=(poll,), polls=1)


def failed(
    reason: Reason,
    before: TargetState | None = None,
    *,
    message: str = "403 PLEASE VALIDATE TOKEN",
    excerpt: str = "",
    status: int | None = 403,
    at: float = NOW - 40,
) -> TargetState:
    failure = Failure(reason, message, status, excerpt)
    known = before or TargetState()
    history = (*known.history, Poll(at, 0.4, 1, failure))
    return replace(known, failure=failure, polled=moment(at), history=history, polls=known.polls + 1, failures=1)


def stale(reason: Reason, counts: dict[str, int]) -> TargetState:
    return replace(failed(reason, good(counts, at=NOW - 2_000), status=None, message="no connection"), stale=True)


def shown(each: Target, state: TargetState, *, next_poll_at: float | None = NOW + 95) -> TargetStatus:
    return TargetStatus(each, state, next_poll_at)


def operation(
    name: str = "acme",
    *,
    budget: int | None = 6_000,
    used: int = 2_150,
    planned: int = 2_880,
    targets: int = 1,
    lag: float = 0.0,
) -> OperationStatus:
    figures = OperationStats(operation=name, requests=used, budget=budget, used=used, lease_held=True)
    return OperationStatus(figures, "https://wv0013.wolkvox.com", lag, targets, planned)


def status(
    *targets: TargetStatus, operations: tuple[OperationStatus, ...] | None = None, reload_ok: bool = True
) -> Status:
    names = dict.fromkeys(each.target.key.operation for each in targets)
    every = tuple(operation(name, targets=sum(each.target.key.operation == name for each in targets)) for name in names)
    return Status(
        at=NOW,
        version="1.0.0",
        started_at=NOW - 9_000,
        reload_ok=reload_ok,
        reloaded_at=NOW - 8_000,
        file=FileVersion("config.yml", NOW - 8_060, "1a2b3c4d"),
        operations=every if operations is None else operations,
        targets=targets,
    )


def calm() -> Status:
    """A healthy contact centre in the early afternoon."""
    scale = random.Random(7)
    names = (
        "Cobranza temprana",
        "Cobranza tardía",
        "Encuesta NPS",
        "Bienvenida",
        "Renovaciones",
        "Recordatorio de pago",
    )
    rows = []
    for place, name in enumerate(names):
        share = scale.uniform(0.3, 3)
        counts = {result: int(count * share * scale.uniform(0.8, 1.2)) for result, count in HEALTHY.items()}
        each = target(str(32_841 + place), name=name, operation="acme" if place < 4 else "globex")
        rows.append(shown(each, good(counts, at=NOW - 30 * place - 12), next_poll_at=NOW + 40 * place + 9))
    rows.append(shown(target("40100", name="Reactivación", operation="globex"), empty()))
    return status(*rows)


def troubled() -> Status:
    """One of everything that can be wrong."""
    before = good(HEALTHY, at=NOW - 400)
    html = "<html><head><title>502 Bad Gateway</title></head><body><h1>Bad Gateway</h1></body></html>"
    rows = (
        *(each for each in calm().targets),
        shown(target("51001", operation="initech", name="Ventas norte"), failed(Reason.AUTH, before)),
        shown(target("51002", operation="initech", name="Ventas sur"), failed(Reason.AUTH)),
        shown(target("51003", operation="initech", name=""), stale(Reason.CONNECT, HEALTHY), next_poll_at=NOW - 3),
        shown(
            target("32850", name="Cobranza judicial", window="30m"),
            good(
                {
                    "no-answer": 120,
                    "answer": 40,
                    "failed": 210,
                    "busy": 31,
                    "congestion": 4,
                    "ANSWER-MACHINE".lower(): 55,
                }
            ),
        ),
        shown(target("32851", name="Portabilidad"), good(HEALTHY | {"busy": 700})),
        shown(
            target("32852", name="Retención", window="today"),
            failed(Reason.SERVER_ERROR, before, message="the server answered 502", excerpt=html, status=502),
        ),
        shown(target("32853", name="Nueva"), TargetState(), next_poll_at=NOW + 1),
    )
    operations = (
        operation("acme", used=5_600, targets=8),
        operation("globex", budget=None, targets=3, planned=864),
        operation("initech", budget=500, used=120, planned=864, targets=3, lag=340.0),
    )
    return status(*rows, operations=operations, reload_ok=False)


OFFICE = Hours(((Span(420, 1_140),),) * 5 + ((Span(480, 900),), ()), "CO", 3_600.0)
"""The hours of collections in Colombia."""

NIGHT = Hours(((Span(0, 360),),) * 7, None, 3_600.0)


def found(
    campaign: str, name: str, *, started: bool | None = True, asked: bool = True, **live: float | None
) -> CampaignStatus:
    figures = LiveCampaign(campaign, started=bool(started), **live) if live else None
    return CampaignStatus(campaign, name, started, figures, asked)


def discovering() -> Status:
    """An operation that finds its campaigns, one that only asks for live figures, and one that does neither."""
    names = ("Cobranza temprana", "Cobranza tardía", "Encuesta NPS", "Ventas hogar", "Recordatorio de pago")
    dialling = tuple(
        found(
            str(178_400 + place),
            name,
            records=1_000.0 + 700 * place,
            pending=40.0 + 260 * place,
            dialled=960.0 + 440 * place,
            calls_per_minute=8.4 + 3 * place,
            speed=2.5,
            recycles=1.0,
            penetration_day=62.5,
            penetration_now=34.64,
        )
        for place, name in enumerate(names)
    )
    others = (
        found("178405", "Bienvenida", records=800.0, pending=0.0, dialled=800.0, calls_per_minute=0.0),
        found("178390", "Portabilidad", started=False),
        found("32850", "Retención", started=None),
        *(found(str(178_300 + place), f"Antigua {place}", started=False, asked=False) for place in range(14)),
        found("178320", "<b>Rara</b>", started=False, asked=False),
    )
    rows = [
        shown(replace(target(each.campaign, name=each.name), hours=OFFICE), good(HEALTHY, at=NOW - 20 * place - 8))
        for place, each in enumerate(dialling)
    ]
    few = good({"no-answer": 8, "answer": 2, "busy": 5})
    rows += [
        shown(replace(target("178405", name="Bienvenida"), hours=NIGHT), replace(few, empty_unconfirmed=True)),
        shown(
            replace(target("178390", name="Portabilidad", window="today"), resting=True),
            good(HEALTHY),
            next_poll_at=None,
        ),
        shown(target("40100", operation="globex", name="Renovaciones"), good(HEALTHY)),
        shown(replace(target("51001", operation="initech", name="Ventas"), hours=NIGHT), empty()),
    ]
    acme, globex, initech = operation("acme", used=5_600, targets=7), operation("globex"), operation("initech")
    quota = VendorQuota(12_000.0, 820.0, 5_600.0, 11_180.0)
    apis = tuple(
        ApiStats(api, 12, failures=2, up=api is not ApiName.TOKEN_INFO, last_success_at=NOW - 700) for api in COMPANIONS
    )
    figures = replace(acme.figures, stretch=1.8, vendor_quota=quota, discovered=22, apis=apis)
    lists = DiscoveryStatus(NOW - 1_900, 22, doubted=True, campaigns=(*dialling, *others), live_at=NOW - 140)
    live = DiscoveryStatus(campaigns=(found("40100", "Renovaciones"),), live_at=NOW - 30)
    partial = replace(globex.figures, stretch=1.0, vendor_quota=VendorQuota(available=7_000.0))
    return status(
        *rows,
        operations=(
            replace(acme, figures=figures, discovery=lists),
            replace(globex, figures=partial, discovery=live),
            initech,
        ),
    )


def windowed() -> Status:
    """Three campaigns in seven windows; one of them fails in two."""
    rows = [
        shown(target(campaign, name=name, window=window), good(HEALTHY))
        for campaign, name in (("32841", "Cobranza"), ("32842", "Encuesta"))
        for window in ("1h", "today")
    ]
    rows.append(shown(target("32843", operation="globex", name="Ventas", window="1h"), good(HEALTHY)))
    rows += [
        shown(target("32843", operation="globex", name="Ventas", window=window), failed(Reason.AUTH, good(HEALTHY)))
        for window in ("30m", "today")
    ]
    return status(*rows)


def crowd(count: int) -> Status:
    """Many campaigns with full histories, one in twenty in trouble."""
    scale = random.Random(11)
    rows = []
    for place in range(count):
        counts = {result: int(amount * scale.uniform(0.5, 2)) for result, amount in HEALTHY.items()}
        state = good(counts, at=NOW - scale.uniform(5, 300))
        state = replace(state, history=tuple(Poll(NOW - 300 * back, 1.1, 1, None, 900) for back in range(20, 0, -1)))
        if place % 20 == 0:
            state = failed(scale.choice(list(Reason)), state, status=None, message="made up")
        each = target(str(10_000 + place), name=f"Campaign {place}", operation=f"operation {place % 10}")
        rows.append(shown(each, state, next_poll_at=NOW + scale.uniform(0, 300)))
    return status(*rows)
