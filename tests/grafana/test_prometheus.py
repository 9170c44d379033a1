"""Every query of every dashboard, asked of a real Prometheus that holds what two exporters would have published."""

import json
import socket
import subprocess
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from recorded_past import as_sample, levels

from grafana.promql import EVERY_CAMPAIGN, ONE_CAMPAIGN
from grafana.queries import (
    EMPTY_WHEN_WELL,
    NEEDS_COMPANIONS,
    NEEDS_HISTORY,
    NEEDS_LICENCES,
    VALUES,
    Kind,
    expand,
    queries,
)
from prometheus.trouble import Trouble

Board = dict[str, Any]
Series = dict[str, Any]
Ask = Callable[..., list[Series]]

NOW = 1768489200
"""2026-01-15 15:00 UTC. Fixed: Prometheus judges retention by its newest block, and is asked for this moment."""
MINUTE, HOUR, WEEK = 60, 3600, 7 * 86400

USUAL = {"answer": 20, "no-answer": 120, "busy": 12, "failed": 8, "congestion": 0, "recall": 0, "do-not-call-clean": 0}
NONE = dict.fromkeys(USUAL, 0)


@dataclass(frozen=True)
class Made:
    """A campaign of the made-up history and the state that it should be given."""

    campaign: str
    state: int
    now: Mapping[str, int] | None = field(default_factory=lambda: USUAL)
    """Attempts by result; None once they are withdrawn."""
    before: Mapping[str, int] | None = field(default_factory=lambda: USUAL)
    """The same one and two weeks ago; None without history."""
    up: int = 1
    age: int | None = 120
    name: str = ""
    failures: int = 1

    def attempts(self, at: int) -> Mapping[str, int] | None:
        return self.now if at > NOW - WEEK // 2 else self.before


WELL = (Made("32841", 0, name="Cobranza"), Made("32842", 0))
ILL = (
    Made("32841", 0, up=0, name="Cobranza"),
    Made("200", Trouble.BUSY, now=USUAL | {"busy": 90}, name="busy"),
    Made("201", Trouble.BUSY, now=USUAL | {"busy": 38}, name="busy beyond its usual"),
    Made("202", 0, now=USUAL | {"busy": 38}, before=None, name="busy without history"),
    Made("203", Trouble.BUSY, now=NONE | {"busy": 15, "answer": 15}, before=NONE, name="busy, few attempts, clear"),
    Made("204", 0, now=NONE | {"busy": 9}, before=NONE, name="busy, too few attempts"),
    Made("205", Trouble.BUSY | Trouble.CONTACT, now=USUAL | {"busy": 600}, name="so busy that nobody is reached"),
    Made("300", Trouble.CONGESTION, now=USUAL | {"congestion": 30}),
    Made("400", Trouble.CONTACT, now=USUAL | {"answer": 0}),
    Made("401", 0, now=USUAL | {"answer": 6}, name="fewer answers, by chance"),
    Made("500", Trouble.SILENT | Trouble.IDLE, now=NONE),
    Made("501", Trouble.IDLE, now=NONE, before=NONE),
    Made("502", Trouble.IDLE, now=NONE, name="over since days"),
    Made("600", Trouble.FAILED, now=USUAL | {"failed": 90}, name="failed"),
    Made("601", Trouble.FAILED | Trouble.BUSY, now=USUAL | {"failed": 90, "busy": 90}, name="failed and busy"),
    Made("700", Trouble.UNANSWERED, up=0, age=900),
    Made("800", Trouble.WITHDRAWN | Trouble.UNANSWERED, now=None, before=USUAL, up=0, age=3600),
    Made(
        "801",
        Trouble.WITHDRAWN | Trouble.UNANSWERED,
        now=None,
        before=None,
        up=0,
        age=None,
        failures=2,
        name="never answered",
    ),
)
IDLE = Made("100", Trouble.IDLE, now=NONE, before=NONE)


def sample(metric: str, at: int, value: float, /, **labels: str) -> str:
    inner = ",".join(f'{key}="{text}"' for key, text in labels.items())
    return f"{metric}{{{inner}}} {value} {at}\n"


