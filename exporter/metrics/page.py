"""The page: ready bytes, made when data changes; a scrape joins them and adds the few lines that live."""

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, TypeAlias
from zoneinfo import ZoneInfo

from prometheus_client import CollectorRegistry

from exporter.metrics.build import Build
from exporter.metrics.catalogue import (
    CAMPAIGN,
    CAMPAIGN_METRICS,
    EXPORTER_METRICS,
    FIGURE_METRICS,
    LIVE_METRICS,
    OPERATION,
    OPERATION_METRICS,
    PROCESS_METRICS,
    TARGET,
    TARGET_METRICS,
    CallingHours,
    Described,
    ExporterState,
    Metric,
    Polled,
    Subject,
    calling_hours,
    utc_offset,
)
from exporter.metrics.chunk import Chunk
from exporter.metrics.family_table import Entry, FamilyTable
from exporter.metrics.format import Encoding, Exposition
from exporter.metrics.gzip_member import GzipCache, GzipMember
from exporter.metrics.runtime import runtime
from exporter.metrics.sample import header, lines, pairs, readable
from exporter.model import CampaignFigures, OperationStats, Target, TargetKey, TargetState

_INLINE = 64 * 1024
"""Bytes that are compressed well within a millisecond; handing them over to a thread would cost more."""
_JOIN_INLINE = 4 * 1024 * 1024
"""Bytes that are copied within a millisecond."""


_Description: TypeAlias = tuple[str, ZoneInfo, CallingHours | None]
"""Name, zone and calling hours of a campaign, as one of its windows has them."""


def _header(metric: Metric[Any], exposition: Exposition) -> bytes:
    return header(metric.name, metric.kind, metric.help, exposition).encode()


class _Families(FamilyTable):
    """A section together with the metrics that its columns are."""

    def __init__(self, metrics: Sequence[Metric[Any]], capacity: int = 64) -> None:
        super().__init__(len(metrics), capacity)
        self._headers = {
            exposition: [Chunk(_header(metric, exposition)) for metric in metrics] for exposition in Exposition
        }

    def pieces(self, exposition: Exposition) -> list[Chunk]:
        """The section as it is at this moment."""
        pieces = []
        for family, introduction in enumerate(self._headers[exposition]):
            pieces.append(introduction)
            pieces += self.column(family)
        return pieces


def _chunks(metrics: Sequence[Metric[Subject]], labels: str, subject: Subject) -> list[bytes]:
    return [lines(metric.name, labels, metric.samples(subject)) for metric in metrics]


def _entry(*labels: str) -> Entry:
    """Labels as they will be read: what reads the same is the same entry, so no series stands twice."""
    return tuple(map(readable, labels))


