"""Every query of every dashboard, asked of a real Prometheus with the rules, on the real demo and its last 15 days."""

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from real_demo import Demo, demo_in, past_as_blocks
from ruled_prometheus import RuledPrometheus, ruled_prometheus_on

from exporter.duration import parse_duration
from exporter.simulator.campaigns import COLLECTION, SURVEYS
from exporter.simulator.demo import OPERATIONS
from exporter.simulator.fault import Fault
from exporter.simulator.spikes import SpikeKind
from grafana.library import FOLDER
from grafana.promql import EVERY_CAMPAIGN
from grafana.queries import EMPTY_WHEN_WELL, VALUES, Kind, Query, expand, queries
from prometheus.promql import WEEKS
from prometheus.recordings import JUDGED, RESULTS

pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.timeout(600),
    pytest.mark.xdist_group("dashboards"),  # one stage for all
]

Points = list[tuple[float, float]]

STEP = 60
CHOSEN = dict(VALUES) | {"job": "wolkvox", "campaign": COLLECTION.id, "__rate_interval": "30s"}
"""As somebody chooses who looks at the demo; Prometheus scrapes it each second, so that half a minute is a rate."""

BUSY = 200.0
"""Attempts per second that the spike adds: a minute of them outweighs the campaign's hour."""

TARGETS = sum(map(len, OPERATIONS.values()))


@dataclass(frozen=True, slots=True)
class Series:
    """One series of an answer; `points` end now, or are the value now alone."""

    labels: Mapping[str, str]
    points: Points


@dataclass(frozen=True, slots=True)
class Answers:
    """What all queries of all dashboards gave at one moment."""

    start: Mapping[str, float]
    """The beginning of the time range, by dashboard."""
    at: float
    by_query: Mapping[Query, list[Series]]

    def empty(self) -> set[tuple[str, str, str]]:
        """The queries that gave nothing for now, by dashboard, name and ref."""
        return {
            (query.dashboard, query.name, query.ref)
            for query, found in self.by_query.items()
            if not any(series.points[-1][0] == self.at for series in found)
        }

    def of(self, dashboard: str, name: str, ref: str) -> list[Series]:
        """The answer to one query."""
        return next(
            found
            for query, found in self.by_query.items()
            if (query.dashboard, query.name, query.ref) == (dashboard, name, ref)
        )


ALL = [
    query
    for path in sorted(FOLDER.glob("*.json"))
    for query in queries(json.loads(path.read_text(encoding="utf-8")), CHOSEN)
]
SILENT = {
    (query.dashboard, query.name, query.ref)
    for query in ALL
    for silence in EMPTY_WHEN_WELL
    if query.name in silence.names and query.ref in silence.refs
}
"""Listed as rightly empty while all is well."""
ALERTING = {one for one in SILENT if one[1] in {"Alerts", "Alertas", "Trouble over time", "Problemas en el tiempo"}}
"""Show alerts: at some hours of the day the list of a campaign of the demo runs dry, and rightly that is one."""
UNFAILED = {one for one in SILENT if one[2] == "api_failures"}
"""Of what does not fail here."""


async def ask_all(server: RuledPrometheus) -> Answers:
    ((_, at),) = await server.query("vector(time())")
    found: dict[Query, list[Series]] = {}
    starts = {query.dashboard: at - parse_duration(query.since.removeprefix("now-")) for query in ALL if query.since}
    for query in ALL:
        if query.since:
            times = {"start": f"{starts[query.dashboard]:.3f}", "end": f"{at:.3f}", "step": str(STEP)}
            answer = await server.get("query_range", query=query.expr, **times)
            found[query] = [Series(one["metric"], points(one["values"])) for one in answer["result"]]
        else:
            answer = await server.get("query", query=query.expr, time=f"{at:.3f}")
            found[query] = [Series(one["metric"], points([one["value"]])) for one in answer["result"]]
    return Answers(starts, at, found)


def points(values: list[Any]) -> Points:
    return [(float(when), float(value)) for when, value in values]


