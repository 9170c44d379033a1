"""Alerts on how the campaigns dial: what a supervisor of a contact centre wants to be called for."""

from prometheus.parameters import Parameters
from prometheus.promql import CAMPAIGN as CAMPAIGN_LABELS
from prometheus.promql import by_labels
from prometheus.recordings import MEMORY_DAYS, once
from prometheus.rule import DAY, MINUTE, Alert, Group, Severity
from prometheus.wording import CAMPAIGN, CAMPAIGN_DASHBOARD, WINDOW, WINDOW_DASHBOARD, latest, usual

_ATTEMPTS = once('campaign:wolkvox_attempts:sum{window!="yesterday"}')
"""Yesterday's are no news: they would tell a day later what the other windows have told."""


def _enough(attempts: int) -> str:
    return f"{once('campaign:wolkvox_attempts:sum')} >= {attempts}"


def _volume(p: Parameters) -> str:
    return (
        f"Under {p.min_attempts} attempts a share is chance (at 50, chance alone moves a share of 10 % by some 4 "
        "points): raise it for windows that always hold thousands, lower it for small campaigns."
    )


def _percent(share: float) -> str:
    return f"{100 * share:g} %"


def _share(name: str) -> str:
    """The share in windows that move: that since midnight hardly moves in the evening, and is chance after midnight."""
    return once(f'campaign:wolkvox_{name}:ratio{{window!~"today|yesterday"}}')


def _unusual(name: str, p: Parameters) -> str:
    share = _share(name)
    return "\nand\n".join(
        (
            f"{share} > {p.unusual_factor:g} * campaign:wolkvox_{name}:usual",
            f"{share} > {p.unusual_floor:g}",
            _enough(p.min_attempts),
            f"campaign:wolkvox_attempts:usual >= {p.min_attempts}",
        )
    )


_SHARE = f"{CAMPAIGN}: {{{{ $value | humanizePercentage }}}} of the attempts {WINDOW}"


def _spikes(p: Parameters) -> tuple[Alert, ...]:
    return (
        Alert(
            name="WolkvoxBusySpike",
            expr=f"{_share('busy')} > {p.spike_share:g}\nand\n{_enough(p.min_attempts)}",
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
                "Healthy campaigns have around 8 % busy, a real spike over 35 %: 25 % lies between. Raise it for a "
                f"base that is known to be busier. {_volume(p)} 10m are two polls of the default interval."
            ),
        ),
        Alert(
            name="WolkvoxBusyUnusual",
            expr=_unusual("busy", p),
            wait=10 * MINUTE,
            linger=10 * MINUTE,
            severity=Severity.WARNING,
            summary="A campaign meets twice as many busy lines as usual.",
            description=(
                f"{_SHARE} met a busy line{usual('busy')}. Something changed since last week: carrier, caller numbers "
                "or list. Look first at what was changed today, then whether other campaigns changed too."
            ),
            dashboard=WINDOW_DASHBOARD,
            comment=(
                "Twice the usual: healthy hours keep to their usual share, real spikes reach six times of it. The "
                "floor of 10 % keeps campaigns quiet that hardly know busy lines. Only where the usual hour had volume "
                "as well. A spike in one of the two weeks raises the usual share: the absolute alert still stands."
            ),
        ),
        Alert(
            name="WolkvoxFailedSpike",
            expr=f"{_share('failed')} > {p.spike_share:g}\nand\n{_enough(p.min_attempts)}",
            wait=10 * MINUTE,
            linger=10 * MINUTE,
            severity=Severity.WARNING,
            summary="Too many of a campaign's attempts fail.",
            description=(
                f"{_SHARE} failed{usual('failed')}. Failed calls reach nobody: the numbers do not exist, or the "
                "carrier refuses them. Look first whether a new list was loaded, then whether other campaigns fail too."
            ),
            dashboard=WINDOW_DASHBOARD,
            comment=(
                "Healthy campaigns have around 8 % failed, a real spike over 35 %: 25 % lies between. Raise it for old "
                f"lists with many dead numbers. {_volume(p)} 10m are two polls of the default interval."
            ),
        ),
        Alert(
            name="WolkvoxFailedUnusual",
            expr=_unusual("failed", p),
            wait=10 * MINUTE,
            linger=10 * MINUTE,
            severity=Severity.WARNING,
            summary="A campaign's attempts fail twice as often as usual.",
            description=(
                f"{_SHARE} failed{usual('failed')}. Something changed since last week: list, carrier or caller "
                "numbers. Look first whether a new list was loaded, then whether other campaigns changed too."
            ),
            dashboard=WINDOW_DASHBOARD,
            comment=(
                "Twice the usual, over a floor of 10 %, and only where the usual hour had volume: as for busy. Lower "
                "the floor for campaigns whose numbers are verified beforehand."
            ),
        ),
        Alert(
            name="WolkvoxCongestionHigh",
            expr=f"{_share('congestion')} > {p.congestion_share:g}\nand\n{_enough(p.min_attempts)}",
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
                "Congestion is the network's own refusal and stays near zero while the lines suffice: 10 % is a "
                f"shortage. Lower it where channels are reserved. {_volume(p)}"
            ),
        ),
        Alert(
            name="WolkvoxContactCollapsed",
            expr=(
                "(\n"
                f"  {_share('contact')} < {p.collapsed_share:g}\n"
                "  or\n"
                "  (\n"
                f"    {_share('contact')} < {p.collapsed_fraction:g} * campaign:wolkvox_contact:usual\n"
                f"    and campaign:wolkvox_attempts:usual >= {2 * p.min_attempts}\n"
                "  )\n"
                ")\n"
                "and\n"
                f"{_enough(2 * p.min_attempts)}"
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
                "Half of the usual share, or under 2 % without any history. Answers are rare, so it takes 100 attempts "
                "to tell. Lower the 2 % for campaigns that live with less. 15m: three polls, as it wakes people."
            ),
        ),
    )


