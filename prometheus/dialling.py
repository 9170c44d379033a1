"""Alerts on how the campaigns are dialling: for the supervisor of a contact centre."""

from exporter.thresholds import CONTACT_FACTOR, FINISHED_DAYS
from prometheus.parameters import Parameters
from prometheus.promql import CAMPAIGN as CAMPAIGN_LABELS
from prometheus.promql import by_labels
from prometheus.recordings import MEMORY_DAYS, once
from prometheus.rule import DAY, MINUTE, Alert, Group, Severity
from prometheus.wording import CAMPAIGN, CAMPAIGN_DASHBOARD, WINDOW, WINDOW_DASHBOARD, latest, usual

_ATTEMPTS = once('campaign:wolkvox_attempts:sum{window!="yesterday"}')
"""Without yesterday's, which would repeat a day later what the other windows have already shown."""


def _enough(attempts: int) -> str:
    return f"{once('campaign:wolkvox_attempts:sum')} >= {attempts}"


def _volume(p: Parameters) -> str:
    return (
        f"Below {p.min_attempts} attempts a share is mostly chance (at 50 attempts, chance alone moves a share of 10% "
        "by about 4 points): raise it for windows that always hold thousands, lower it for small campaigns."
    )


def _percent(share: float) -> str:
    return f"{100 * share:g}%"


def _share(name: str) -> str:
    """The share in rolling windows. Since midnight: after midnight it is chance, in the evening it hardly moves."""
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
            summary="A campaign reaches too many busy lines.",
            description=(
                f"{_SHARE} reached a busy line{usual('busy')}. Calls that do not get through waste agents' time "
                "and harm the reputation of the caller numbers. First check whether other campaigns of the operation "
                "are busy too: if so, it is the carrier."
            ),
            dashboard=WINDOW_DASHBOARD,
            comment=(
                "Healthy campaigns have around 8% busy, a real spike over 35%: 25% lies in between. Raise it for a "
                f"list that is known to be busier. {_volume(p)} 10m is two polls at the default interval."
            ),
        ),
        Alert(
            name="WolkvoxBusyUnusual",
            expr=_unusual("busy", p),
            wait=10 * MINUTE,
            linger=10 * MINUTE,
            severity=Severity.WARNING,
            summary="A campaign reaches twice as many busy lines as usual.",
            description=(
                f"{_SHARE} reached a busy line{usual('busy')}. Something has changed since last week: carrier, caller "
                "numbers or list. First check what was changed today, then whether other campaigns changed too."
            ),
            dashboard=WINDOW_DASHBOARD,
            comment=(
                "Twice the usual: healthy hours stay near their usual share, real spikes reach six times that. The "
                "floor of 10% avoids alerts for campaigns with hardly any busy lines. Only if the usual hour had "
                "volume too. A spike in one of the two weeks raises the usual share: the absolute alert still applies."
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
                "carrier rejects them. First check whether a new list was loaded, then whether other campaigns fail "
                "too."
            ),
            dashboard=WINDOW_DASHBOARD,
            comment=(
                "Healthy campaigns have around 8% failed, a real spike over 35%: 25% lies in between. Raise it for old "
                f"lists with many dead numbers. {_volume(p)} 10m is two polls at the default interval."
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
                f"{_SHARE} failed{usual('failed')}. Something has changed since last week: list, carrier or "
                "caller numbers. First check whether a new list was loaded, then whether other campaigns changed too."
            ),
            dashboard=WINDOW_DASHBOARD,
            comment=(
                "Twice the usual, above a floor of 10%, and only if the usual hour had volume: as for busy. Lower "
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
                "First compare the dialling speed with the contracted channels, then ask the carrier."
            ),
            dashboard=WINDOW_DASHBOARD,
            comment=(
                "The network itself rejects these calls, so congestion stays near zero while there are enough lines: "
                f"10% is a shortage. Lower it if channels are reserved. {_volume(p)}"
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
                f"    and campaign:wolkvox_attempts:usual >= {CONTACT_FACTOR * p.min_attempts}\n"
                "  )\n"
                ")\n"
                "and\n"
                f"{_enough(CONTACT_FACTOR * p.min_attempts)}"
            ),
            wait=15 * MINUTE,
            linger=10 * MINUTE,
            severity=Severity.CRITICAL,
            summary="Hardly anybody answers a campaign's calls any more.",
            description=(
                f"{_SHARE} were answered{usual('contact')}. Agents wait while the list is used up. "
                "First check which result grew instead: failed, busy, congestion, or only no-answer."
            ),
            dashboard=WINDOW_DASHBOARD,
            comment=(
                "Half the usual share, or below 2% without any history. Answers are rare, so it takes 100 attempts "
                "to be sure. Lower the 2% for campaigns that normally get less. 15m is three polls, as it wakes people "
                "up."
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
                f"(time() - campaign:wolkvox_active:timestamp_seconds < {FINISHED_DAYS * DAY})"
            ),
            wait=20 * MINUTE,
            severity=Severity.WARNING,
            summary="A campaign is not dialling at its usual hours.",
            description=(
                f"{CAMPAIGN} had no attempt {WINDOW}; at this hour of the week it usually has "
                + latest("campaign:wolkvox_attempts:usual{@}", "{{ . | first | value | humanize }}")
                + ". "
                "First check in Wolkvox whether it is started and has records left to dial."
            ),
            dashboard=WINDOW_DASHBOARD,
            comment=(
                f"The usual attempts at this hour show its working hours. After {FINISHED_DAYS} days without any "
                "attempt (a weekend and a bit) a campaign counts as finished, so that it is reported once and not for "
                f"two weeks. {p.min_attempts} usual attempts and 20m allow for a late start or an early end. It "
                "fires on holidays: silence it for the day. It covers all windows, as 0 since midnight means the same."
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
                "The API gives the same answer for a wrong id. First check whether the id in the configuration is that "
                "of the campaign."
            ),
            dashboard=CAMPAIGN_DASHBOARD,
            comment=(
                "A day, as short windows are empty at night. A campaign added before a weekend may raise it: use a "
                "longer time if campaigns are prepared days ahead."
            ),
        ),
    )


def dialling(p: Parameters) -> tuple[Group, ...]:
    """The groups of alerts on how campaigns are dialling."""
    return (
        Group(
            name="wolkvox.dialling",
            comment=(
                "Campaigns that reach too few people. Per window: a campaign with windows of 30m and 1h may raise an "
                "alert for each, which Alertmanager sends as one message. Not for `today` and `yesterday`: their share "
                "is the mean of a day, which a spike in the evening hardly changes. A campaign needs a rolling window "
                "to have these alerts."
            ),
            rules=_spikes(p),
        ),
        Group(name="wolkvox.silence", comment="Campaigns that are not dialling at all.", rules=_silence(p)),
    )
