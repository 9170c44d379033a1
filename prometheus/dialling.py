"""Alerts on how the campaigns dial: what a supervisor of a contact centre wants to be called for."""

from prometheus.recordings import MEMORY_DAYS, once
from prometheus.rule import DAY, MINUTE, Alert, Group, Severity
from prometheus.wording import CAMPAIGN, CAMPAIGN_DASHBOARD, WINDOW, WINDOW_DASHBOARD, usual

VOLUME = 50
"""Attempts below which a share says nothing: at 50, chance alone moves a share of 10 % by some 4 points."""

_ENOUGH = f"{once('campaign:wolkvox_attempts:sum')} >= {VOLUME}"

_VOLUME_COMMENT = (
    f"Under {VOLUME} attempts a share is chance: raise it for windows that always hold thousands, "
    "lower it for small campaigns."
)


def _share(name: str) -> str:
    """The share in windows that move: that since midnight hardly moves in the evening, and is chance after midnight."""
    return once(f'campaign:wolkvox_{name}:ratio{{window!="today"}}')


def _unusual(name: str, floor: float) -> str:
    share = _share(name)
    return "\nand\n".join(
        (
            f"{share} > 2 * campaign:wolkvox_{name}:usual",
            f"{share} > {floor}",
            _ENOUGH,
            f"campaign:wolkvox_attempts:usual >= {VOLUME}",
        )
    )


_SHARE = f"{CAMPAIGN}: {{{{ $value | humanizePercentage }}}} of the attempts {WINDOW}"

_SPIKES = (
    Alert(
        name="WolkvoxBusySpike",
        expr=f"{_share('busy')} > 0.25\nand\n{_ENOUGH}",
        wait=10 * MINUTE,
        linger=10 * MINUTE,
        severity=Severity.WARNING,
        summary="A campaign meets too many busy lines.",
        description=(
            f"{_SHARE} met a busy line{usual('busy')}. Calls that cannot get through cost agents' time and the "
            "numbers' reputation. Look first whether other campaigns of the operation are busy too: then it is the "
            "carrier."
        ),
        dashboard=WINDOW_DASHBOARD,
        comment=(
            "Healthy campaigns have around 8 % busy, a real spike over 35 %: 25 % lies between. Raise it for a base "
            f"that is known to be busier. {_VOLUME_COMMENT} 10m are two polls of the default interval."
        ),
    ),
    Alert(
        name="WolkvoxBusyUnusual",
        expr=_unusual("busy", 0.1),
        wait=10 * MINUTE,
        linger=10 * MINUTE,
        severity=Severity.WARNING,
        summary="A campaign meets twice as many busy lines as usual.",
        description=(
            f"{_SHARE} met a busy line{usual('busy')}. Something changed since last week: carrier, caller numbers or "
            "list. Look first at what was changed today, then whether other campaigns changed too."
        ),
        dashboard=WINDOW_DASHBOARD,
        comment=(
            "Twice the usual: healthy hours keep to their usual share, real spikes reach six times of it. The floor "
            "of 10 % keeps campaigns quiet that hardly know busy lines. Only where the usual hour had volume as well. "
            "A spike in one of the two weeks raises the usual share: the absolute alert still stands."
        ),
    ),
    Alert(
        name="WolkvoxFailedSpike",
        expr=f"{_share('failed')} > 0.25\nand\n{_ENOUGH}",
        wait=10 * MINUTE,
        linger=10 * MINUTE,
        severity=Severity.WARNING,
        summary="Too many of a campaign's attempts fail.",
        description=(
            f"{_SHARE} failed{usual('failed')}. Failed calls reach nobody: the numbers do not exist, or the carrier "
            "refuses them. Look first whether a new list was loaded, then whether other campaigns fail too."
        ),
        dashboard=WINDOW_DASHBOARD,
        comment=(
            "Healthy campaigns have around 8 % failed, a real spike over 35 %: 25 % lies between. Raise it for old "
            f"lists with many dead numbers. {_VOLUME_COMMENT} 10m are two polls of the default interval."
        ),
    ),
    Alert(
        name="WolkvoxFailedUnusual",
        expr=_unusual("failed", 0.1),
        wait=10 * MINUTE,
        linger=10 * MINUTE,
        severity=Severity.WARNING,
        summary="A campaign's attempts fail twice as often as usual.",
        description=(
            f"{_SHARE} failed{usual('failed')}. Something changed since last week: list, carrier or caller numbers. "
            "Look first whether a new list was loaded, then whether other campaigns changed too."
        ),
        dashboard=WINDOW_DASHBOARD,
        comment=(
            "Twice the usual, over a floor of 10 %, and only where the usual hour had volume: as for busy. Lower the "
            "floor for campaigns whose numbers are verified beforehand."
        ),
    ),
    Alert(
        name="WolkvoxCongestionHigh",
        expr=f"{_share('congestion')} > 0.1\nand\n{_ENOUGH}",
        wait=10 * MINUTE,
        linger=10 * MINUTE,
        severity=Severity.WARNING,
        summary="A campaign's calls find no free line.",
        description=(
            f"{_SHARE} ended in congestion: the network had no line for them. The numbers are not at fault. "
            "Look first at the dialling speed against the contracted channels, then ask the carrier."
        ),
        dashboard=WINDOW_DASHBOARD,
        comment=(
            "Congestion is the network's own refusal and stays near zero while the lines suffice: 10 % is a shortage. "
            f"Lower it where channels are reserved. {_VOLUME_COMMENT}"
        ),
    ),
    Alert(
        name="WolkvoxContactCollapsed",
        expr=(
            "(\n"
            f"  {_share('contact')} < 0.02\n"
            "  or\n"
            "  (\n"
            f"    {_share('contact')} < 0.5 * campaign:wolkvox_contact:usual\n"
            f"    and campaign:wolkvox_attempts:usual >= {2 * VOLUME}\n"
            "  )\n"
            ")\n"
            "and\n"
            f"{once('campaign:wolkvox_attempts:sum')} >= {2 * VOLUME}"
        ),
        wait=15 * MINUTE,
        linger=10 * MINUTE,
        severity=Severity.CRITICAL,
        summary="Hardly anybody answers a campaign any more.",
        description=(
            f"{_SHARE} were answered{usual('contact')}. Agents wait while the list is used up. "
            "Look first which result grew instead: failed, busy, congestion, or only no-answer."
        ),
        dashboard=WINDOW_DASHBOARD,
        comment=(
            "Half of the usual share, or under 2 % without any history. Answers are rare, so it takes 100 attempts to "
            "tell. Lower the 2 % for campaigns that live with less. 15m: three polls, as it wakes people."
        ),
    ),
)