def _silence(p: Parameters) -> tuple[Alert, ...]:
    return (
        Alert(
            name="WolkvoxDiallingStopped",
            expr=(
                f"{_ATTEMPTS} == 0\n"
                "and\n"
                f"campaign:wolkvox_attempts:usual >= {p.min_attempts}\n"
                "and ignoring (window)\n"
                f"(time() - campaign:wolkvox_active:timestamp_seconds < {3 * DAY})"
            ),
            wait=20 * MINUTE,
            severity=Severity.WARNING,
            summary="A campaign does not dial in its usual hours.",
            description=(
                f"{CAMPAIGN} had no attempt {WINDOW}; at this hour of the week it usually has "
                + latest("campaign:wolkvox_attempts:usual{@}", "{{ . | first | value | humanize }}")
                + ". "
                "Look first in Wolkvox whether it is started and has records left to dial."
            ),
            dashboard=WINDOW_DASHBOARD,
            comment=(
                "The usual attempts of this hour tell its working hours. 3 days without any attempt (a weekend and a "
                f"bit) count as finished, so that an ended campaign is reported once and not for two weeks. "
                f"{p.min_attempts} usual attempts and 20m forgive a late start or an early end. Holidays raise it: "
                "silence it for the day. All windows, as 0 since midnight means the same."
            ),
        ),
        Alert(
            name="WolkvoxCampaignWithoutData",
            expr=(
                f"{by_labels(once('wolkvox_campaign_no_data'), CAMPAIGN_LABELS, 'min')} == 1\n"
                "unless\n"
                "campaign:wolkvox_active:timestamp_seconds"
            ),
            wait=DAY,
            severity=Severity.INFO,
            summary="A campaign has had no data since it was added.",
            description=(
                f"{CAMPAIGN} has had no attempts in any window since it was added, or for {MEMORY_DAYS} days. "
                "The API answers a wrong id in the same way. Look first whether the id in the configuration is that of "
                "the campaign."
            ),
            dashboard=CAMPAIGN_DASHBOARD,
            comment=(
                "A day, as short windows are rightly empty at night. A campaign added before a weekend may raise it: "
                "longer where campaigns are prepared days ahead."
            ),
        ),
    )


def dialling(p: Parameters) -> tuple[Group, ...]:
    """The groups of alerts on how campaigns dial."""
    return (
        Group(
            name="wolkvox.dialling",
            comment=(
                "Campaigns that reach too few people. By window: a campaign with windows of 30m and 1h may raise an "
                "alert for each, which Alertmanager sends as one message. Not for `today` and `yesterday`: their share "
                "is the mean of a day, which a spike in the evening hardly moves. A campaign needs one rolling window "
                "to have these alerts."
            ),
            rules=_spikes(p),
        ),
        Group(name="wolkvox.silence", comment="Campaigns that do not dial at all.", rules=_silence(p)),
    )
