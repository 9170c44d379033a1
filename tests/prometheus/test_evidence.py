"""How sure a share is: the recorded intervals are Wilson's, of each exporter, of what is usual, of an operation."""

from collections.abc import Callable
from math import sqrt
from pathlib import Path

import pytest
from needed_rules import write

from prometheus.recordings import JUDGED, RESULTS

Z = 1.96
STEP = "6h"
WEEK = 28
"""Steps of a week: promtool evaluates each from the beginning on."""

COUNTS = [
    (0, 1),
    (1, 1),
    (0, 10),
    (3, 10),
    (10, 10),
    (6, 15),
    (9, 15),
    (1, 7),
    (50, 120),
    (399, 400),
    (0, 100_000),
    (100_000, 100_000),
    (123_456, 1_000_000),
]
"""Attempts with a result, and attempts."""


def interval(count: int, attempts: int) -> tuple[float, float]:
    """Return the shares that are just Z standard errors away: the roots of Wilson's quadratic."""
    a, b, c = attempts + Z * Z, -(2 * count + Z * Z), count * count / attempts
    root = sqrt(max(0.0, b * b - 4 * a * c))
    return (-b - root) / (2 * a), (-b + root) / (2 * a)


@pytest.mark.parametrize(("count", "attempts"), COUNTS)
def test_the_reference_is_what_it_says(count: int, attempts: int) -> None:
    for end in interval(count, attempts):
        assert abs(count / attempts - end) == pytest.approx(
            Z * sqrt(max(0.0, end * (1 - end)) / attempts), rel=1e-6, abs=1e-7
        )


def attempts_of(
    campaign: str, result: str, value: int, *, weeks_ago: int = 0, instance: str = "a:10965"
) -> dict[str, str]:
    name = "wolkvox_campaign_attempts"
    labels = f'job="wolkvox", instance="{instance}", operation="acme", campaign="{campaign}", window="1h"'
    steps = WEEK * (2 - weeks_ago)
    return {
        "series": f'{name}{{{labels}, result="{result}"}}',
        "values": f"_x{steps} {value}+0x1" if steps else f"{value}+0x1",
    }


def expected(name: str, campaign: str, value: float) -> dict[str, str]:
    return {"series": f'{name}{{campaign="{campaign}"}}', "values": f"{value!r}+0x{2 * WEEK + 1}"}


@pytest.fixture
def promtool(run: Callable[..., str], tmp_path: Path) -> Callable[[list[dict[str, str]], list[str]], None]:
    """Ask whether these expressions are empty two weeks after the beginning."""

    def call(given: list[dict[str, str]], expressions: list[str]) -> None:
        case = {
            "interval": STEP,
            "input_series": given,
            "promql_expr_test": [{"expr": each, "eval_time": "14d", "exp_samples": []} for each in expressions],
        }
        run("promtool", "test", "rules", *write(tmp_path, STEP, [case]))

    return call


def differs(recorded: str, wanted: str, on: str = "campaign") -> list[str]:
    """Expressions that are not empty where a series is missing on one side or differs."""
    return [
        f"abs({recorded} - on ({on}) {wanted}) > 1e-9",
        f"{recorded} unless on ({on}) {wanted}",
        f"{wanted} unless on ({on}) {recorded}",
        f"{recorded} < 0 or {recorded} > 1",
    ]


@pytest.mark.parametrize("name", JUDGED)
def test_the_interval_of_a_share_is_wilsons(
    name: str, promtool: Callable[[list[dict[str, str]], list[str]], None]
) -> None:
    given = []
    for number, (count, attempts) in enumerate(COUNTS):
        low, high = interval(count, attempts)
        given += [
            attempts_of(str(number), RESULTS[name], count),
            attempts_of(str(number), "recall", attempts - count),
            expected("wanted_low", str(number), max(0.0, low)),
            expected("wanted_high", str(number), min(1.0, high)),
        ]
    share = f"campaign:wolkvox_{name}:ratio"
    promtool(given, [*differs(f"{share}_low", "wanted_low"), *differs(f"{share}_high", "wanted_high")])


@pytest.mark.parametrize("name", JUDGED)
def test_the_usual_adds_both_weeks_up_and_two_exporters_once(
    name: str, promtool: Callable[[list[dict[str, str]], list[str]], None]
) -> None:
    """Of 5 attempts two weeks ago 4 ended so, of 500 a week ago 50; both exporters saw the latter."""
    low, high = interval(54, 505)
    given = [
        attempts_of("1", RESULTS[name], 4, weeks_ago=2),
        attempts_of("1", "recall", 1, weeks_ago=2),
        *(
            each
            for instance in ("b:10965", "c:10965")
            for each in (
                attempts_of("1", RESULTS[name], 50, weeks_ago=1, instance=instance),
                attempts_of("1", "recall", 450, weeks_ago=1, instance=instance),
            )
        ),
        expected("wanted", "1", 54 / 505),
        expected("wanted_low", "1", low),
        expected("wanted_high", "1", high),
        expected("wanted_attempts", "1", 505),
        expected("wanted_mean", "1", 252.5),
    ]
    share = f"campaign:wolkvox_{name}:usual"
    promtool(
        given,
        [
            *differs(share, "wanted"),
            *differs(f"{share}_low", "wanted_low"),
            *differs(f"{share}_high", "wanted_high"),
            *differs("campaign:wolkvox_attempts:usual_sum", "wanted_attempts")[:3],
            *differs("campaign:wolkvox_attempts:usual", "wanted_mean")[:3],
        ],
    )


@pytest.mark.parametrize("name", JUDGED)
def test_an_operation_is_all_its_campaigns_whichever_exporters_publish_them(
    name: str, promtool: Callable[[list[dict[str, str]], list[str]], None]
) -> None:
    low, high = interval(4 + 60, 10 + 400)
    given = [
        *(
            each
            for instance in ("a:10965", "b:10965")
            for each in (
                attempts_of("1", RESULTS[name], 4, instance=instance),
                attempts_of("1", "recall", 6, instance=instance),
            )
        ),
        attempts_of("2", RESULTS[name], 60, instance="b:10965"),
        attempts_of("2", "recall", 340, instance="b:10965"),
        attempts_of("3", "recall", 0),
    ]
    share = f"operation:wolkvox_{name}:ratio"
    promtool(
        given,
        [
            "operation:wolkvox_attempts:sum != 410",
            f"abs({share} - {64 / 410!r}) > 1e-9",
            f"abs({share}_low - {low!r}) > 1e-9",
            f"abs({share}_high - {high!r}) > 1e-9",
            f"count({share} and {share}_low and {share}_high) != 1 or absent({share}_low)",
            f'{share}_low{{instance!=""}} or {share}_low{{campaign!=""}} or {share}_low{{operation!="acme"}}',
            f'{share}_low{{window!="1h"}} or {share}_low{{job!="wolkvox"}}',
        ],
    )
