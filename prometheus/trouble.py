"""What is wrong with each campaign, recorded for the dashboards: the alerts' conditions without their waits."""

import textwrap
from enum import IntFlag

from prometheus import evidence
from prometheus.activity import silent
from prometheus.parameters import Parameters
from prometheus.polling import STALE
from prometheus.promql import EXPORTER, OPERATION_WINDOW, WINDOW, by_labels
from prometheus.recordings import once
from prometheus.rule import Group, Recording

STATE = "campaign:wolkvox_trouble:state"
RESULTS_OF_ALL = "operation:wolkvox_results:sum"

_UP = "wolkvox_campaign_up"
_NO_DATA = "wolkvox_campaign_no_data"


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


def _conditions(p: Parameters) -> dict[Trouble, str]:
    """A series for each campaign and window where it holds, whatever its value."""
    return {
        Trouble.WITHDRAWN: f"{once(_UP)} unless {once(_NO_DATA)}",
        Trouble.UNANSWERED: STALE,
        Trouble.FAILED: evidence.excessive(p, "failed"),
        Trouble.BUSY: evidence.excessive(p, "busy"),
        Trouble.CONGESTION: evidence.spiked("congestion", p),
        Trouble.SILENT: silent(p),
        Trouble.CONTACT: evidence.collapsed(p),
        Trouble.IDLE: f"{by_labels(_NO_DATA, WINDOW, 'min')} == 1",
    }


def _indented(expr: str) -> str:
    return textwrap.indent(expr, "  ")


def _marked(expr: str, trouble: str) -> str:
    return f'label_replace(\n{_indented(expr)},\n  "trouble", "{trouble}", "", ""\n)'


def _state(p: Parameters) -> str:
    """Add the troubles up; 0 for a campaign that has none.

    As an alert is, a trouble is the campaign's, whichever exporter sees it. So each exporter's series has all of them.
    """
    found = [
        _marked(f"(\n{_indented(expr)}\n) * 0 + {each.value}", each.name.lower())
        for each, expr in _conditions(p).items()
        if each.name
    ]
    found.append(_marked(f"{once(_UP)} * 0", "none"))
    inner = _indented("\nor\n".join(found))
    exporters = by_labels(_UP, (*EXPORTER, *WINDOW[3:]))
    return f"{exporters} * 0\n+ on ({', '.join(WINDOW)}) group_left ()\nsum without (trouble) (\n{inner}\n)"


def troubles(p: Parameters) -> Group:
    """The group that records what is wrong."""
    return Group(
        name="wolkvox.trouble",
        comment=(
            "For the dashboards: what is wrong with each campaign, by the conditions of the alerts without their "
            "waits, and what all campaigns of an operation have of each result. Recorded, so that a chart over hours "
            "of a thousand campaigns reads one series each."
        ),
        rules=(
            Recording(
                record=STATE,
                expr=_state(p),
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
