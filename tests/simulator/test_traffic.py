from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exporter.simulator.campaigns import COLLECTION, NAMED, REMINDERS, WIN_BACK, CampaignList, Unknown, invent
from exporter.simulator.traffic import DAY, HOUR, Shift, SimulatedCampaign, Traffic

BOGOTA = ZoneInfo("America/Bogota")
MONDAY = 1_795_410_000
"""Monday 23 November 2026, 00:00 in Bogota."""
SUNDAY = MONDAY - DAY

TRAFFICS = {hours: Traffic(1, BOGOTA, hours) for hours in Shift}
moments = st.integers(MONDAY - 40 * DAY, MONDAY + 5 * DAY)


def total(hours: Shift, start: int, end: int) -> int:
    return sum(TRAFFICS[hours].counts(COLLECTION, start, end).values())


@settings(deadline=None)  # the first days of a campaign take longer than the next
@given(st.sampled_from(NAMED), st.sampled_from(Shift), st.lists(moments, min_size=3, max_size=3).map(sorted))
def test_adjoining_windows_add_up_and_nothing_is_negative(
    campaign: SimulatedCampaign, hours: Shift, cuts: list[int]
) -> None:
    traffic = TRAFFICS[hours]
    a, b, c = cuts
    left, right, whole = (traffic.counts(campaign, *window) for window in ((a, b), (b, c), (a, c)))
    assert {result: left[result] + right[result] for result in left} == whole
    assert all(count >= 0 for count in (*left.values(), *right.values()))


@settings(deadline=None)  # the first days of a campaign take longer than the next
@given(moments)
def test_second_by_second_the_attempts_make_the_minute(moment: int) -> None:
    traffic = TRAFFICS[Shift.ALWAYS]
    seconds = [sum(traffic.counts(COLLECTION, at, at + 1).values()) for at in range(moment, moment + 60)]
    assert sum(seconds) == total(Shift.ALWAYS, moment, moment + 60)
    assert max(seconds) < 20


def test_the_same_seed_makes_the_same_traffic_and_another_another() -> None:
    window = (MONDAY, MONDAY + 12 * HOUR)
    assert Traffic(7, BOGOTA, Shift.OFFICE).counts(COLLECTION, *window) == Traffic(
        7, BOGOTA, Shift.OFFICE
    ).counts(COLLECTION, *window)  # fmt: skip
    assert Traffic(7, BOGOTA, Shift.OFFICE).counts(COLLECTION, *window) != Traffic(
        8, BOGOTA, Shift.OFFICE
    ).counts(COLLECTION, *window)  # fmt: skip


def test_a_known_window_keeps_its_count_over_versions() -> None:
    counts = TRAFFICS[Shift.OFFICE].counts(COLLECTION, MONDAY + 9 * HOUR, MONDAY + 10 * HOUR)
    assert counts == {
        "no-answer": 610,
        "answer": 357,
        "failed": 99,
        "busy": 97,
        "congestion": 36,
        "recall": 39,
        "do-not-call-clean": 12,
        "answer-machine": 131,
    }


def test_office_hours_have_a_morning_a_lunch_hour_and_an_afternoon() -> None:
    hourly = [total(Shift.OFFICE, MONDAY + h * HOUR, MONDAY + (h + 1) * HOUR) for h in range(24)]
    assert min(hourly[9], hourly[15]) > 1.2 * hourly[12]
    assert min(hourly[7:19]) > 300


@pytest.mark.parametrize("start", [MONDAY, MONDAY + 20 * HOUR, SUNDAY + 9 * HOUR, SUNDAY - DAY + 16 * HOUR])
def test_nights_sundays_and_saturday_afternoons_are_nearly_idle(start: int) -> None:
    assert total(Shift.OFFICE, start, start + 3 * HOUR) < 25


@pytest.mark.parametrize("hour", range(0, 7 * 24, 5))
def test_a_traffic_that_never_sleeps_has_attempts_at_any_hour(hour: int) -> None:
    assert total(Shift.ALWAYS, SUNDAY + hour * HOUR, SUNDAY + (hour + 1) * HOUR) > 300


def test_each_result_has_about_its_part() -> None:
    counts = TRAFFICS[Shift.OFFICE].counts(COLLECTION, MONDAY - 28 * DAY, MONDAY)
    everything = sum(counts.values())
    assert {result: count / everything for result, count in counts.items()} == pytest.approx(
        dict(COLLECTION.mix), abs=0.03
    )


def test_busy_and_failed_spike_now_and_then() -> None:
    spiking = {"busy": 0, "failed": 0}
    for hour in range(-60 * 24, 0):
        counts = TRAFFICS[Shift.ALWAYS].counts(COLLECTION, MONDAY + hour * HOUR, MONDAY + (hour + 1) * HOUR)
        for result in spiking:
            spiking[result] += counts[result] > 0.3 * sum(counts.values())
    assert 0 < spiking["busy"] < 30
    assert 0 < spiking["failed"] < 30


@settings(deadline=None)  # the first days of a campaign take longer than the next
@given(moments)
def test_the_idle_campaign_never_dials(start: int) -> None:
    assert not any(TRAFFICS[Shift.ALWAYS].counts(WIN_BACK, start, start + 31 * DAY).values())


def test_the_finished_campaign_stops_at_eleven() -> None:
    def attempts(first: int, last: int) -> int:
        return sum(TRAFFICS[Shift.OFFICE].counts(REMINDERS, MONDAY + first * HOUR, MONDAY + last * HOUR).values())

    assert attempts(10, 11) > 100
    assert attempts(11, 24) == 0


def test_days_follow_the_zone_over_a_change_of_its_clock() -> None:
    santiago = Traffic(1, ZoneInfo("America/Santiago"), Shift.OFFICE)
    change = 1_775_358_000  # Sunday 5 April 2026, 00:00 of winter time; Monday opens at 07:00 = 11:00 UTC
    opening = change + DAY + 8 * HOUR
    assert sum(santiago.counts(COLLECTION, opening - 2 * HOUR, opening - HOUR).values()) < 20
    assert sum(santiago.counts(COLLECTION, opening, opening + HOUR).values()) > 300


def test_unknown_campaigns_are_absent_or_made_up_the_same_each_time() -> None:
    assert CampaignList().find("777") is None
    assert CampaignList(unknown=Unknown.INVENTED).find("777") == invent("777")
    assert CampaignList(unknown=Unknown.INVENTED).find("no number") is None


def test_generated_campaigns_are_known_and_differ() -> None:
    campaigns = CampaignList(generated=1000)
    assert len(campaigns.campaigns) == len(NAMED) + 1000
    assert campaigns.find("50001") != campaigns.find("51000")
    assert campaigns.find("51001") is None
