"""What is precomputed: shares of a window's attempts, and what they usually are at this hour of the week."""

import textwrap

from prometheus.promql import CAMPAIGN, EXPORTER, WEEKS, WINDOW, by_labels, clock_change, same_hour
from prometheus.rule import DAY, Group, Recording

RESULTS = {
    "contact": "answer",
    "busy": "busy",
    "failed": "failed",
    "congestion": "congestion",
    "no_answer": "no-answer",
}
"""Name of the share -> the result that it is the share of."""

USUAL = ("contact", "busy", "failed")

MEMORY_DAYS = 14

CHANGE = "campaign:wolkvox_utc_offset:change"
SAME_HOUR = "campaign:wolkvox_attempts:same_hour"

_ATTEMPTS = "wolkvox_campaign_attempts"
_OF_EXPORTER = (*EXPORTER, *WINDOW[3:])


def once(expr: str) -> str:
    """One series for each campaign and window, whichever exporters publish it, wherever they run."""
    return by_labels(expr, WINDOW)


def _shares() -> tuple[Recording, ...]:
    return tuple(
        Recording(
            record=f"campaign:wolkvox_{name}:ratio",
            expr=(
                by_labels(f'{_ATTEMPTS}{{result="{result}"}}', _OF_EXPORTER)
                + "\n/\n(campaign:wolkvox_attempts:sum > 0)"
            ),
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
    """The mean of what there is of the weeks, without the windows that would reach into their own baseline."""
    length = once("wolkvox_campaign_window_end_timestamp_seconds - wolkvox_campaign_window_start_timestamp_seconds")
    return f"avg without (week) (\n{textwrap.indent(then, '  ')}\n)\nunless\n{length} > {6 * DAY}"


def _usuals() -> tuple[Recording, ...]:
    total = f"sum without (result) ({SAME_HOUR})"
    attempts = Recording(
        record="campaign:wolkvox_attempts:usual",
        expr=_usual(total),
        comment="Attempts that this window usually has at this hour of the week.",
    )
    shares = (
        Recording(
            record=f"campaign:wolkvox_{name}:usual",
            expr=_usual(f'sum without (result) ({SAME_HOUR}{{result="{RESULTS[name]}"}})\n/\n({total} > 0)'),
            comment=f"Share of `{RESULTS[name]}` that this window usually has at this hour of the week, 0 to 1.",
        )
        for name in USUAL
    )
    return (attempts, *shares)


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
                record="campaign:wolkvox_attempts:sum",
                expr=by_labels(f"sum without (result) ({_ATTEMPTS})", _OF_EXPORTER),
                comment="Dialling attempts in the window, all results together.",
            ),
            *_shares(),
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
            "The same local hour one and two weeks ago (the mean of both, or the only one there is; absent without "
            "history). Two weeks fit Prometheus' default retention of 15 days. Read from the exporter's own series, so "
            "that history from before these rules, or loaded as blocks, counts. Each week on its own and without the "
            "labels of the machine: a rollout keeps its history, two exporters are not counted twice. Windows over 6 "
            "days have no usual value: a week ago they held part of the same calls."
        ),
        rules=(*_same_hours(), *_usuals()),
    ),
)
