from dataclasses import dataclass, field, replace
from typing import Any
from zoneinfo import ZoneInfo

from exporter.config.mistake import Mistakes, Path, quoted
from exporter.config.schema import Settings
from exporter.duration import format_duration
from exporter.model import Window

_NAMES = frozenset(Settings.model_fields)
_ADVISED_INTERVAL = 300
_VENDOR_TIMEOUT = 60


@dataclass(frozen=True, slots=True)
class Scope:
    """The settings in force at one level: its own and, where it has none, those of the level above. Seconds."""

    timezone: ZoneInfo = field(default_factory=lambda: ZoneInfo("America/Bogota"))
    interval: float = 300.0
    windows: tuple[Window, ...] = (Window("1h", 3_600),)
    delay: float = 0.0
    timeout: float = 60.0
    stale_after: float | None = None
    doubtful: frozenset[str] = frozenset()
    """Settings whose nearest value is wrong, so that another one stands in its place."""

    @property
    def staleness(self) -> float:
        """`stale_after`, by default long enough for three polls to fail."""
        return 3 * self.interval + 60 if self.stale_after is None else self.stale_after


def narrow(outer: Scope, settings: Settings) -> Scope:
    """The settings in force inside `outer` where `settings` stand."""
    given = settings.model_fields_set & _NAMES
    if not given:
        return outer
    values: dict[str, Any] = {name: getattr(settings, name) for name in given}
    wrong = {name for name, value in values.items() if value is None or (name == "windows" and None in value)}
    right = {name: value for name, value in values.items() if name not in wrong}
    return replace(outer, **right, doubtful=(outer.doubtful - given) | wrong)


def review(settings: Settings, scope: Scope, path: Path, mistakes: Mistakes) -> None:
    """Look at `settings`, which led to `scope`, for what is wrong or doubtful in them together."""
    given = settings.model_fields_set
    _find_repeated(settings.windows or (), (*path, "windows"), mistakes)
    if settings.interval is not None and settings.interval < _ADVISED_INTERVAL:
        text = (
            f"{format_duration(settings.interval)} is short: the vendor advises one consumption every 5m, set no less"
        )
        mistakes.warn((*path, "interval"), text)
    if settings.timeout is not None and settings.timeout > _VENDOR_TIMEOUT:
        text = f"{format_duration(settings.timeout)} is long: the vendor ends each call after 60s, set no more"
        mistakes.warn((*path, "timeout"), text)
    if {"stale_after", "interval"} & given - scope.doubtful and scope.staleness < scope.interval:
        # it works, and a test may want it, but every series would come and go between two polls
        text = (
            f"{format_duration(scope.staleness)} is shorter than the interval of {format_duration(scope.interval)}:"
            " the series would be gone before each poll; leave it out for 3 x interval + 1m"
        )
        mistakes.warn((*path, "stale_after"), text)


def _find_repeated(windows: tuple[Window | None, ...], path: Path, mistakes: Mistakes) -> None:
    labels: dict[int | None, str] = {}
    for place, window in enumerate(windows):
        if window is None:
            continue
        if window.length in labels:
            text = (
                f"{quoted(window.label)} is the same window as {quoted(labels[window.length])}, list each window once"
            )
            mistakes.add((*path, place), text)
        labels.setdefault(window.length, window.label)
