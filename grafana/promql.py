"""The expressions of the dashboards, on the exporter's own metrics and on what the rules record of them.

What is drawn over hours of every campaign is recorded: one series a campaign instead of one a result.

An expression over campaigns is brought down to one series for each of `KEY` by `max`, never by `sum`: two exporters
that publish the same campaign are the same campaign. Shares are ratios, 0 to 1, and absent (not NaN) where a window
is empty. What a campaign publishes is a gauge over a rolling window, so that `rate` and its kin never touch it.
"""

from collections.abc import Callable
from dataclasses import dataclass

from exporter.thresholds import JUDGED_ATTEMPTS, MISSED_GRACE, MISSED_POLLS
from prometheus.promql import clock_change, same_hour
from prometheus.recordings import ATTEMPTS, RESULTS
from prometheus.trouble import RESULTS_OF_ALL, STATE

KEY = "job, operation, campaign, window"
"""What tells one campaign series from another, whichever exporter published it."""

_WINDOW = 'window="$window"'
_JOB = 'job=~"$job"'
EXPORTER = f'{_JOB}, instance=~"$instance"'
OPERATION = f'{EXPORTER}, operation=~"$operation"'

AT_END = " @ end()"
"""Makes a selector one of the end of the time range, whichever point is evaluated."""

_OPERATIONS = f'{_JOB}, operation=~"$operation", {_WINDOW}'

_CAMPAIGN = ("job", "operation", "campaign")
_SHARES = {result: share for share, result in RESULTS.items()}
"""Result -> its share's name in recorded series."""


def exporter_metric(name: str) -> str:
    """A metric that the exporter publishes about itself."""
    return f"{name}{{{EXPORTER}}}"


def key_max(expr: str, *labels: str) -> str:
    """One series per campaign and window, and per each of `labels`."""
    return f"max by ({', '.join((KEY, *labels))}) ({expr})"


def marked(expr: str, label: str, value: str) -> str:
    """The same series with one more, constant, label."""
    return f'label_replace({expr}, "{label}", "{value}", "", "")'


def either(*exprs: str) -> str:
    """The union: a series is taken from the first expression that has it."""
    return "\nor\n".join(exprs)


def named(expr: str, among: str = "") -> str:
    """The same series with the label `title`: the campaign's name, or its id where it has none.

    `topk` picks one where two exporters hold different names for a moment: with both, the join would be an error. Over
    time, `among` are the series of the end of the time range that are drawn: their names, and no others, are looked up
    once and not for each point.
    """
    info = f"wolkvox_campaign_info{{{OPERATION}}}"
    if among:
        info = f"({info}{AT_END} and on (job, operation, campaign) {among})"
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
    among: str = ""
    """Of these, none but the series of this expression, where there is one.

    It drops the others before anything is worked out: of a thousand campaigns, a chart of five costs little more than
    five. For that it has nothing but selectors of the end of the time range: it is evaluated once, not at each point.
    """

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

    def latest(self, name: str, at: str = "") -> str:
        """A gauge of the exporter or of the rules, one series per campaign."""
        some = f" and on ({KEY}) {self.among}" if self.among else ""
        return key_max(f"{self.metric(name)}{at}{some}")

    def state(self, at: str = "") -> str:
        """What is wrong, added up as the rules record it."""
        return self.latest(STATE, at)

    def ratio(self, result: str, end: str = "", at: str = "") -> str:
        """The recorded share of attempts that ended in `result`, or the `low` or `high` end of its interval."""
        return self.latest(f"campaign:wolkvox_{_SHARES[result]}:ratio{end and '_' + end}", at)

    def judged(self, result: str) -> str:
        """The recorded share, where there are attempts enough for it to say something."""
        return f"{self.ratio(result)} and on ({KEY}) {self.latest(ATTEMPTS)} >= {JUDGED_ATTEMPTS}"

    def beyond_usual(self, result: str) -> str:
        """The share minus what it usually is at this hour of the week."""
        return f"{self.ratio(result)} - {self.usual_share(result)}"

    def age_limit(self, at: str = "") -> str:
        """Seconds after which the data counts as stale: two polls missed, at the interval that pacing allows."""
        interval = self.latest("wolkvox_poll_interval_seconds", at)
        stretch = f"max by (job, operation) (wolkvox_poll_interval_stretch_ratio{{{OPERATION}}}{at})"
        stretched = f"({interval} * on (job, operation) group_left () {stretch} or {interval})"
        return f"({MISSED_POLLS} * {stretched} + {MISSED_GRACE})"

    def age_of_limit(self) -> str:
        """The age of the data over its limit: 1 is stale."""
        return f"({self.age()}) / {self.age_limit()}"

    def deadline(self, at: str) -> str:
        """When the data becomes stale, or has become so."""
        return f"{self.latest('wolkvox_campaign_last_success_timestamp_seconds', at)} + {self.age_limit(at)}"

    def results(self) -> str:
        """Attempts by result."""
        return key_max(self.metric("wolkvox_campaign_attempts"), "result")

    def attempts(self, *, weeks: int = 0) -> str:
        """Attempts of all results together, at the same local hour so many weeks ago."""

        def at(offset: str) -> str:
            return key_max(f"sum without (result) ({self.metric('wolkvox_campaign_attempts', offset=offset)})")

        return self.then(at, weeks)

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


def overall_attempts() -> str:
    """Attempts of all campaigns, from what is recorded of operations; not a number where nothing is known."""
    return f"sum (operation:wolkvox_attempts:sum{{{_OPERATIONS}}}) or vector(NaN)"


def overall_share(result: str) -> str:
    """Share of all campaigns' attempts: a ratio of sums; not a number where there were none."""
    ratio = f"operation:wolkvox_{_SHARES[result]}:ratio{{{_OPERATIONS}}}"
    attempts = f"operation:wolkvox_attempts:sum{{{_OPERATIONS}}}"
    return f"sum ({ratio} * {attempts}) / sum ({attempts}) or vector(NaN)"


def overall_results() -> str:
    """Attempts of all campaigns by result."""
    return f"sum by (result) ({RESULTS_OF_ALL}{{{_OPERATIONS}}})"


EVERY_CAMPAIGN = Scope('operation=~"$operation"')
ONE_CAMPAIGN = Scope('operation=~"$operation", campaign="$campaign"')
