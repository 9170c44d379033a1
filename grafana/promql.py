"""The expressions of the dashboards, on the exporter's own metrics but for what is usual, which rules record.

An expression over campaigns is brought down to one series for each of `KEY` by `max`, never by `sum`: two exporters
that publish the same campaign are the same campaign. Shares are ratios, 0 to 1, and absent (not NaN) where a window
is empty. What a campaign publishes is a gauge over a rolling window, so that `rate` and its kin never touch it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from prometheus.promql import clock_change, same_hour
from prometheus.recordings import RESULTS

KEY = "job, operation, campaign, window"
"""What tells one campaign series from another, whichever exporter published it."""

_WINDOW = 'window="$window"'
_JOB = 'job=~"$job"'
EXPORTER = f'{_JOB}, instance=~"$instance"'
OPERATION = f'{EXPORTER}, operation=~"$operation"'

_CAMPAIGN = ("job", "operation", "campaign")
_SHARES = {result: share for share, result in RESULTS.items()}
"""Result -> its share's name in recorded series."""


def key_max(expr: str, *labels: str) -> str:
    """One series per campaign and window, and per each of `labels`."""
    return f"max by ({', '.join((KEY, *labels))}) ({expr})"


def marked(expr: str, label: str, value: str) -> str:
    """The same series with one more, constant, label."""
    return f'label_replace({expr}, "{label}", "{value}", "", "")'


def either(*exprs: str) -> str:
    """The union: a series is taken from the first expression that has it."""
    return "\nor\n".join(exprs)


def by_result(values: Mapping[str, float]) -> str:
    """A series for each result that has nothing but that value."""
    return either(*(marked(f"vector({value})", "result", result) for result, value in values.items()))


def named(expr: str) -> str:
    """The same series with the label `title`: the campaign's name, or its id where it has none.

    `topk` picks one where two exporters hold different names for a moment: with both, the join would be an error.
    """
    info = f"wolkvox_campaign_info{{{OPERATION}}}"
    title = f'label_replace({info}, "title", "$1", "campaign", "(.+)")'
    title = f'label_replace({title}, "title", "$1", "name", "(.+)")'
    return (
        f"({expr})\n* on (job, operation, campaign) group_left (title) topk by (job, operation, campaign) (1, {title})"
    )


@dataclass(frozen=True, slots=True)
class Scope:
    """The campaigns that a dashboard is about, as label matchers; always of one single window."""

    about: str
    """Which campaigns, of which operations."""

    def metric(self, name: str, *matchers: str, offset: str = "") -> str:
        """A bare selector within the scope, `offset` ago (`168h`)."""
        selector = f"{name}{{{', '.join((EXPORTER, self.about, _WINDOW, *matchers))}}}"
        return f"{selector} offset {offset}" if offset else selector

    def recorded(self, name: str) -> str:
        """A baseline of the rules, one series per campaign: it knows no instance, so that it outlives a roll-out."""
        return key_max(f"{name}{{{_JOB}, {self.about}, {_WINDOW}}}")

    def then(self, at: Callable[[str], str], weeks: int) -> str:
        """An expression, made for an offset by `at`, at the same local hour so many weeks ago; 0: now."""
        if not weeks:
            return at("")
        return same_hour(at, weeks, clock_change(weeks, f"{EXPORTER}, {self.about}", _CAMPAIGN), _CAMPAIGN)

    def latest(self, name: str) -> str:
        """A gauge of the exporter, one series per campaign."""
        return key_max(self.metric(name))

    def results(self) -> str:
        """Attempts by result."""
        return key_max(self.metric("wolkvox_campaign_attempts"), "result")

    def attempts(self, *, weeks: int = 0) -> str:
        """Attempts of all results together, at the same local hour so many weeks ago."""

        def at(offset: str) -> str:
            return key_max(f"sum without (result) ({self.metric('wolkvox_campaign_attempts', offset=offset)})")

        return self.then(at, weeks)

    def idle_for(self, span: str) -> str:
        """1 where every window of the last `span` was without rows, else 0; looked at hourly to stay cheap.

        Of two exporters the lesser counts: one that came later has not seen the rows of before.
        """
        return f"min by ({KEY}) (min_over_time({self.metric('wolkvox_campaign_no_data')}[{span}:1h]))"

    def share(self, result: str, *, weeks: int = 0, least: int = 1) -> str:
        """Share of attempts that ended in `result`, 0 to 1, at the same local hour so many weeks ago.

        Absent where there were fewer than `least` attempts.
        """

        def at(offset: str) -> str:
            part = self.metric("wolkvox_campaign_attempts", f'result="{result}"', offset=offset)
            whole = self.metric("wolkvox_campaign_attempts", offset=offset)
            return key_max(f"{part} / ignoring (result) (sum without (result) ({whole}) >= {least})")

        return self.then(at, weeks)

    def some_results(self, *results: str) -> str:
        """A bare selector of attempts that ended in these results; of all where none is named."""
        matchers = [f'result=~"{"|".join(results)}"'] if results else []
        return self.metric("wolkvox_campaign_attempts", *matchers)

    def shares(self, *results: str, least: int = 1) -> str:
        """Share of each of these results, or of every one; absent where there were fewer than `least` attempts."""
        part = self.some_results(*results)
        whole = self.metric("wolkvox_campaign_attempts")
        return key_max(
            f"{part} / ignoring (result) group_left () (sum without (result) ({whole}) >= {least})", "result"
        )

    def percent(self) -> str:
        """Share of every result as the vendor reports it, 0 to 100; 0 in an empty window."""
        return key_max(self.metric("wolkvox_campaign_attempts_percent"), "result")

    def overall_share(self, result: str) -> str:
        """Share of all campaigns' attempts: a ratio of sums, as a mean of percentages would mislead."""
        whole = self.results()
        part = key_max(self.metric("wolkvox_campaign_attempts", f'result="{result}"'))
        return f"sum ({part})\n/\n(sum ({whole}) > 0)"

    def usual_attempts(self) -> str:
        """Attempts at the same local hour of the weeks before, as the rules record them."""
        return self.recorded("campaign:wolkvox_attempts:usual")

    def usual_share(self, result: str) -> str:
        """Share at the same local hour of the weeks before, as the rules record it."""
        return self.recorded(f"campaign:wolkvox_{_SHARES[result]}:usual")

    def reason(self) -> str:
        """Why the latest poll failed, as the label `reason`; without that label where it succeeded.

        `topk` picks one where two exporters failed for different reasons.
        """
        failure = f"topk by ({KEY}) (1, {key_max(self.metric('wolkvox_campaign_failure'), 'reason')})"
        return either(failure, f"{self.latest('wolkvox_campaign_up')} unless on ({KEY}) {failure}")

    def age(self) -> str:
        """Seconds since the latest success; absent before the first."""
        return f"time() - {self.latest('wolkvox_campaign_last_success_timestamp_seconds')}"


EVERY_CAMPAIGN = Scope('operation=~"$operation"')
ONE_CAMPAIGN = Scope('operation=~"$operation", campaign="$campaign"')
