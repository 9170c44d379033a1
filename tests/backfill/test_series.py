"""What the file says of made-up answers, and of the demo."""

import io
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from typing import Any

import pytest
import support
from prometheus_client.openmetrics.parser import text_fd_to_metric_families
from support import BOGOTA

from exporter.backfill.series import Scrapes, write_past
from exporter.backfill.timeline import by_campaign
from exporter.backfill.windows import Days, PastWindow, at_step, past_windows
from exporter.model import Hours, Report, Row, Span, Target
from exporter.simulator import answer
from exporter.simulator.campaigns import CampaignList
from exporter.simulator.demo import demo_config, demo_settings
from exporter.simulator.history import Past, write_history
from exporter.simulator.traffic import Traffic
from exporter.wolkvox.campaign_4 import parse_response

DAY = Days(date(2026, 11, 26), date(2026, 11, 26))
LABELS = (("job", "wolkvox"), ("instance", "localhost:10965"))
Values = dict[str, dict[tuple[str, ...], dict[int, float]]]
"""By name, then by labels beyond job and instance, then by moment."""


def target(campaign: str = "32841", window: str = "1h", **changes: Any) -> Target:
    """With the default of `stale_after`, unless told."""
    return replace(support.target(campaign, window), **({"stale_after": None} | changes))


def at(text: str) -> int:
    return int(datetime.fromisoformat(f"2026-11-{text}").replace(tzinfo=BOGOTA).timestamp())


def parsed(text: str) -> Values:
    found: Values = defaultdict(lambda: defaultdict(dict))
    for family in text_fd_to_metric_families(io.StringIO(text)):  # type: ignore[no-untyped-call]
        for sample in family.samples:
            labels = tuple(value for label, value in sample.labels.items() if label not in ("job", "instance"))
            found[sample.name][labels][int(float(sample.timestamp))] = sample.value
    return found


def written(
    targets: Sequence[Target], reports: Mapping[tuple[str, int], Report], days: Days = DAY, step: int = 3_600
) -> tuple[Values, str]:
    """The file on reports by window and end."""

    def answers(of: Sequence[Target]) -> Iterator[tuple[PastWindow, Report]]:
        for one in of:
            for window in past_windows(one, days, step):
                report = reports.get((one.key.window, window.end))
                if report is not None:
                    yield window, report

    out, told = io.BytesIO(), list[float]()
    scrapes = Scrapes(lambda _: days, 60, LABELS)
    stepped = [at_step(one, step) for one in targets]
    samples = write_past(out, by_campaign(stepped), answers, scrapes, told.append)
    text = out.getvalue().decode()
    assert samples == sum(not line.startswith("#") for line in text.splitlines())
    assert told[-1] == 1
    assert told == sorted(told)
    return parsed(text), text


def report(attempts: int, result: str = "answer") -> Report:
    return Report((Row(result, attempts, 100.0),))


