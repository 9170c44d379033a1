import json
from collections import Counter
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from raw_client import NOON, FixedClock, Wire, ask

from exporter.simulator.campaigns import COLLECTION, NAMED, OLD_DEBT, WIN_BACK, CampaignList
from exporter.simulator.lives import Life, Lives
from exporter.simulator.operations import Operations
from exporter.simulator.server import Simulator
from exporter.simulator.settings import SimulatorSettings
from exporter.simulator.traffic import DAY, HOUR, Shift

LIST = "/api/v2/information.php"
LIVE = "/api/v2/real_time.php"
MIDNIGHT = int(NOON) - 12 * HOUR
SOME = (COLLECTION, OLD_DEBT, WIN_BACK)


def lives(hours: Shift = Shift.ALWAYS, **more: Any) -> Lives:
    settings = SimulatorSettings(hours=hours, **more)
    return Operations(settings, CampaignList(settings.generated)).of("any")


def started(found: Lives, now: float) -> int:
    return sum(life.is_started(now) for life in found.listed(now))


def rows(wire: Wire) -> list[dict[str, str]]:
    assert wire.status == 200
    data: list[dict[str, str]] = json.loads(wire.content)["data"]
    return data


async def asked(simulator: Simulator, path: str, api: str = "campaigns", token: str = "known", **more: Any) -> Wire:
    parameters = {"campaign_id": None, "date_ini": None, "date_end": None} | more
    return await ask(simulator, token, path=path, api=api, **parameters)


@pytest.mark.parametrize("hours", Shift)
@pytest.mark.parametrize("named", [(), (SOME,), (NAMED,)])
def test_five_to_seven_dial_at_once(hours: Shift, named: Any) -> None:
    found = lives(hours, named=named)
    open_hours = range(8, 19) if hours is Shift.OFFICE else range(24)
    counts = Counter(
        started(found, MIDNIGHT + day * DAY + hour * HOUR + minute * 60)
        for day in range(5)
        for hour in open_hours
        for minute in range(0, 60, 7)
    )
    assert set(counts) <= {5, 6, 7}
    assert len(counts) > 1


def test_some_eighteen_are_worked_on_in_a_day() -> None:
    found = lives(named=(SOME,))
    worked = {
        life.campaign.id
        for minute in range(0, DAY, 300)
        for life in found.listed(MIDNIGHT + minute)
        if life.is_started(MIDNIGHT + minute)
    }
    assert 14 <= len(worked) <= 20


def test_sixty_campaigns_of_which_five_dial() -> None:
    found = lives(named=((),), dialling=5, daily=60, resting=0)
    moments = [MIDNIGHT + minute for minute in range(0, DAY, 300)]
    assert {started(found, moment) for moment in moments} <= {3, 4, 5}
    assert 50 <= len({life.campaign.id for moment in moments for life in found.listed(moment)}) - 60 <= 130


def test_nobody_dials_on_a_sunday_night_in_office_hours_and_as_many_as_ever_else() -> None:
    sunday_night = MIDNIGHT - 2 * HOUR
    assert started(lives(Shift.OFFICE), sunday_night) == 0
    assert 5 <= started(lives(Shift.ALWAYS), sunday_night) <= 7


def test_without_a_lane_there_are_only_the_named_ones() -> None:
    listed = lives(dialling=6, resting=2, generated=1).listed(NOON)
    assert [life.campaign.id for life in listed] == ["30001", "30002", *(one.id for one in NAMED), "50001"]


def test_a_life_is_made_dials_and_is_deleted() -> None:
    found = lives(Shift.OFFICE)
    seen: dict[str, list[tuple[float, bool]]] = {}
    for moment in range(MIDNIGHT, MIDNIGHT + 3 * DAY, 300):
        for life in found.listed(moment):
            if len(life.campaign.id) == 6:
                seen.setdefault(life.campaign.id, []).append((moment, life.is_started(moment)))
    whole = [course for name, course in seen.items() if name.startswith("1787") or len(course) > 200]
    assert whole
    for course in whole:
        states = [state for _, state in course]
        assert not states[-1] or course[-1][0] == MIDNIGHT + 3 * DAY - 300
        assert True in states


def test_some_are_stopped_for_a_while_and_some_linger() -> None:
    found = lives(named=(SOME,))
    every = {life.campaign.id: life for day in range(7) for life in found.listed(NOON + day * DAY)}
    new = [life for name, life in every.items() if len(name) == 6]
    assert any(len(life.dials) == 2 for life in new)
    assert any(life.lingers and life.is_started(life.dials[-1][1]) for life in new)
    assert {life.kind for life in new} == {"predictive", "preview"}
    assert {life.finishes for life in new} == {True, False}


def test_a_life_is_found_by_its_id_for_a_month() -> None:
    found = lives()
    life = next(life for life in found.listed(NOON) if len(life.campaign.id) == 6)
    for later in (0, DAY, 30 * DAY):
        assert found.find(life.campaign.id, NOON + later) == life
    for name, now in ((life.campaign.id, NOON + 60 * DAY), ("99", NOON), ("x", NOON), ("²", NOON), ("999999", NOON)):
        assert found.find(name, now) is None


def test_a_repeated_hour_is_no_trouble() -> None:
    found = lives(zone=ZoneInfo("America/Santiago"))
    assert 5 <= started(found, 1_775_354_400 + HOUR) <= 7


def test_a_life_without_spans_never_dials() -> None:
    life = Life(WIN_BACK)
    assert not life.is_started(NOON)
    assert list(life.within(0, int(NOON))) == []


