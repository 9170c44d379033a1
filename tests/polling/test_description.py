from dataclasses import replace
from zoneinfo import ZoneInfo

import pytest
from pydantic import SecretStr

from exporter.model import YESTERDAY, Operation, Target, TargetKey, Window
from exporter.polling.description import describe
from exporter.polling.plan import plan

BOGOTA, MADRID = ZoneInfo("America/Bogota"), ZoneInfo("Europe/Madrid")
NOON = 1_790_000_000.0
"""2026-09-21 14:13:20 UTC."""


def target(campaign: str = "1", window: Window = Window("1h", 3_600), **changes: object) -> Target:  # noqa: B008
    base = Target(TargetKey("acme", campaign, window.label), "", window, BOGOTA, 300.0, 0.0, 60.0, 960.0)
    return replace(base, **changes)  # type: ignore[arg-type]


def operation(*targets: Target, budget: int | None = None) -> Operation:
    return Operation("acme", "https://wv0013.wolkvox.com", SecretStr("made-up"), None, None, BOGOTA, budget, targets)


TODAY = Window("today", None)


def test_yesterday_is_counted_as_if_its_answers_never_agreed() -> None:
    past = target(window=YESTERDAY, interval=3_600.0)
    text = describe(operation(target(), past, budget=6_000), NOON)
    assert "requests per day         312, in a day of 24 h (America/Bogota)" in text
    assert "of these, yesterday      at most 24; 2 where the first two answers of a day agree" in text
    assert "a request for yesterday  date_ini=20260920000000 date_end=20260921000000" in text
    assert "of these" not in describe(operation(target()), NOON)


@pytest.mark.parametrize("budget", [24, 25, 30, 100, 6_000])
@pytest.mark.parametrize("others", [0, 1, 7])
@pytest.mark.parametrize("past", [1, 3])
def test_the_smallest_interval_knows_what_yesterday_costs_anyway(budget: int, others: int, past: int) -> None:
    def needed(interval: float) -> int:
        windows = [target(interval=interval)] * others
        windows += [target(window=YESTERDAY, interval=max(3_600.0, interval))] * past
        return plan(operation(*windows)).requests_per_day

    windows = [target()] * others + [target(window=YESTERDAY, interval=3_600.0)] * past
    smallest = plan(operation(*windows, budget=budget)).smallest_interval
    assert smallest is not None
    assert needed(smallest) <= budget
    assert smallest == 1 or needed(smallest - 1) > budget


def test_what_it_costs_and_what_would_be_asked() -> None:
    targets = (target(), target(window=TODAY), target("2", interval=3_600.0))
    assert (
        describe(operation(*targets, budget=6_000), NOON)
        == """\
operation acme
  server               https://wv0013.wolkvox.com
  local time now       2026-09-21 09:13:20, UTC-05:00 (America/Bogota)
  campaigns            2
  windows              1h, today
  requests per cycle   3
  requests per day     600, in a day of 24 h (America/Bogota)
  budget per day       6000, of which 10.0 % planned
  smallest interval    44s
  time per cycle       3s, at 1 s an answer
  resulting interval   5m for 2 requests, 1h for 1 request
  a request for 1h     date_ini=20260921081320 date_end=20260921091320
  a request for today  date_ini=20260921000000 date_end=20260921091320"""
    )


def test_without_a_budget_and_too_much_to_ask() -> None:
    text = describe(operation(*(target(str(number), interval=2.0) for number in range(3))), NOON)
    assert "budget per day      not limited, licenses is not given" in text
    assert "smallest interval   -" in text
    assert "resulting interval  3s instead of 2s" in text


def test_no_budget_at_all_and_no_secret() -> None:
    text = describe(operation(target(), budget=0), NOON)
    assert "budget per day      0\n" in text
    assert "made-up" not in text


def test_campaigns_of_other_zones_are_asked_by_their_own_clock() -> None:
    text = describe(operation(target(), target("2", zone=MADRID, delay=60.0)), NOON)
    assert text.endswith(
        "a request for 1h    date_ini=20260921151220 date_end=20260921161220, 2026-09-21 16:13:20, UTC+02:00"
        " (Europe/Madrid)"
    )


@pytest.mark.parametrize(("kinds", "more"), [(12, False), (14, True)])
def test_many_kinds_of_requests_are_counted(kinds: int, *, more: bool) -> None:
    text = describe(operation(*(target(str(number), delay=float(number)) for number in range(kinds))), NOON)
    assert text.count("a request for") == 12
    assert text.endswith("2 kinds are not shown") is more