class Page:
    """All that is published. Changed and scraped in one event loop; only packing happens in a thread."""

    def __init__(
        self,
        build: Build,
        registry: CollectorRegistry,
        lags: Callable[[], Mapping[str, float]],
        now: Callable[[], float],
        dropped: Callable[[], int] = int,
    ) -> None:
        """All three are asked at each scrape.

        `lags` gives for each operation how late its most overdue poll is, in seconds; `now` is the wall clock, in Unix
        seconds; `dropped` counts the log lines that could not be written.
        """
        self._dropped = dropped
        self._build = build
        self._registry = registry
        self._lags = lags
        self._now = now
        self._targets = _Families(TARGET_METRICS)
        self._campaigns = _Families(CAMPAIGN_METRICS)
        # Thousands of campaigns may rest, with one short line each that seldom changes.
        self._figures = _Families(FIGURE_METRICS, capacity=512)
        self._operations = _Families(
            OPERATION_METRICS, capacity=16
        )  # an operation has many lines, and most change often
        self._exporter = _Families(EXPORTER_METRICS)
        self._windows: dict[Entry, dict[str, _Description]] = {}
        """Of each campaign, by window."""
        self._offsets: dict[ZoneInfo, float] = {}
        """Of each zone in use: its offset from UTC, as it is published."""
        self._members: dict[Exposition, GzipMember] = {}
        self._presses = {exposition: GzipCache() for exposition in Exposition}
        self._packing = asyncio.Lock()

    def set_target(self, target: Target, state: TargetState) -> None:
        """Show what is known of a target, instead of what was known before."""
        key, now = target.key, self._now()
        entry = _entry(key.operation, key.campaign, key.window)
        self._targets.set(entry, _chunks(TARGET_METRICS, pairs(TARGET, entry), Polled(target, state, now)))
        windows = self._windows.setdefault(entry[:2], {})
        described = target.name, target.zone, calling_hours(target, now)
        if windows.get(entry[2]) != described:
            windows[entry[2]] = described
            self._set_campaign(entry[:2], windows)

    def drop_target(self, key: TargetKey) -> None:
        """Show a target no longer."""
        entry = _entry(key.operation, key.campaign, key.window)
        self._targets.drop(entry)
        windows = self._windows.get(entry[:2], {})
        if windows.pop(entry[2], None) is None:
            return
        if windows:
            self._set_campaign(entry[:2], windows)
        else:
            del self._windows[entry[:2]]
            self._campaigns.drop(entry[:2])

    def set_figures(self, operation: str, campaign: str, figures: CampaignFigures) -> None:
        """Show what is known of a campaign beside its reports."""
        entry = _entry(operation, campaign)
        self._figures.set(entry, _chunks(FIGURE_METRICS, pairs(CAMPAIGN, entry), figures))

    def drop_figures(self, operation: str, campaign: str) -> None:
        """Show that no longer."""
        self._figures.drop(_entry(operation, campaign))

    def set_operation(self, figures: OperationStats) -> None:
        """Show the counts of an operation."""
        entry = _entry(figures.operation)
        self._operations.set(entry, _chunks(OPERATION_METRICS, pairs(OPERATION, entry), figures))

    def drop_operation(self, name: str) -> None:
        """Show an operation's counts no longer."""
        self._operations.drop(_entry(name))

    def set_exporter(self, *, reload_ok: bool, reloaded_at: float) -> None:
        """Show how the latest reload went and when (Unix seconds) the running configuration was loaded."""
        exporter = ExporterState(self._build, reload_ok, reloaded_at)
        self._exporter.set((), _chunks(EXPORTER_METRICS, "", exporter))

    def render(self, exposition: Exposition) -> bytes:
        """The whole page as plain text, made here and now."""
        return _text(self._pieces(exposition), self._live(exposition))

    async def body(self, exposition: Exposition, encoding: Encoding) -> bytes:
        """The whole page as it is at this moment. What takes long is done in a thread."""
        pieces = self._pieces(exposition)
        live = self._live(exposition)
        if encoding is Encoding.GZIP:
            return (await self._member(exposition, pieces)).ended(live)
        if sum(len(piece.text) for piece in pieces) > _JOIN_INLINE:
            return await asyncio.to_thread(_text, pieces, live)
        return _text(pieces, live)

    async def _member(self, exposition: Exposition, pieces: list[Chunk]) -> GzipMember:
        """The gzip member of these pieces; that of the last scrape where nothing changed since."""
        async with self._packing:  # scrapes at the same time wait for one compression instead of doing it each
            known = self._members.get(exposition)
            if known is not None and known.pieces == pieces:
                return known
            press = self._presses[exposition]
            if press.to_pack(pieces) > _INLINE:
                fresh = await asyncio.to_thread(press.member, pieces)
            else:
                fresh = press.member(pieces)
            self._members[exposition] = fresh
            return fresh

    def _set_campaign(self, entry: Entry, windows: Mapping[str, _Description]) -> None:
        """One line for each campaign, not for each window; the first window counts should they differ."""
        name, zone, calling = windows[min(windows)]
        if zone not in self._offsets:
            self._offsets[zone] = utc_offset(zone, self._now())
        described = Described(name, self._offsets[zone], calling)
        self._campaigns.set(entry, _chunks(CAMPAIGN_METRICS, pairs(CAMPAIGN, entry), described))

    def _follow_the_clock(self) -> None:
        """Write the campaigns of a zone again once its daylight saving has begun or ended."""
        now = self._now()
        offsets = {zone: utc_offset(zone, now) for zone in self._offsets}
        if offsets == self._offsets:
            return
        self._offsets = offsets
        for entry, windows in self._windows.items():
            self._set_campaign(entry, windows)

    def _pieces(self, exposition: Exposition) -> list[Chunk]:
        self._follow_the_clock()
        pieces: list[Chunk] = []
        for section in (self._targets, self._campaigns, self._figures, self._operations, self._exporter):
            pieces += section.pieces(exposition)
        return pieces

    def _live(self, exposition: Exposition) -> bytes:
        """The end of the page, which is another one at each scrape."""
        parts = []
        lags = sorted({_entry(operation): lag for operation, lag in self._lags().items()}.items())
        for metric in LIVE_METRICS:
            parts.append(_header(metric, exposition))
            parts += [lines(metric.name, pairs(OPERATION, entry), metric.samples(lag)) for entry, lag in lags]
        for process_metric in PROCESS_METRICS:
            parts.append(_header(process_metric, exposition))
            parts.append(lines(process_metric.name, "", process_metric.samples(self._dropped())))
        parts.append(runtime(self._registry, exposition))
        if exposition is Exposition.OPENMETRICS:
            parts.append(b"# EOF\n")
        return b"".join(parts)


def _text(pieces: Iterable[Chunk], live: bytes) -> bytes:
    return b"".join((*(piece.text for piece in pieces), live))