_SILENCE = (
    Alert(
        name="WolkvoxDiallingStopped",
        expr=(
            f"{once('campaign:wolkvox_attempts:sum')} == 0\n"
            "and\n"
            f"campaign:wolkvox_attempts:usual >= {VOLUME}\n"
            "and ignoring (window)\n"
            f"(time() - campaign:wolkvox_active:timestamp_seconds < {3 * DAY})"
        ),
        wait=20 * MINUTE,
        severity=Severity.WARNING,
        summary="A campaign does not dial in its usual hours.",
        description=(
            f"{CAMPAIGN} had no attempt {WINDOW}; at this hour of the week it usually has "
            "{{ with printf `campaign:wolkvox_attempts:usual{operation=%q,campaign=%q,window=%q}` $labels.operation "
            "$labels.campaign $labels.window | query }}{{ . | first | value | humanize }}{{ end }}. "
            "Look first in Wolkvox whether it is started and has records left to dial."
        ),
        dashboard=WINDOW_DASHBOARD,
        comment=(
            "The usual attempts of this hour tell its working hours. 3 days without any attempt (a weekend and a bit) "
            f"count as finished, so that an ended campaign is reported once and not for two weeks. {VOLUME} usual "
            "attempts and 20m forgive a late start or an early end. Holidays raise it: silence it for the day. All "
            "windows, as 0 since midnight means the same."
        ),
    ),
    Alert(
        name="WolkvoxCampaignWithoutData",
        expr=(
            f"min without (window) ({once('wolkvox_campaign_no_data')}) == "
            "1\nunless\ncampaign:wolkvox_active:timestamp_seconds"
        ),
        wait=DAY,
        severity=Severity.INFO,
        summary="A campaign has had no data since it was added.",
        description=(
            f"{CAMPAIGN} has had no attempts in any window since it was added, or for {MEMORY_DAYS} days. "
            "The API answers a wrong id in the same way. Look first whether the id in the configuration is that of the "
            "campaign."
        ),
        dashboard=CAMPAIGN_DASHBOARD,
        comment=(
            "A day, as short windows are rightly empty at night. A campaign added before a weekend may raise it: "
            "longer where campaigns are prepared days ahead."
        ),
    ),
)

DIALLING = (
    Group(
        name="wolkvox.dialling",
        comment=(
            "Campaigns that reach too few people. By window: a campaign with windows of 30m and 1h may raise an alert "
            "for each, which Alertmanager sends as one message. Not for `today`: its share is a mean since midnight, "
            "which a spike in the evening hardly moves. A campaign needs one rolling window to have these alerts."
        ),
        rules=_SPIKES,
    ),
    Group(name="wolkvox.silence", comment="Campaigns that do not dial at all.", rules=_SILENCE),
)
