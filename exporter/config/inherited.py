from dataclasses import dataclass

from exporter.config.hours import DAYS, days
from exporter.config.schema import HoursSettings, InheritedSettings
from exporter.config.zone import misleading
from exporter.duration import format_duration
from exporter.model import CampaignSettings, Hours, Span, Window
from exporter.staleness import stale_after
from exporter.yaml import Issues, Path, quoted

_NAMES = frozenset(InheritedSettings.model_fields)
_ADVISED_INTERVAL = 300
_VENDOR_TIMEOUT = 60
_OFF_INTERVAL = 3_600.0


@dataclass(frozen=True, slots=True)
class Inherited:
    """The settings in force at one level: its own and, where it has none, those of the level above."""

    values: InheritedSettings = InheritedSettings()  # noqa: RUF009  # frozen
    doubtful: frozenset[str] = frozenset()
    """InheritedSettings whose nearest value is wrong, so that another one stands in its place."""

    @property
    def staleness(self) -> float:
        """Seconds: `stale_after`, by default long enough for three polls to fail."""
        return stale_after(self.values.stale_after, self.values.interval)

    @property
    def settings(self) -> CampaignSettings:
        """Those of a campaign."""
        values = self.values
        return CampaignSettings(
            windows=tuple(window for window in values.windows if window is not None),
            zone=values.timezone,
            interval=values.interval,
            delay=values.delay,
            timeout=values.timeout,
            stale_after=values.stale_after,
            hours=None if values.hours is None else _hours(values.hours, values.interval),
        )


def inherit(outer: Inherited, own: InheritedSettings, path: Path, issues: Issues) -> Inherited:
    """The settings in force inside `outer` where `own` stand, at `path`."""
    given = own.model_fields_set & _NAMES
    wrong = frozenset(name for name in _NAMES if issues.wrong((*path, name)))
    if not given and not wrong:
        return outer
    values = outer.values.model_copy(update={name: getattr(own, name) for name in given})
    return Inherited(values, (outer.doubtful - given) | wrong)


def review(own: InheritedSettings, inherited: Inherited, path: Path, issues: Issues) -> None:
    """Look at the settings of one level for what is wrong or doubtful in them together."""
    given, values = own.model_fields_set, inherited.values
    _find_repeated(own.windows if "windows" in given else (), (*path, "windows"), issues)
    if own.hours is not None:
        _review_hours(own.hours, (*path, "hours"), issues)
    _compare_intervals(own, inherited, path, issues)
    if "timezone" in given and (text := misleading(own.timezone.key)):
        issues.warn((*path, "timezone"), text)
    if "interval" in given and own.interval < _ADVISED_INTERVAL:
        text = f"{format_duration(own.interval)} is short: the vendor advises one request every 5m, use 5m or more"
        issues.warn((*path, "interval"), text)
    if "timeout" in given and own.timeout < _VENDOR_TIMEOUT:
        text = (
            f"{format_duration(own.timeout)} is short: the vendor may work on a request for 60s, and goes on with one"
            " that is given up earlier; use 60s"
        )
        issues.warn((*path, "timeout"), text)
    if "timeout" in given and own.timeout > _VENDOR_TIMEOUT:
        text = f"{format_duration(own.timeout)} is long: the vendor ends each call after 60s, use 60s or less"
        issues.warn((*path, "timeout"), text)
    if {"stale_after", "interval"} & given - inherited.doubtful and inherited.staleness < values.interval:
        # it works, and a test may want it, but every series would come and go between two polls
        text = (
            f"{format_duration(inherited.staleness)} is shorter than the interval of"
            f" {format_duration(values.interval)}: the series would be gone before each poll; leave it out for"
            " 3 x interval + 1m"
        )
        issues.warn((*path, "stale_after"), text)


def _hours(written: HoursSettings, interval: float) -> Hours:
    week: list[tuple[Span, ...]] = [()] * 7
    for key, spans in written.days.items():
        for day in days(key):
            week[day] = spans
    off_interval = max(_OFF_INTERVAL, interval) if written.off_interval is None else written.off_interval
    return Hours(tuple(week), written.holidays, off_interval)


def _review_hours(written: HoursSettings, path: Path, issues: Issues) -> None:
    """Look at the days of one block of hours for what is wrong in them together."""
    named: dict[int, str] = {}
    for key in written.days:
        for day in days(key):
            if named.setdefault(day, key) != key:
                issues.add((*path, key), f"names {DAYS[day]}, which {named[day]} names already; name each day once")
                break
    if not written.days and not issues.wrong(path):
        text = "names no day, such as mon-fri: 07:00-19:00; leave hours out where calling is always allowed"
        issues.add(path, text)


def _compare_intervals(own: InheritedSettings, inherited: Inherited, path: Path, issues: Issues) -> None:
    """See that a campaign is not asked more often outside its hours than inside."""
    values = inherited.values
    off_interval = None if values.hours is None else values.hours.off_interval
    given = {"hours", "interval"} & own.model_fields_set
    if not given or "interval" in inherited.doubtful or off_interval is None or off_interval >= values.interval:
        return
    shorter, longer = format_duration(off_interval), format_duration(values.interval)
    if "hours" in given:
        text = f"{shorter} is shorter than the interval of {longer}, allowed is {longer} or more"
        issues.add((*path, "hours", "off_interval"), text)
    else:
        text = f"{longer} is longer than the off_interval of {shorter} that hours set here, raise off_interval with it"
        issues.add((*path, "interval"), text)


def _find_repeated(windows: tuple[Window | None, ...], path: Path, issues: Issues) -> None:
    labels: dict[tuple[int | None, int], str] = {}
    for place, window in enumerate(windows):
        if window is None:
            continue
        place_in_time = window.length, window.days_ago
        if place_in_time in labels:
            text = (
                f"{quoted(window.label)} is the same window as {quoted(labels[place_in_time])}, list each window once"
            )
            issues.add((*path, place), text)
        labels.setdefault(place_in_time, window.label)
