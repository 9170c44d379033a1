"""What is precomputed: shares of a window's attempts, and what they usually are at this hour of the week."""

import textwrap

from prometheus.promql import (
    CAMPAIGN,
    EXPORTER,
    OPERATION_WINDOW,
    WEEKS,
    WINDOW,
    by_labels,
    clock_change,
    same_hour,
    wilson,
)
from prometheus.rule import DAY, Group, Recording

RESULTS = {
    "contact": "answer",
    "busy": "busy",
    "failed": "failed",
    "congestion": "congestion",
    "no_answer": "no-answer",
}
"""Name of the share -> the result that it is the share of."""

JUDGED = ("contact", "busy", "failed", "congestion")
"""Shares that are judged: how sure they are and what they usually are is recorded as well."""

MEMORY_DAYS = 14

CHANGE = "campaign:wolkvox_utc_offset:change"
SAME_HOUR = "campaign:wolkvox_attempts:same_hour"

ATTEMPTS = "campaign:wolkvox_attempts:sum"
USUAL_SUM = "campaign:wolkvox_attempts:usual_sum"

_ATTEMPTS = "wolkvox_campaign_attempts"
_OF_EXPORTER = (*EXPORTER, *WINDOW[3:])


def once(expr: str) -> str:
    """One series for each campaign and window, whichever exporters publish it, wherever they run."""
    return by_labels(expr, WINDOW)


def _bounds(share: str, attempts: str, meaning: str) -> tuple[Recording, ...]:
    """Both ends of a recorded share's interval."""
    return (
        Recording(
            record=f"{share}_low",
            expr=wilson(share, attempts, "low"),
            comment=f"Low end of {meaning}: with 95% certainty the share is not below it (Wilson).",
        ),
        Recording(
            record=f"{share}_high",
            expr=wilson(share, attempts, "high"),
            comment=f"High end of {meaning}: with 95% certainty the share is not above it (Wilson).",
        ),
    )


def _shares() -> tuple[Recording, ...]:
    return tuple(
        Recording(
            record=f"campaign:wolkvox_{name}:ratio",
            expr=(by_labels(f'{_ATTEMPTS}{{result="{result}"}}', _OF_EXPORTER) + f"\n/\n({ATTEMPTS} > 0)"),
            comment=f"Share of the window's attempts that ended in `{result}`, 0 to 1.",
        )
        for name, result in RESULTS.items()
    )


def _of_each_week(exprs: dict[int, str]) -> str:
    """The union, distinguished by the label `week`."""
    return "\nor\n".join(
        f'label_replace(\n{textwrap.indent(expr, "  ")},\n  "week", "{week}", "", ""\n)' for week, expr in exprs.items()
    )


def _counts(offset: str) -> str:
    return by_labels(f"{_ATTEMPTS} offset {offset}", (*WINDOW, "result"))


def _usual(then: str) -> str:
    """What there is of the weeks, without the windows that would reach into their own baseline."""
    length = once("wolkvox_campaign_window_end_timestamp_seconds - wolkvox_campaign_window_start_timestamp_seconds")
    return f"{then}\nunless\n{length} > {6 * DAY}"


def _usuals() -> tuple[Recording, ...]:
    return (
        Recording(
            record="campaign:wolkvox_attempts:usual",
            expr=_usual(f"avg without (week) (sum without (result) ({SAME_HOUR}))"),
            comment="Attempts that this window usually has at this hour of the week: the mean of both weeks.",
        ),
        Recording(
            record=USUAL_SUM,
            expr=_usual(f"sum without (week, result) ({SAME_HOUR})"),
            comment="Attempts of both weeks together: what the usual shares rest on.",
        ),
        *(recording for name in JUDGED for recording in _usual_share(name)),
    )


def _usual_share(name: str) -> tuple[Recording, ...]:
    result, share = RESULTS[name], f"campaign:wolkvox_{name}:usual"
    usual = Recording(
        record=share,
        expr=f'sum without (week, result) ({SAME_HOUR}{{result="{result}"}})\n/\n({USUAL_SUM} > 0)',
        comment=(
            f"Share of `{result}` that this window usually has at this hour of the week, 0 to 1. Both weeks are added "
            "up, so that an hour with 5 attempts does not weigh as much as one with 500."
        ),
    )
    return (usual, *_bounds(share, USUAL_SUM, f"the usual share of `{result}`"))


