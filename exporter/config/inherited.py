from dataclasses import dataclass

from exporter.config.schema import InheritedSettings
from exporter.config.zone import misleading
from exporter.duration import format_duration
from exporter.model import Window
from exporter.staleness import stale_after
from exporter.yaml import Issues, Path, quoted

_NAMES = frozenset(InheritedSettings.model_fields)
_ADVISED_INTERVAL = 300
_VENDOR_TIMEOUT = 60


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
