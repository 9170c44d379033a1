"""What is wrong with each campaign, recorded for the dashboards: the alerts' conditions without their waits."""

import textwrap
from enum import IntFlag

from exporter.thresholds import (
    COLLAPSED_FRACTION,
    FINISHED_DAYS,
    JUDGED_ATTEMPTS,
    MISSED_GRACE,
    MISSED_POLLS,
    SPIKE_LOW_SHARES,
    SPIKE_SHARES,
    UNUSUAL_FACTOR,
    UNUSUAL_FLOOR,
    UNUSUAL_MARGIN,
    USUAL_ATTEMPTS,
)
from prometheus.promql import CAMPAIGN, EXPORTER, OPERATION_WINDOW, WINDOW, by_labels
from prometheus.recordings import ATTEMPTS, RESULTS, USUAL_SUM
from prometheus.rule import DAY, Group, Recording

STATE = "campaign:wolkvox_trouble:state"
RESULTS_OF_ALL = "operation:wolkvox_results:sum"

_OF_EXPORTER = (*EXPORTER, *WINDOW[3:])
_WINDOW = f"on ({', '.join(WINDOW)})"
_CAMPAIGN = f"on ({', '.join(CAMPAIGN)})"


class Trouble(IntFlag):
    """What may be wrong with a campaign, in one number.

    A cause weighs more than its consequences, and what hides the rest weighs most.
    """

    IDLE = 1
    """The window has no rows: no trouble by itself."""
    CONTACT = 2
    SILENT = 4
    CONGESTION = 8
    BUSY = 16
    FAILED = 32
    UNANSWERED = 64
    WITHDRAWN = 128


def _latest(name: str) -> str:
    return by_labels(name, _OF_EXPORTER)


def _share(name: str) -> str:
    return f"campaign:wolkvox_{name}:ratio"


def _usual(name: str) -> str:
    return f"campaign:wolkvox_{name}:usual"


def _known() -> str:
    """A share is judged against what is usual only where there is enough of both."""
    return f"and {ATTEMPTS} >= {JUDGED_ATTEMPTS} and {_WINDOW} {USUAL_SUM} >= {USUAL_ATTEMPTS}"


def _spiked(name: str) -> str:
    result = RESULTS[name]
    return f"({_share(name)} > {SPIKE_SHARES[result]:g} and {_share(name)}_low > {SPIKE_LOW_SHARES[result]:g})"


def _unusual(name: str) -> str:
    share, usual = _share(name), _usual(name)
    return (
        f"({share} > {UNUSUAL_FLOOR:g} and {share} > {_WINDOW} group_left () ({UNUSUAL_FACTOR:g} * {usual})\n"
        f"and {share}_low > {_WINDOW} group_left () ({UNUSUAL_MARGIN:g} * {usual}_high) {_known()})"
    )


def _collapsed() -> str:
    limit = f"({COLLAPSED_FRACTION:g} * {_usual('contact')}_low)"
    return f"({_share('contact')}_high < {_WINDOW} group_left () {limit} {_known()})"


def _silent() -> str:
    return (
        f"({ATTEMPTS} == 0 and {_WINDOW} campaign:wolkvox_attempts:usual >= {USUAL_ATTEMPTS}\n"
        f"and {_CAMPAIGN} (time() - campaign:wolkvox_active:timestamp_seconds < {FINISHED_DAYS * DAY}))"
    )


def _unanswered() -> str:
    up, last = _latest("wolkvox_campaign_up"), _latest("wolkvox_campaign_last_success_timestamp_seconds")
    interval = _latest("wolkvox_poll_interval_seconds")
    return f"({up} == 0 and (time() - {last} > {MISSED_POLLS} * {interval} + {MISSED_GRACE} or {up} unless {last}))"


def _withdrawn() -> str:
    return f"({_latest('wolkvox_campaign_up')} unless {_latest('wolkvox_campaign_no_data')})"


def _conditions() -> dict[Trouble, str]:
    """A series for each campaign and window where it holds, whatever its value."""
    return {
        Trouble.WITHDRAWN: _withdrawn(),
        Trouble.UNANSWERED: _unanswered(),
        Trouble.FAILED: f"({_spiked('failed')} or {_unusual('failed')})",
        Trouble.BUSY: f"({_spiked('busy')} or {_unusual('busy')})",
        Trouble.CONGESTION: _spiked("congestion"),
        Trouble.SILENT: _silent(),
        Trouble.CONTACT: _collapsed(),
        Trouble.IDLE: f"({_latest('wolkvox_campaign_no_data')} == 1)",
    }


def _marked(expr: str, trouble: str) -> str:
    return f'label_replace(\n{textwrap.indent(expr, "  ")},\n  "trouble", "{trouble}", "", ""\n)'


def _state() -> str:
    """Add the troubles up; 0 for a campaign that has none."""
    found = [
        _marked(f"{expr} * 0 + {each.value}", each.name.lower()) for each, expr in _conditions().items() if each.name
    ]
    found.append(_marked(f"{_latest('wolkvox_campaign_up')} * 0", "none"))
    inner = textwrap.indent("\nor\n".join(found), "  ")
    return f"sum without (trouble) (\n{inner}\n)"


TROUBLE = Group(
    name="wolkvox.trouble",
    comment=(
        "For the dashboards: what is wrong with each campaign, judged as the alerts judge it but without their "
        "waits, and "
        "what all campaigns of an operation have of each result. Recorded, so that a chart over hours of a thousand "
        "campaigns reads one series each."
    ),
    rules=(
        Recording(
            record=STATE,
            expr=_state(),
            comment="What is wrong, added up: "
            + ", ".join(f"{each.value} {(each.name or '').lower()}" for each in sorted(Trouble, reverse=True))
            + "; 0 while all is well.",
        ),
        Recording(
            record=RESULTS_OF_ALL,
            expr=by_labels(
                by_labels("wolkvox_campaign_attempts", (*WINDOW, "result")), (*OPERATION_WINDOW, "result"), "sum"
            ),
            comment="Attempts by result of all campaigns of an operation in one window.",
        ),
    ),
)