def campaign_page(made: Made, at: int, **labels: str) -> Iterator[str]:
    yield sample("wolkvox_campaign_info", at, 1, **labels, name=made.name)
    yield sample("wolkvox_campaign_utc_offset_seconds", at, -18000, **labels)
    if labels["job"] != "new":
        yield sample("wolkvox_campaign_started", at, 1, **labels)
        for name in ("list_records", "list_pending_records", "list_recycles", "calls_per_minute"):
            yield sample(f"wolkvox_campaign_{name}", at, 10, **labels)
        yield sample("wolkvox_campaign_penetration_percent", at, 50, **labels, period="day")
    for window in ("1h", "today"):
        key = labels | {"window": window}
        attempts = made.attempts(at)
        yield sample("wolkvox_poll_interval_seconds", at, 300, **key)
        yield sample("wolkvox_campaign_up", at, made.up, **key)
        yield sample("wolkvox_campaign_polls_total", at, (at - NOW + 3 * WEEK) // 300, **key)
        if not made.up:
            yield sample("wolkvox_campaign_failure", at, 1, **key, reason="auth")
        yield sample("wolkvox_campaign_poll_failures_total", at, made.failures, **key)
        if made.age is not None:
            yield sample("wolkvox_campaign_last_success_timestamp_seconds", at, at - made.age, **key)
        if attempts is not None:
            yield sample("wolkvox_campaign_no_data", at, int(not any(attempts.values())), **key)
            yield sample("wolkvox_campaign_window_start_timestamp_seconds", at, at - HOUR, **key)
            yield sample("wolkvox_campaign_window_end_timestamp_seconds", at, at, **key)
            for result, count in attempts.items():
                share = 100 * count / max(1, sum(attempts.values()))
                yield sample("wolkvox_campaign_attempts", at, count, **key, result=result)
                yield sample("wolkvox_campaign_attempts_percent", at, share, **key, result=result)


def page(job: str, instance: str, at: int) -> Iterator[str]:
    own = {"job": job, "instance": instance}
    labels = own | {"operation": "acme"}
    since = at - NOW + 3 * WEEK
    failed = since // 300 if job == "ill" else 0
    for name in ("up", "wolkvox_config_last_reload_successful"):
        yield sample(name, at, 1, **own)
    for name in (
        "wolkvox_config_last_reload_success_timestamp_seconds",
        "process_cpu_seconds_total",
        "process_resident_memory_bytes",
        "process_open_fds",
        "process_max_fds",
    ):
        yield sample(name, at, since, **own)
    yield sample("wolkvox_exporter_build_info", at, 1, **own, version="1.0.0", revision="abc", python="3.11")
    if job != "new":
        yield sample("wolkvox_quota_budget_requests", at, 6000, **labels)
        yield sample("wolkvox_poll_interval_stretch_ratio", at, 1, **labels)
        yield sample("wolkvox_discovered_campaigns", at, 60, **labels)
        yield sample("wolkvox_api_up", at, 1, **labels, api="campaigns")
        yield sample("wolkvox_api_failures_total", at, failed, **labels, api="campaigns")
        yield sample("wolkvox_vendor_quota_limit_requests", at, 15000, **labels)
        yield sample("wolkvox_vendor_quota_used_requests", at, 900, **labels, by="all_tokens")
    if job == "ill":
        alert = {"alertname": "WolkvoxBusySpike", "alertstate": "firing", "severity": "warning"}
        yield sample("ALERTS", at, 1, job=job, operation="acme", campaign="200", window="1h", **alert)
    yield sample("wolkvox_quota_used_requests", at, 600, **labels)
    yield sample("wolkvox_token_lease_held", at, int(instance.startswith("a")), **labels)
    yield sample("wolkvox_poll_lag_seconds", at, 1, **labels)
    yield sample("wolkvox_poll_failures_total", at, failed, **labels, reason="auth")
    api = labels | {"api": "campaign_4"}
    yield sample("wolkvox_api_requests_total", at, since // 30, **api)
    yield sample("wolkvox_api_request_duration_seconds_count", at, since // 30, **api)
    yield sample("wolkvox_api_request_duration_seconds_sum", at, since / 30, **api)
    for bound in ("1.0", "60.0", "+Inf"):
        yield sample("wolkvox_api_request_duration_seconds_bucket", at, since // 30, **api, le=bound)
    for made in {"well": WELL, "new": WELL, "ill": (*ILL, IDLE)}[job]:
        yield from campaign_page(made, at, **labels, campaign=made.campaign)


def clocks() -> Iterator[str]:
    """Two campaigns, the clock of one put forward in the last week; attempts tell the minutes since they were made."""
    labels = {"job": "clock", "instance": "a:10965", "operation": "acme"}
    for at in (NOW - week * WEEK + shift * HOUR // 2 for week in (2, 1, 0) for shift in (-2, -1, 0, 1, 2)):
        for campaign, offset in (("1", 3600 if at > NOW - 6 * 86400 else 0), ("2", 0)):
            key = labels | {"campaign": campaign}
            yield sample("wolkvox_campaign_utc_offset_seconds", at, offset, **key)
            key |= {"window": "1h", "result": "answer"}
            yield sample("wolkvox_campaign_attempts", at, (NOW - at) // MINUTE + 1000, **key)


def history() -> Iterator[str]:
    """Ten minutes of now and of each week before; the campaigns' yesterday, which tells a silent one from an ended."""
    for job in ("well", "ill"):
        for week in (2, 1, 0):
            for at in range(NOW - week * WEEK - 10 * MINUTE, NOW - week * WEEK + 1, MINUTE):
                for number, instance in enumerate(("a:10965", "b:10965")):
                    # A roll-out in between gave the exporters new names.
                    yield from page(job, instance if week < 2 else f"old{number}", at)
    for at in range(NOW - 10 * MINUTE, NOW + 1, MINUTE):
        yield from page("new", "a:10965", at)
    for at in range(NOW - 90000, NOW - 82800, MINUTE):
        labels = {"job": "ill", "operation": "acme", "campaign": "500"}
        yield sample("campaign:wolkvox_active:timestamp_seconds", at, at, **labels)
    yield from clocks()
    yield "# EOF\n"


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


@pytest.fixture(scope="module")
def ask(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ask]:
    """Ask Prometheus, with what the rules make of the made-up pages."""
    folder = tmp_path_factory.mktemp("prometheus")
    (folder / "prometheus.yml").write_text("scrape_configs: []\n")
    add_blocks(folder, "".join(history()))
    for ready in levels():
        with prometheus(folder) as server:
            found = [(rule, one) for rule in ready for one in server(rule.expr)]
        text = "".join(as_sample(rule, one["metric"], NOW, one["value"][1]) for rule, one in found)
        add_blocks(folder, text + "# EOF\n") if text else None
    with prometheus(folder) as server:
        yield server


def add_blocks(folder: Path, text: str) -> None:
    (folder / "page.om").write_text(text)
    blocks = ["promtool", "tsdb", "create-blocks-from", "openmetrics", "--quiet", "page.om", "data"]
    subprocess.run(blocks, cwd=folder, check=True, capture_output=True)


@contextmanager
def prometheus(folder: Path) -> Iterator[Ask]:
    port = free_port()
    command = ["prometheus", "--config.file=prometheus.yml", "--storage.tsdb.path=data"]
    command += [f"--web.listen-address=127.0.0.1:{port}", "--storage.tsdb.retention.time=60d"]
    with (folder / "log").open("wb") as log:
        server = subprocess.Popen(command, cwd=folder, stderr=log, stdout=log)
    try:
        wait_until_ready(f"http://127.0.0.1:{port}/-/ready", folder / "log")
        yield asker(port)
    finally:
        server.terminate()
        server.wait(timeout=60)


def wait_until_ready(url: str, log: Path) -> None:
    until = time.monotonic() + 60
    while time.monotonic() < until:
        try:
            with urllib.request.urlopen(url, timeout=5):
                return
        except OSError:
            time.sleep(0.1)
    pytest.fail(f"Prometheus is not ready after 60 s:\n{log.read_text()[-2000:]}")


def asker(port: int) -> Ask:
    def call(expr: str, at: int = NOW) -> list[Series]:
        body = urllib.parse.urlencode({"query": expr, "time": at}).encode()
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/api/v1/query", data=body, timeout=30) as answer:
                found = json.load(answer)["data"]["result"]
        except urllib.error.HTTPError as error:
            pytest.fail(f"{json.load(error)['error']}\n{expr}")
        assert isinstance(found, list)
        return found

    return call


def by_campaign(found: list[Series]) -> dict[str, float]:
    values = {series["metric"]["campaign"]: float(series["value"][1]) for series in found}
    assert len(values) == len(found), "a campaign stands there twice"
    return values


def test_every_query_returns_data_while_something_is_wrong(ask: Ask, board: Board) -> None:
    asked = [query for query in queries(board, {**VALUES, "job": "ill"}) if query.kind is not Kind.ANNOTATION]
    assert not [(query.name, query.ref) for query in asked if not ask(query.expr)]


def test_only_the_listed_queries_are_empty_while_all_is_well(ask: Ask, board: Board) -> None:
    found = list(queries(board, {**VALUES, "job": "well"}))
    empty = {(query.name, query.ref) for query in found if not ask(query.expr)}
    listed = {(name, ref) for silence in EMPTY_WHEN_WELL for name in silence.names for ref in silence.refs}
    assert empty == listed & {(query.name, query.ref) for query in found}


def test_without_history_and_licences_only_what_needs_them_is_empty(ask: Ask, board: Board) -> None:
    found = list(queries(board, {**VALUES, "job": "new"}))
    empty = {(query.name, query.ref) for query in found if not ask(query.expr)}
    listed = {
        (query.name, query.ref)
        for query in found
        for silence in (*EMPTY_WHEN_WELL, NEEDS_COMPANIONS, NEEDS_HISTORY, NEEDS_LICENCES)
        if query.ref in silence.refs and (query.name in silence.names or not silence.names)
    }
    assert empty == listed


def test_no_value_is_not_a_number(ask: Ask, board: Board) -> None:
    """A tile says so by itself: it maps what is not a number to a dash."""
    for query in queries(board):
        if not query.expr.endswith("or vector(NaN)"):
            assert not [series for series in ask(query.expr) if series["value"][1] in {"NaN", "+Inf", "-Inf"}], query


def test_every_campaign_has_its_state(ask: Ask) -> None:
    states = by_campaign(ask(expand(EVERY_CAMPAIGN.state(), {**VALUES, "job": "ill"})))
    assert states == {made.campaign: made.state for made in (*ILL, IDLE)}


def test_two_exporters_are_not_counted_twice(ask: Ask, boards: dict[str, Board]) -> None:
    tiles = {query.name: query.expr for query in queries(boards["wolkvox-overview"], {**VALUES, "job": "well"})}
    ((campaigns), (attempts)) = ask(tiles["Campaigns"]), ask(tiles["Attempts"])
    assert [series["value"][1] for series in (*campaigns, *attempts)] == ["2", "320"]


@pytest.mark.parametrize("weeks", [1, 2])
def test_the_weeks_before_survive_new_names_of_the_exporters(ask: Ask, weeks: int) -> None:
    values = {**VALUES, "job": "well"}
    assert by_campaign(ask(expand(ONE_CAMPAIGN.attempts(weeks=weeks), values))) == {"32841": 160}
    assert by_campaign(ask(expand(ONE_CAMPAIGN.share("busy", weeks=weeks), values))) == {"32841": 0.075}


@pytest.mark.parametrize("weeks", [1, 2])
def test_the_weeks_before_are_those_of_the_same_local_hour(ask: Ask, weeks: int) -> None:
    ago: dict[str, float] = {}
    for campaign in ("1", "2"):
        values = {**VALUES, "job": "clock", "campaign": campaign}
        ago |= by_campaign(ask(expand(ONE_CAMPAIGN.attempts(weeks=weeks), values)))
    assert {campaign: (value - 1000) / 60 for campaign, value in ago.items()} == {
        "1": weeks * 168 - 1,
        "2": weeks * 168,
    }


def test_one_campaign_in_trouble_is_counted_once(ask: Ask, boards: dict[str, Board]) -> None:
    for job, number in (("well", 0), ("ill", sum(made.state > 1 for made in ILL))):
        tiles = {query.name: query.expr for query in queries(boards["wolkvox-overview"], {**VALUES, "job": job})}
        assert [series["value"][1] for series in ask(tiles["In trouble"])] == [str(number)]


def test_a_campaign_is_called_by_its_name_or_its_id(ask: Ask, boards: dict[str, Board]) -> None:
    for query in queries(boards["wolkvox-overview"], {**VALUES, "job": "well"}):
        if query.kind is Kind.PANEL and query.ref == "state":
            titles = {series["metric"]["title"] for series in ask(query.expr)}
            assert titles == {"Cobranza", "32842"}
    variables = {query.name: query.expr for query in queries(boards["wolkvox-campaign"], {**VALUES, "job": "well"})}
    offered = {series["metric"]["campaign"]: series["metric"]["title"] for series in ask(variables["campaign"])}
    assert offered == {"32841": "Cobranza · 32841", "32842": "32842"}


def test_a_campaign_without_data_still_has_its_name(ask: Ask, boards: dict[str, Board]) -> None:
    for query in queries(boards["wolkvox-overview"], {**VALUES, "job": "ill"}):
        if (query.name, query.ref) == ("Every campaign", "state"):
            titles = {series["metric"]["campaign"]: series["metric"]["title"] for series in ask(query.expr)}
            assert titles == {made.campaign: made.name or made.campaign for made in (*ILL, IDLE)}
