"""What is computed ahead: shares of a window's attempts, and what they usually are at this hour of the week."""

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


def once(expr: str) -> str:
    """One series for all exporters of the same campaign, whatever their addresses.

    `max` and not `sum`: two exporters see the same figures. Without `instance` and `pod` a series outlives a rollout.
    """
    return f"max without (instance, pod) ({expr})"


def _attempts(selector: str = "", offset: str = "") -> str:
    return f"sum without (result) (wolkvox_campaign_attempts{selector}{offset})"


def _share(result: str, offset: str = "") -> str:
    return f'{_attempts(f"""{{result="{result}"}}""", offset)} / ({_attempts(offset=offset)} > 0)'


def _usual(weeks: tuple[str, str]) -> str:
    """The mean of what there is of the two weeks, without the windows that would reach into their own baseline."""
    one, two = (
        f'  label_replace({once(week)}, "week", "{number}", "", "")' for number, week in enumerate(weeks, start=1)
    )
    length = once("wolkvox_campaign_window_end_timestamp_seconds - wolkvox_campaign_window_start_timestamp_seconds")
    return f"avg without (week) (\n{one}\n  or\n{two}\n)\nunless\n{length} > {6 * DAY}"


def _shares() -> tuple[Recording, ...]:
    return tuple(
        Recording(
            record=f"campaign:wolkvox_{name}:ratio",
            expr=(f'{_attempts(f"""{{result="{result}"}}""")}\n/\n(campaign:wolkvox_attempts:sum > 0)'),
            comment=f"Share of the window's attempts that ended in `{result}`, 0 to 1.",
        )
        for name, result in RESULTS.items()
    )


def _usuals() -> tuple[Recording, ...]:
    attempts = Recording(
        record="campaign:wolkvox_attempts:usual",
        expr=_usual((_attempts(offset=" offset 1w"), _attempts(offset=" offset 2w"))),
        comment="Attempts that this window usually has at this hour of the week.",
    )
    shares = (
        Recording(
            record=f"campaign:wolkvox_{name}:usual",
            expr=_usual((_share(RESULTS[name], " offset 1w"), _share(RESULTS[name], " offset 2w"))),
            comment=f"Share of `{RESULTS[name]}` that this window usually has at this hour of the week, 0 to 1.",
        )
        for name in USUAL
    )
    return (attempts, *shares)


RECORDINGS = (
    Group(
        name="wolkvox.shares",
        comment=(
            "Per exporter, with all its labels. The sources are windows that move with the clock: they are read as "
            "they are, never under rate, increase or sum_over_time, which would count an attempt many times. A window "
            "without attempts has no shares (0/0 is not a number)."
        ),
        rules=(
            Recording(
                record="campaign:wolkvox_attempts:sum",
                expr=_attempts(),
                comment="Dialling attempts in the window, all results together.",
            ),
            *_shares(),
            Recording(
                record="campaign:wolkvox_active:timestamp_seconds",
                expr=(
                    f"max without (instance, pod, window) (timestamp(campaign:wolkvox_attempts:sum > 0))\n"
                    "or\n"
                    f"last_over_time(campaign:wolkvox_active:timestamp_seconds[1d]) > time() - {MEMORY_DAYS * DAY}"
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
            "The same hour of one and two weeks before (mean of both, or the one that there is; absent without "
            "history). Two weeks fit Prometheus' default retention of 15 days. Read from the exporter's own series, so "
            "that history from before these rules, or loaded as blocks, counts. `max without (instance, pod)`, each "
            "week by itself: a rollout that changed the instance keeps its history, two exporters are not counted "
            "twice. Windows over 6 days have no usual value: a week ago they held part of the same calls."
        ),
        rules=_usuals(),
    ),
)
