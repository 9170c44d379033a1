"""Daylight saving begins and ends, in zones of the world as they are, and the rules still compare the same local hour.

Only the rules that a question needs are evaluated: promtool takes every step from the beginning on.
"""

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from needed_rules import needed, only

from prometheus.document import document
from prometheus.promql import same_hour

Run = Callable[..., str]
Counts = dict[str, int]

HALF, HOUR, WEEK = timedelta(minutes=30), timedelta(hours=1), timedelta(weeks=1)


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


LONG_AGO = utc("2000-01-01")


def office_hours(local: datetime) -> Counts:
    """Dialling from Monday to Friday, 9 to 20 h: 100 attempts each half hour; every second hour more busy ones."""
    halves = [local - HALF, local - HOUR]
    dialled = [each for each in halves if each.weekday() < 5 and 9 <= each.hour < 20]
    busy = sum(18 if each.hour % 2 else 4 for each in dialled)
    return {"answer": 20 * len(dialled), "busy": busy, "no-answer": 80 * len(dialled) - busy}


def all_different(local: datetime) -> Counts:
    """A number for each half hour of the week. None at night, when the clock changes."""
    number = 48 * local.weekday() + 2 * local.hour + local.minute // 30
    return {"answer": 1000 + number if 5 <= local.hour < 23 else 0}