def _of_operation() -> tuple[Recording, ...]:
    total = "operation:wolkvox_attempts:sum"
    return (
        Recording(
            record=total,
            expr=by_labels(once(ATTEMPTS), OPERATION_WINDOW, "sum"),
            comment="Attempts of all campaigns of an operation in one window.",
        ),
        *(recording for name in JUDGED for recording in _operation_share(name, total)),
    )


def _operation_share(name: str, total: str) -> tuple[Recording, ...]:
    result, share = RESULTS[name], f"operation:wolkvox_{name}:ratio"
    counts = by_labels(once(f'{_ATTEMPTS}{{result="{result}"}}'), OPERATION_WINDOW, "sum")
    ratio = Recording(
        record=share,
        expr=f"{counts}\n/\n({total} > 0)",
        comment=f"Share of the operation's attempts that ended in `{result}`, 0 to 1.",
    )
    return (ratio, *_bounds(share, total, f"the operation's share of `{result}`"))


def _same_hours() -> tuple[Recording, ...]:
    return (
        Recording(
            record=CHANGE,
            expr=_of_each_week({week: clock_change(week) for week in WEEKS}),
            comment=(
                "Seconds by which the clock of a campaign's time zone was put forward (back: negative) since one and "
                "two weeks ago. Absent if it was not, or if wolkvox_campaign_utc_offset_seconds is not known: "
                "then the clock counts as unchanged."
            ),
        ),
        Recording(
            record=SAME_HOUR,
            expr=_of_each_week(
                {week: same_hour(_counts, week, f'{CHANGE}{{week="{week}"}}') for week in WEEKS},
            ),
            comment=(
                "Attempts by result at the same local hour of one and two weeks ago: 168 hours, or one more or less "
                "(half an hour on Lord Howe) where daylight saving began or ended in between."
            ),
        ),
    )


RECORDINGS = (
    Group(
        name="wolkvox.shares",
        comment=(
            "Per exporter: its `instance` stays, as dashboards select by it; labels of the pod or node do not. The "
            "sources are rolling windows: they are read as they are, never under rate, increase or "
            "sum_over_time, which would count an attempt many times. A window without attempts has no shares (0/0 is "
            "not a number)."
        ),
        rules=(
            Recording(
                record=ATTEMPTS,
                expr=by_labels(f"sum without (result) ({_ATTEMPTS})", _OF_EXPORTER),
                comment="Dialling attempts in the window, all results together.",
            ),
            *_shares(),
            *(
                recording
                for name in JUDGED
                for recording in _bounds(f"campaign:wolkvox_{name}:ratio", ATTEMPTS, f"the share of `{RESULTS[name]}`")
            ),
            Recording(
                record="campaign:wolkvox_active:timestamp_seconds",
                expr=(
                    by_labels('timestamp(campaign:wolkvox_attempts:sum{window!="yesterday"} > 0)', CAMPAIGN)
                    + "\nor\n"
                    + by_labels("last_over_time(campaign:wolkvox_active:timestamp_seconds[1d])", CAMPAIGN)
                    + f" > time() - {MEMORY_DAYS * DAY}"
                ),
                comment=(
                    "When a campaign last had attempts. The rule reads its own past, which costs little where "
                    "max_over_time over weeks would cost much; it bridges a day without Prometheus and forgets a "
                    f"campaign after {MEMORY_DAYS} days."
                ),
            ),
        ),
    ),
    Group(
        name="wolkvox.usual",
        comment=(
            "The same local hour one and two weeks ago (both together, or the only one there is; absent without "
            "history). Two weeks fit Prometheus' default retention of 15 days. Read from the exporter's own series, so "
            "that history from before these rules, or loaded as blocks, counts. Each week on its own and without the "
            "labels of the machine: a rollout keeps its history, two exporters are not counted twice. Windows over 6 "
            "days have no usual value: a week ago they held part of the same calls."
        ),
        rules=(*_same_hours(), *_usuals()),
    ),
    Group(
        name="wolkvox.operation",
        comment=(
            "All campaigns of an operation in one window, whichever exporters publish them: what a carrier does shows "
            "here, and small campaigns count together. Campaigns are added up in each window of its own: never add up "
            "windows, which overlap."
        ),
        rules=_of_operation(),
    ),
)