def test_samples_go_from_answer_to_answer_and_end_with_the_day() -> None:
    reports = {("1h", at(f"26 {hour:02}:00")): report(hour) for hour in range(8, 24)}
    values, _ = written([target(name="Cobranza")], reports)
    shown = values["wolkvox_campaign_attempts"]["acme", "32841", "1h", "answer"]
    assert min(shown) == at("26 08:00")
    assert max(shown) == at("26 23:59")
    assert len(shown) == 16 * 60
    assert all(value == (moment - at("26 00:00")) // 3_600 for moment, value in shown.items())
    assert set(values["wolkvox_campaign_up"]["acme", "32841", "1h"].values()) == {1}
    assert values["wolkvox_campaign_window_end_timestamp_seconds"]["acme", "32841", "1h"][at("26 09:30")] == at(
        "26 09:00"
    )
    assert set(values["wolkvox_poll_interval_seconds"]["acme", "32841", "1h"].values()) == {3_600}
    assert values["wolkvox_campaign_info"]["acme", "32841", "Cobranza"].keys() == shown.keys()
    assert set(values["wolkvox_campaign_utc_offset_seconds"]["acme", "32841"].values()) == {-18_000}


def test_counters_and_what_is_of_the_process_are_not_in_it() -> None:
    _, text = written([target()], {("1h", at("26 08:00")): report(1)})
    assert "_total" not in text
    assert "# TYPE" in text
    assert {line.split()[-1] for line in text.splitlines() if line.startswith("# TYPE")} == {"gauge"}


def test_each_family_and_series_stands_once_and_in_order() -> None:
    reports = {("1h", at(f"26 {hour:02}:00")): report(hour, f"result-{hour % 3}") for hour in range(1, 24)}
    _, text = written([target(), target("7", window="30m"), target("7", window="today")], reports)
    lines = text.splitlines()
    assert lines[-1] == "# EOF"
    kinds = [line.split()[2] for line in lines if line.startswith("# TYPE")]
    assert len(kinds) == len(set(kinds))
    names = [line.rsplit(" ", 2)[0] for line in lines if not line.startswith("#")]
    runs = [name for place, name in enumerate(names) if place == 0 or names[place - 1] != name]
    assert len(runs) == len(set(runs))


def test_what_is_missing_goes_stale_as_on_the_page() -> None:
    reports = {("1h", at(f"26 {hour:02}:00")): report(hour) for hour in (8, 9, 20)}
    values, _ = written([target(stale_after=7_200.0)], reports)
    shown = values["wolkvox_campaign_attempts"]["acme", "32841", "1h", "answer"]
    assert at("26 10:59") in shown
    assert at("26 11:00") not in shown
    assert at("26 20:00") in shown
    assert at("26 21:59") in shown
    assert at("26 22:00") not in shown
    assert len(values["wolkvox_campaign_up"]["acme", "32841", "1h"]) == 16 * 60
    by_step, _ = written([target()], reports)
    shown = by_step["wolkvox_campaign_attempts"]["acme", "32841", "1h", "answer"]
    assert at("26 12:00") in shown
    assert at("26 12:01") not in shown


def test_outside_hours_the_interval_is_the_other_one() -> None:
    hours = Hours(((Span(480, 1_080),),) * 7, None, 7_200.0)
    reports = {("1h", at(f"26 {hour:02}:00")): report(hour) for hour in range(9, 19)}
    values, _ = written([target(hours=hours)], reports)
    interval = values["wolkvox_poll_interval_seconds"]["acme", "32841", "1h"]
    assert (interval[at("26 17:59")], interval[at("26 18:00")]) == (3_600, 7_200)
    shown = values["wolkvox_campaign_attempts"]["acme", "32841", "1h", "answer"]
    assert max(shown) == at("26 23:59")  # 18:00 + 3 x 2h + 1m


def test_hours_that_close_between_two_polls_show_at_once() -> None:
    hours = Hours(((Span(0, 510),),) * 7, None, 7_200.0)
    values, _ = written([target(hours=hours)], {("1h", at("26 08:00")): report(1)})
    intervals = values["wolkvox_poll_interval_seconds"]["acme", "32841", "1h"]
    assert intervals[at("26 08:29")] == 3_600
    assert intervals[at("26 08:30")] == 7_200


def test_results_seen_in_one_window_are_shown_in_all() -> None:
    reports = {("1h", at("26 08:00")): report(5, "voicemail"), ("30m", at("26 09:00")): report(3)}
    values, _ = written([target(), target(window="30m")], reports)
    assert values["wolkvox_campaign_attempts"]["acme", "32841", "30m", "voicemail"][at("26 09:00")] == 0


def test_today_and_yesterday_leave_at_midnight() -> None:
    days = Days(date(2026, 11, 25), date(2026, 11, 26))
    reports = {("today", at(f"25 {hour:02}:00")): report(hour) for hour in range(1, 24)}
    reports |= {("yesterday", at("26 00:00")): report(99), ("today", at("26 00:00")): report(24)}
    values, _ = written([target(window="today"), target(window="yesterday")], reports, days)
    shown = values["wolkvox_campaign_attempts"]
    assert max(shown["acme", "32841", "today", "answer"]) == at("25 23:59")
    assert min(shown["acme", "32841", "yesterday", "answer"]) == at("26 00:15")
    assert max(shown["acme", "32841", "yesterday", "answer"]) == at("26 23:59")
    assert ("acme", "32841", "yesterday") not in values["wolkvox_poll_interval_seconds"]


def test_an_empty_answer_is_judged_as_ever() -> None:
    reports = {("today", at("26 09:00")): report(50), ("today", at("26 10:00")): Report(no_data=True)}
    values, _ = written([target(window="today")], reports)
    shown = values["wolkvox_campaign_attempts"]["acme", "32841", "today", "answer"]
    assert shown[at("26 10:30")] == 50
    again = reports | {("today", at("26 11:00")): Report(no_data=True)}
    values, _ = written([target(window="today")], again)
    assert values["wolkvox_campaign_attempts"]["acme", "32841", "today", "answer"][at("26 11:30")] == 0


def test_nothing_is_known() -> None:
    values, text = written([target()], {})
    assert values == {}
    assert text.endswith("# EOF\n")
    assert write_past(io.BytesIO(), {}, lambda _: (), Scrapes(lambda _: DAY, 60, LABELS), lambda _: None) == 0


def test_a_poll_after_the_last_day_is_not_shown() -> None:
    values, _ = written([target(delay=1_800.0)], {("1h", at("27 00:00")): report(1)})
    assert values["wolkvox_campaign_attempts"] == {}


@pytest.fixture(scope="module")
def demo() -> tuple[Values, Values]:
    """The demo's backfill and its history, both each 4 minutes of an hour."""
    config, settings = demo_config("http://x"), demo_settings()
    traffic, campaigns = Traffic(settings.seed, settings.zone, settings.hours), CampaignList(0, settings.unknown)
    start, end = at("26 12:00"), at("26 13:00")
    targets = [at_step(target, 240) for operation in config.operations for target in operation.targets]

    def answers(of: Sequence[Target]) -> Iterator[tuple[PastWindow, Report]]:
        for one in of:
            campaign = campaigns.find(one.key.campaign)
            assert campaign is not None
            for window in past_windows(one, DAY, 240):
                if start <= window.end < end:
                    rows = answer.rows(traffic.counts(campaign, int(window.asked.start), int(window.asked.end)))
                    reply = answer.report(rows)
                    found = parse_response(reply.status, reply.body)
                    assert isinstance(found, Report)
                    yield window, found

    past = io.BytesIO()
    write_past(past, by_campaign(targets), answers, Scrapes(lambda _: DAY, 240, LABELS), lambda _: None)
    history = io.BytesIO()
    write_history(config, settings, Past(start=start, end=end, step=240), history, lambda _: None)
    return parsed(past.getvalue().decode()), parsed(history.getvalue().decode())


def test_the_demos_backfill_equals_its_history_in_what_both_have(demo: tuple[Values, Values]) -> None:
    backfill, history = demo
    both = 0
    for name in backfill.keys() & history.keys() - {"wolkvox_poll_interval_seconds"}:
        for labels, shown in backfill[name].items():
            for moment in shown.keys() & history[name].get(labels, {}).keys():
                if at("26 12:00") <= moment < at("26 13:00"):
                    assert shown[moment] == history[name][labels][moment], (name, labels, moment)
                    both += 1
    assert both > 15 * 10 * 20
    assert {name for name in history if name.startswith("wolkvox_campaign")} - backfill.keys() == {
        "wolkvox_campaign_polls_total",
        "wolkvox_campaign_poll_failures_total",
    }


def test_progress_can_end_the_writing() -> None:
    def stop(_: float) -> None:
        raise InterruptedError

    with pytest.raises(InterruptedError):
        write_past(io.BytesIO(), by_campaign([target()]), lambda _: (), Scrapes(lambda _: DAY, 60, LABELS), stop)