@dataclass(frozen=True)
class Story:
    """Campaigns whose attempts depend on their local time; each is called by its zone."""

    zones: tuple[str, ...]
    start: datetime
    end: datetime
    step: timedelta = HOUR
    attempts: Callable[[datetime], Counts] = office_hours
    """By result, of the hour that ends at a local time."""
    upgraded: datetime = LONG_AGO
    """Since when the exporter tells its offset."""

    @property
    def moments(self) -> list[datetime]:
        return [self.start + number * self.step for number in range((self.end - self.start) // self.step + 1)]

    def series(self) -> Iterable[dict[str, str]]:
        for zone in self.zones:
            local = [moment.astimezone(ZoneInfo(zone)) for moment in self.moments]
            offsets = [(each.utcoffset() or timedelta()).total_seconds() for each in local]
            told = [
                str(offset) if moment >= self.upgraded else "_"
                for moment, offset in zip(self.moments, offsets, strict=True)
            ]
            labels = f'job="wolkvox", instance="a:10965", operation="acme", campaign="{zone}"'
            yield {"series": f"wolkvox_campaign_utc_offset_seconds{{{labels}}}", "values": " ".join(told)}
            counts = [self.attempts(each) for each in local]
            for result in counts[0]:
                name = f'wolkvox_campaign_attempts{{{labels}, window="1h", result="{result}"}}'
                yield {"series": name, "values": " ".join(str(each[result]) for each in counts)}

    def after(self, moment: datetime) -> str:
        """A moment as promtool counts it, from the start on."""
        return f"{int((moment - self.start).total_seconds())}s"

    @property
    def whole(self) -> str:
        return self.after(self.end)


STORIES = {
    "Madrid falls back": Story(("Europe/Madrid", "America/Bogota"), utc("2026-10-10"), utc("2026-11-10")),
    "Madrid springs forward": Story(("Europe/Madrid", "America/Bogota"), utc("2026-03-14"), utc("2026-04-14")),
    "Santiago falls back": Story(("America/Santiago", "Asia/Kathmandu"), utc("2026-03-21"), utc("2026-04-21")),
    "Santiago springs forward": Story(("America/Santiago", "Etc/UTC"), utc("2026-08-22"), utc("2026-09-22")),
    "Lord Howe falls back": Story(("Australia/Lord_Howe",), utc("2026-03-28"), utc("2026-04-21"), HALF),
    "Lord Howe springs forward": Story(("Australia/Lord_Howe",), utc("2026-09-19"), utc("2026-10-20"), HALF),
    "New York and Cairo, weeks apart": Story(
        ("America/New_York", "Africa/Cairo", "Europe/Madrid"), utc("2026-10-10"), utc("2026-11-17")
    ),
    "Casablanca begins and ends Ramadan": Story(("Africa/Casablanca",), utc("2026-01-31"), utc("2026-04-07")),
}


@dataclass(frozen=True)
class Promtool:
    """Lives through a story, with some of the rules, and answers questions."""

    run: Run
    folder: Path

    def __call__(self, story: Story, rules: Sequence[str], questions: Sequence[dict[str, object]]) -> None:
        groups = only(needed(*rules))
        (self.folder / "rules.yml").write_text(document(groups), encoding="utf-8")
        step = f"{int(story.step.total_seconds())}s"
        told = {
            "rule_files": ["rules.yml"],
            "evaluation_interval": step,
            "group_eval_order": [group.name for group in groups],
            "tests": [
                {"interval": step, "input_series": list(story.series()), "promql_expr_test": list(questions)},
            ],
        }
        path = self.folder / "story.json"  # JSON is YAML
        path.write_text(json.dumps(told), encoding="utf-8")
        self.run("promtool", "test", "rules", path)


@pytest.fixture
def promtool(run: Run, tmp_path: Path) -> Promtool:
    return Promtool(run, tmp_path)


def question(expr: str, at: str, *samples: tuple[str, float]) -> dict[str, object]:
    expected = [{"labels": labels, "value": value} for labels, value in samples]
    return {"expr": expr, "eval_time": at, "exp_samples": expected}


@pytest.mark.parametrize("name", ["Madrid falls back", "Madrid springs forward"])
def test_ordinary_weeks_raise_no_alert(promtool: Promtool, name: str) -> None:
    story = STORIES[name]
    alerts = ["WolkvoxDiallingStopped", "WolkvoxBusyUnusual", "WolkvoxContactCollapsed"]
    usual = [(f'{{campaign="{zone}"}}', 1.0) for zone in story.zones]
    promtool(
        story,
        alerts,
        [
            question(f"count_over_time(ALERTS[{story.whole}])", story.whole),
            question("count by (campaign) (count_over_time(campaign:wolkvox_busy:usual[7d]))", story.whole, *usual),
        ],
    )


@pytest.mark.parametrize("name", STORIES)
def test_the_usual_is_that_of_the_same_local_half_hour(promtool: Promtool, name: str) -> None:
    story = replace(STORIES[name], attempts=all_different)
    # From the second week on; in that week the first one is all there is.
    span = story.end - story.start - WEEK - HOUR
    every = f"[{int(span.total_seconds())}s:{int(story.step.total_seconds())}s]"
    compared = "max by (campaign) (campaign:wolkvox_attempts:sum) - on (campaign) campaign:wolkvox_attempts:usual"
    zones = [f'{{campaign="{zone}"}}' for zone in story.zones]
    promtool(
        story,
        ["campaign:wolkvox_attempts:usual", "campaign:wolkvox_attempts:sum"],
        [
            question(f"max_over_time(({compared}){every})", story.whole, *((zone, 0) for zone in zones)),
            question(f"min_over_time(({compared}){every})", story.whole, *((zone, 0) for zone in zones)),
            question(
                f"count_over_time(({compared}){every})",
                story.whole,
                *((zone, span // story.step + 1) for zone in zones),
            ),
        ],
    )


@pytest.mark.parametrize(
    ("name", "day"),
    [
        ("Madrid falls back", "2026-10-27"),
        ("Madrid springs forward", "2026-03-31"),
        ("Lord Howe springs forward", "2026-10-06"),
    ],
)
def test_a_campaign_that_stops_is_missed_at_its_hour_and_not_before(promtool: Promtool, name: str, day: str) -> None:
    """It does not dial until 15 h. The attempts from 9 to 10 h are missed at 10 h, or at 9.30 where one looks then."""

    def attempts(local: datetime) -> Counts:
        now = local.replace(tzinfo=None)
        idle = datetime.fromisoformat(day) < now <= datetime.fromisoformat(f"{day} 15:00")
        return {result: 0 if idle else count for result, count in office_hours(local).items()}

    zone = STORIES[name].zones[0]
    story = replace(STORIES[name], zones=(zone,), attempts=attempts)

    def at(hour: int) -> datetime:
        return datetime.fromisoformat(f"{day} {hour:02}:00").replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)

    alert = 'count by (alertstate) (ALERTS{alertname="WolkvoxDiallingStopped"})'
    missed = at(9) + story.step
    promtool(
        story,
        ["WolkvoxDiallingStopped"],
        [
            question(f"count_over_time(ALERTS[{story.after(at(9))}])", story.after(at(9))),
            question(alert, story.after(missed), ('{alertstate="pending"}', 1)),
            question(alert, story.after(missed + story.step), ('{alertstate="firing"}', 1)),
            question(alert, story.after(at(15)), ('{alertstate="firing"}', 1)),
            question(alert, story.after(at(15) + story.step)),
        ],
    )


@pytest.mark.parametrize(("name", "days"), [("Madrid falls back", 5), ("Madrid springs forward", 18)])
def test_history_from_before_the_metric_is_history(promtool: Promtool, name: str, days: int) -> None:
    """The exporter is upgraded after so many days of the story, and tells its offset from then on."""
    story = replace(STORIES[name], upgraded=STORIES[name].start + timedelta(days=days))
    weeks = "count by (campaign, week) (count by (campaign, week, result) (campaign:wolkvox_attempts:same_hour))"
    span = story.end - story.start - 2 * WEEK - HOUR
    expected = [(f'{{campaign="{zone}", week="{week}"}}', span // HOUR + 1) for zone in story.zones for week in (1, 2)]
    promtool(
        story,
        ["campaign:wolkvox_attempts:same_hour"],
        [question(f"count_over_time(({weeks})[{int(span.total_seconds())}s:1h])", story.whole, *expected)],
    )


def test_the_offsets_of_same_hour() -> None:
    written = same_hour("x offset {}".format, 2, "c")
    assert written.splitlines()[0] == "x offset 336h unless on (cluster, namespace, job, operation, campaign) (c)"
    assert {line.split()[2]: line.split()[-1] for line in written.splitlines()[2::2]} == {
        "337h": "-3600)",
        "336h30m": "-1800)",
        "335h30m": "1800)",
        "335h": "3600)",
    }