async def test_the_list_names_those_of_the_tokens_operation(clock: FixedClock) -> None:
    settings = SimulatorSettings(tokens=("known", "other"), named=(SOME,), hours=Shift.ALWAYS)
    async with Simulator(settings, clock) as simulator:
        first = rows(await asked(simulator, LIST))
        second = rows(await asked(simulator, LIST, token="other"))
    own, others = ({row["campaign_id"] for row in found} for found in (first, second))
    assert {one.id for one in SOME} <= own
    assert {one.id for one in NAMED} <= others
    assert not {name for name in own & others if len(name) == 6}
    assert set(first[0]) == {
        "campaign_id",
        "campaign_name",
        "campaign_description",
        "type_campaign",
        "status",
        "records",
        "speed",
        "dial_mode",
        "last_use",
        "recycled",
        "turbo_dial",
        "skill_id",
    }
    assert all(isinstance(value, str) for row in first for value in row.values())
    assert 5 <= sum(row["status"] == "Started" for row in first) <= 7


async def test_one_campaign_may_be_asked_for(simulator: Simulator) -> None:
    assert [row["campaign_id"] for row in rows(await asked(simulator, LIST, campaign="32841"))] == ["32841"]


async def test_live_figures_agree_with_the_reports(simulator: Simulator, clock: FixedClock) -> None:
    found = {row["campaign"].split(" - ")[0]: row for row in rows(await asked(simulator, LIVE))}
    dialling = [life for life in simulator.lives("known") if life.dials and life.is_started(clock.at)]
    assert {life.campaign.id for life in dialling} <= found.keys()
    for life in dialling:
        row = found[life.campaign.id]
        attempts = simulator.counts(life.campaign.id, life.dials[0][0], int(NOON))
        recent = sum(simulator.counts(life.campaign.id, int(NOON) - 300, int(NOON)).values())
        assert int(row["records"]) == int(row["clean"]) + int(row["dial"])
        assert int(row["answer"]) == attempts["answer"]
        assert int(row["dial"]) <= sum(attempts.values())
        assert row["calls_x_min"] == f"{recent / 5:.1f}"
        assert row["penetration_day"] == f"{100 * int(row['dial']) / int(row['records']):.2f} %"


async def test_a_list_runs_dry_and_an_ended_campaign_has_no_more_attempts(clock: FixedClock) -> None:
    async with Simulator(SimulatorSettings(hours=Shift.ALWAYS, named=(SOME,), tokens=("known",)), clock) as simulator:
        life = next(
            one for one in simulator.lives() if len(one.campaign.id) == 6 and one.finishes and one.is_started(NOON)
        )
        name, end = life.campaign.id, life.dials[-1][1]

        async def pending() -> tuple[int, float]:
            [row] = [one for one in rows(await asked(simulator, LIVE)) if one["campaign"].startswith(f"{name} - ")]
            return int(row["clean"]), float(row["calls_x_min"])

        before = await pending()
        clock.at = end - 1.0
        late = await pending()
        clock.at = end + HOUR
        after = await pending()
        assert before[0] > late[0] >= after[0] == 0
        assert before[1] > 0
        assert after[1] == 0
        assert simulator.counts(name, end, int(clock.at)) == {}
        assert sum(simulator.counts(name, life.dials[0][0], end).values()) > 0


async def test_the_named_ones_run_through_their_list_each_day(clock: FixedClock) -> None:
    clock.at = MIDNIGHT + DAY - 1.0
    async with Simulator(SimulatorSettings(hours=Shift.ALWAYS), clock) as simulator:
        found = {row["campaign"].split(" - ")[0]: row for row in rows(await asked(simulator, LIVE))}
    assert int(found["32841"]["clean"]) < 5
    assert found["33188"]["status"] == "stopped"
    assert "33240" not in found


async def test_the_quota_counts_the_tokens_own_requests(clock: FixedClock) -> None:
    async with Simulator(SimulatorSettings(quota=100, others=0.5, tokens=("known", "other")), clock) as simulator:
        await ask(simulator)
        await asked(simulator, LIST, token="other")
        [row] = rows(await asked(simulator, LIST, "token_info"))
    assert row == {
        "token_limit": "100",
        "token_use_today": "2",
        "all_token_today": "27",
        "available_consumption_options": "73",
    }


async def test_what_others_spend_is_missing(clock: FixedClock) -> None:
    async with Simulator(SimulatorSettings(quota=4, others=1.0), clock) as simulator:
        statuses = [(await asked(simulator, LIST)).status for _ in range(3)]
    assert statuses == [200, 200, 403]


@pytest.mark.parametrize(
    ("path", "api", "token", "status"),
    [
        (LIST, "campaigns", None, 401),
        (LIVE, "campaigns", "wrong", 403),
        (LIST, "token_info", "wrong", 403),
        (LIST, "nothing", "known", 400),
        (LIVE, "token_info", "known", 400),
    ],
)
async def test_refusals_are_those_of_a_report(
    simulator: Simulator, path: str, api: str, token: str | None, status: int
) -> None:
    assert (await ask(simulator, token, path=path, api=api)).status == status


async def test_a_report_comes_from_its_own_path_only(simulator: Simulator) -> None:
    assert (await ask(simulator, path=LIST)).status == 400


async def test_the_log_knows_the_api(simulator: Simulator) -> None:
    await ask(simulator)
    await asked(simulator, LIST)
    await asked(simulator, LIVE)
    await asked(simulator, LIST, "token_info")
    await asked(simulator, LIST, "else")
    apis = [entry.api for entry in simulator.log.entries]
    assert apis == ["campaign_4", "campaigns", "real_time_campaigns", "token_info", "else"]