@dataclass(frozen=True, slots=True)
class Stage:
    """The demo and who scrapes it."""

    demo: Demo
    server: RuledPrometheus


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def stage(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stage]:
    """The demo without its own faults, and Prometheus with the demo's past under the address that it scrapes."""
    folder: Path = tmp_path_factory.mktemp("dashboards")
    async with AsyncExitStack() as stack:
        demo = await stack.enter_async_context(demo_in(folder))
        await demo.no_faults()
        await past_as_blocks("15d", demo, folder / "data")
        server = await stack.enter_async_context(ruled_prometheus_on(folder, folder / "data", demo.address))
        yield Stage(demo, server)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def well(stage: Stage) -> Answers:
    """What is seen while all is well, after some scrapes and evaluations."""
    quiet = "sum(increase(wolkvox_poll_failures_total[30s])) == 0"
    asked = "count(rate(wolkvox_api_request_duration_seconds_count[30s]) > 0) == 2"
    recorded = "count(campaign:wolkvox_contact:usual) > 0"
    answered = f"count(wolkvox_campaign_up == 1) >= {TARGETS} unless on () wolkvox_campaign_up == 0"
    companions = "count(wolkvox_api_up == 1) == 6"
    conditions = (quiet, asked, recorded, answered, companions)
    await stage.server.until(" and on () ".join(conditions))
    return await ask_all(stage.server)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def ill(stage: Stage, well: Answers) -> Answers:
    """What is seen once one campaign gets no answers and another meets busy lines."""
    await stage.demo.fault(Fault.SERVER_ERROR, SURVEYS.id)
    await stage.demo.spike(SpikeKind.BUSY, COLLECTION.id, BUSY)
    stage.server.hurry()
    spike = f'ALERTS{{alertname="WolkvoxBusySpike", alertstate="firing", campaign="{COLLECTION.id}", window="1h"}}'
    failing = f'wolkvox_campaign_up{{campaign="{SURVEYS.id}"}} == 0'
    await stage.server.until(f"{spike} and on () ({failing}) and on () increase(wolkvox_poll_failures_total[30s]) > 0")
    return await ask_all(stage.server)


async def test_every_query_returns_data_but_those_that_are_listed(well: Answers) -> None:
    assert {query.kind for query in well.by_query} == set(Kind)
    assert well.empty() - ALERTING == SILENT - ALERTING


async def test_what_is_empty_while_all_is_well_is_not_once_something_fails(ill: Answers) -> None:
    assert ill.empty() == UNFAILED


async def test_lines_go_on_from_the_past_into_the_present(well: Answers) -> None:
    drawn = well.of("wolkvox-campaign", "Attempts by result", "results")
    assert {series.labels["result"] for series in drawn} == {result for result, _ in COLLECTION.mix}
    for series in drawn:
        assert series.points[0][0] == well.start["wolkvox-campaign"]
        assert series.points[-1][0] == well.at


async def test_the_rules_and_the_dashboards_agree_on_the_usual(stage: Stage, well: Answers) -> None:
    attempts = [EVERY_CAMPAIGN.attempts(weeks=week) for week in WEEKS]
    shown = {
        "attempts": f"({' + '.join(f'({each})' for each in attempts)}) / {len(WEEKS)}",
        **{name: _added_up(RESULTS[name], attempts) for name in JUDGED},
    }
    for name, template in shown.items():
        recorded = f'campaign:wolkvox_{name}:usual{{window="1h"}}'
        evaluated = {at for _, at in await stage.server.query(f"timestamp({recorded})", well.at)}
        (at,) = evaluated
        by_rule = {labels["campaign"]: value for labels, value in await stage.server.query(recorded, at)}
        answers = await stage.server.query(expand(template, CHOSEN), at)
        assert by_rule == pytest.approx({labels["campaign"]: value for labels, value in answers})
        assert {COLLECTION.id, SURVEYS.id} <= by_rule.keys()


def _added_up(result: str, attempts: list[str]) -> str:
    """The share of a result in both weeks added up."""
    counts = (
        f"({EVERY_CAMPAIGN.share(result, weeks=week)}) * ({then})" for week, then in zip(WEEKS, attempts, strict=True)
    )
    return f"({' + '.join(counts)}) / ({' + '.join(f'({each})' for each in attempts)})"


async def test_the_overview_names_who_is_in_trouble(stage: Stage, well: Answers, ill: Answers) -> None:
    def states(answers: Answers) -> dict[str, float]:
        rows = answers.of("wolkvox-overview", "In trouble now, worst first", "state")
        return {series.labels["title"]: series.points[-1][1] for series in rows}

    info = await stage.server.query("wolkvox_campaign_info", well.at)
    assert states(well).keys() == {labels["name"] for labels, _ in info}
    assert states(well).keys() >= {campaign.name for targets in OPERATIONS.values() for campaign, _ in targets}
    assert states(ill)[COLLECTION.name] > 1
    ((_, reason),) = [
        (series.labels["campaign"], series.labels["reason"])
        for series in ill.of("wolkvox-overview", "In trouble now, worst first", "reason")
        if "reason" in series.labels
    ]
    assert reason == "server_error"
