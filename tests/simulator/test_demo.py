from dataclasses import replace

import pytest
from raw_client import NOON, FixedClock, ask
from real_demo import quiet_seed

from exporter.model import Failure
from exporter.polling.plan import plan
from exporter.simulator.campaigns import COLLECTION, OLD_DEBT, RENEWALS, SALES, SURVEYS
from exporter.simulator.demo import demo_config, demo_settings
from exporter.simulator.server import Simulator
from exporter.simulator.settings import ZONE
from exporter.simulator.traffic import DAY, HOUR, Shift, SimulatedCampaign, Traffic
from exporter.wolkvox.campaign_4 import parse_response
from exporter.wolkvox.window import bounds


def test_the_demo_fits_its_own_budget() -> None:
    for operation in demo_config("http://127.0.0.1:1").operations:
        asked = plan(replace(operation, targets=(*operation.targets, *operation.targets[:1] * 6))).requests_per_day
        assert operation.budget is not None
        assert asked <= operation.budget <= (demo_settings().quota or 0)


def test_each_operation_has_a_token_of_its_own_that_the_api_knows() -> None:
    tokens = [operation.token.get_secret_value() for operation in demo_config("http://x").operations]
    assert len(set(tokens)) == len(tokens) == 2
    assert set(tokens) == set(demo_settings().tokens)


def test_each_operation_finds_its_campaigns_besides() -> None:
    settings = demo_settings()
    for operation, own in zip(demo_config("http://x").operations, settings.named, strict=True):
        assert operation.discovery is not None
        assert operation.live_interval is not None
        assert {campaign.id for campaign in own} == {target.key.campaign for target in operation.targets}


def test_all_kinds_of_windows_are_shown() -> None:
    targets = [target for operation in demo_config("http://x").operations for target in operation.targets]
    assert {target.window.label for target in targets} == {"1h", "30m", "today"}
    assert len({target.key for target in targets}) == len(targets)


@pytest.mark.parametrize("hour", [0, 3 * 24 + 5, 5 * 24 + 13, 6 * 24 + 22])
async def test_most_of_it_has_attempts_whenever_it_is_started(clock: FixedClock, hour: int) -> None:
    clock.at += hour * HOUR
    settings = demo_settings()
    async with Simulator(settings, clock) as simulator:
        simulator.clear_faults()
        config = demo_config(simulator.base_url)
        lively = 0
        for operation in config.operations:
            for target in operation.targets:
                window = bounds(target.window, target.delay, target.zone, clock.at)
                lively += sum(simulator.counts(target.key.campaign, int(window.start), int(window.end)).values()) > 50
        assert lively >= 7
        for operation in config.operations:
            found = simulator.lives(operation.token.get_secret_value())
            assert 5 <= sum(life.is_started(clock.at) for life in found) <= 7
        target = config.operations[0].targets[0]
        window = bounds(target.window, target.delay, target.zone, clock.at)
        wire = await ask(
            simulator,
            token=config.operations[0].token.get_secret_value(),
            campaign_id=target.key.campaign,
            date_ini=window.date_ini,
            date_end=window.date_end,
        )
        assert not isinstance(parse_response(wire.status, wire.content), Failure)


def test_a_world_is_called_quiet_in_which_no_campaign_has_a_spike_of_its_own() -> None:
    def counts(seed: int, campaign: SimulatedCampaign, start: int) -> dict[str, int]:
        return Traffic(seed, ZONE, Shift.ALWAYS).counts(campaign, start, start + HOUR)

    def largest(counts: dict[str, int]) -> float:
        return max(counts["busy"], counts["failed"]) / sum(counts.values())

    hours = range(int(NOON), int(NOON) + 30 * DAY, HOUR)
    spike = next(hour for hour in hours if largest(counts(1, SALES, hour)) > 0.4)
    seed = quiet_seed(spike)
    assert seed != 1
    for campaign in (COLLECTION, OLD_DEBT, RENEWALS, SURVEYS, SALES):
        for hour in (spike - HOUR, spike):
            assert largest(counts(seed, campaign, hour)) < 0.25
