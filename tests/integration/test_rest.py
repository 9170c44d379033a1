"""A refused token rests: one request finds out whether it is well again, the other polls of the round fail unsent."""

from collections.abc import Awaitable, Callable
from typing import Any

from real_exporter import Exporter
from scraped_page import Page

from exporter.simulator.fault import Fault
from exporter.simulator.request_log import LoggedRequest, fingerprint
from exporter.simulator.server import Simulator

REFUSALS = {"auth": Fault.AUTH, "quota": Fault.QUOTA, "forbidden": Fault.FORBIDDEN}
CAMPAIGNS = ("1", "2", "3")


async def test_refused_tokens_rest_and_recover(
    run: Callable[..., Awaitable[Exporter]], operation: Callable[..., dict[str, Any]], simulator: Simulator
) -> None:
    slow = {"id": "3", "interval": "4s"}
    operations = [operation(reason, campaigns=[{"id": "1"}, {"id": "2"}, slow]) for reason in REFUSALS]
    exporter = await run({"interval": "2s", "operations": [*operations, operation("well", "1")]})
    before = await exporter.ready()
    for reason, fault in REFUSALS.items():
        simulator.set_fault(fault, token=f"token-of-{reason}")

    def all_refused(page: Page) -> bool:
        return all(
            page.reason(campaign, operation=reason) == reason and failures(page, reason) >= 9
            for reason in REFUSALS
            for campaign in CAMPAIGNS
        )

    page = await exporter.shows(all_refused)
    for reason in REFUSALS:
        assert page.value("wolkvox_token_rest", operation=reason, reason=reason) == 1
        assert all(page.value("wolkvox_campaign_up", operation=reason, campaign=one) == 0 for one in CAMPAIGNS)
        struck = [one.arrived_monotonic for one in sent(simulator, reason) if one.fault]
        # one request in the shortest interval, not one for each campaign; a busy machine may let the first one wait
        assert struck[-1] - struck[0] > (len(struck) - 1) * 2.0 - 1.5
        assert len(struck) < failures(page, reason)
        assert page.number("wolkvox_poll_failures_total", operation=reason, reason=reason) == failures(page, reason)
    polls = page.number("wolkvox_campaign_polls_total", operation="well")
    assert polls > before.number("wolkvox_campaign_polls_total", operation="well")
    assert failures(page, "well") == 0
    assert 'msg="token rests"' in exporter.stderr

    simulator.clear_faults()
    page = await exporter.shows(lambda page: len(page.find("wolkvox_campaign_up")) == page_sum(page) == 10)
    assert page.find("wolkvox_token_rest") == []
    assert page.find("wolkvox_campaign_failure") == []
    assert [one for one in simulator.log.entries if one.overlap] == []


def failures(page: Page, operation: str) -> float:
    return sum(one.value for one in page.find("wolkvox_campaign_poll_failures_total", operation=operation))


def page_sum(page: Page) -> float:
    return sum(one.value for one in page.find("wolkvox_campaign_up"))


def sent(simulator: Simulator, operation: str) -> list[LoggedRequest]:
    token = fingerprint(f"token-of-{operation}")
    return [one for one in simulator.log.entries if one.token == token]
