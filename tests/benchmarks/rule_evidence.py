"""False alarms and spikes seen by the alert on an unusual share, for small and large campaigns.

Real promtool evaluates the shipped rules over simulated campaigns, beside the alert as it was when shares were judged
by a minimum volume: over twice the mean of the usual shares, over 10 %, 50 attempts then and now. Each campaign dials
ten hours a day; its share of busy lines is 8 %, in hours that differ by a quarter; it is polled every 5 minutes for
windows of an hour, and has the same hours of one and two weeks before. Half of the campaigns have a spike to 40 % that
lasts one hour. `python tests/benchmarks/rule_evidence.py 400 60 120` simulates 400 campaigns of each kind, at 60 and
at 120 attempts an hour.
"""

import json
import random
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from rulebook import ALERTS, RECORDINGS, series

from prometheus.document import document
from prometheus.generate import GROUPS
from prometheus.recordings import ATTEMPTS, SAME_HOUR, once
from prometheus.rule import Alert, Group, Recording, Severity, Text

CAMPAIGNS = 40
SIZES = (15, 30, 60, 120, 400, 2000)
BASE, SPIKE, SPREAD = 0.08, 0.4, 0.25
SLOTS = 12
"""Polls an hour."""
DAY, WEEK = 24 * SLOTS, 7 * 24 * SLOTS
OPENS, CLOSES = 8 * SLOTS, 18 * SLOTS
SPIKE_AT = 13 * SLOTS
EXACT = 100
"""Attempts up to which each is drawn; more of them are drawn together, from the normal distribution."""

ALERT = "WolkvoxBusyUnusual"
BEFORE = "BusyUnusualByVolume"


def _before() -> Alert:
    busy, total = (f"sum without (result) ({SAME_HOUR}{matcher})" for matcher in ('{result="busy"}', ""))
    share = once('campaign:wolkvox_busy:ratio{window!~"today|yesterday"}')
    new = next(alert for alert in ALERTS if alert.name == ALERT)
    return replace(
        new,
        name=BEFORE,
        severity=Severity.INFO,
        summary=Text("", ""),
        description=Text("", ""),
        expr=(
            f"{share} > 2 * avg without (week) ({busy} / ({total} > 0)) and {share} > 0.1 "
            f"and {once(ATTEMPTS)} >= 50 and avg without (week) ({total}) >= 50"
        ),
    )


def _needed(wanted: set[str]) -> set[str]:
    """The rules of these names, and all that they are made from."""
    known = {rule.record: rule.expr for rule in RECORDINGS} | {rule.name: rule.expr for rule in ALERTS}
    below = {name for each in wanted for name in series(known[each]) if name in known} - wanted
    return _needed(wanted | below) if below else wanted


def _groups() -> tuple[Group, ...]:
    wanted = _needed({ALERT})
    kept = (replace(group, rules=tuple(rule for rule in group.rules if _name(rule) in wanted)) for group in GROUPS)
    return (*(group for group in kept if group.rules), Group("before", "As it was.", (_before(),)))


def _name(rule: Recording | Alert) -> str:
    return rule.record if isinstance(rule, Recording) else rule.name


def _binomial(rng: random.Random, attempts: int, share: float) -> int:
    if attempts <= EXACT:
        return sum(rng.random() < share for _ in range(attempts))
    drawn = rng.gauss(attempts * share, (attempts * share * (1 - share)) ** 0.5)
    return min(attempts, max(0, round(drawn)))


def _day(rng: random.Random, size: int, *, spike: bool) -> tuple[list[str], list[str]]:
    """Busy and other attempts in the window of an hour, as each poll of a day sees them."""
    busy, other = [0] * DAY, [0] * DAY
    for slot in range(OPENS, CLOSES):
        if slot % SLOTS == 0:
            share = min(1.0, max(0.0, BASE * rng.gauss(1, SPREAD)))
        attempts = sum(rng.random() < size / SLOTS / (size // SLOTS + 1) for _ in range(size // SLOTS + 1))
        in_spike = spike and SPIKE_AT <= slot < SPIKE_AT + SLOTS
        busy[slot] = _binomial(rng, attempts, SPIKE if in_spike else share)
        other[slot] = attempts - busy[slot]
    return _windows(busy), _windows(other)


def _windows(counts: list[int]) -> list[str]:
    seen = range(OPENS, CLOSES + SLOTS)
    return [str(sum(counts[slot - SLOTS : slot])) if slot in seen else "_" for slot in range(DAY)]


def _series(campaigns: int, size: int) -> Iterator[dict[str, str]]:
    rng = random.Random(size)
    gap = f"_x{WEEK - DAY}"
    for number in range(campaigns):
        for kind in ("calm", "spike"):
            days = [_day(rng, size, spike=kind == "spike" and day == 2) for day in range(3)]
            for result, picked in (("busy", 0), ("no-answer", 1)):
                labels = f'job="wolkvox", instance="a:10965", operation="{kind}", campaign="{number}", window="1h"'
                yield {
                    "series": f'wolkvox_campaign_attempts{{{labels}, result="{result}"}}',
                    "values": f" {gap} ".join(" ".join(day[picked]) for day in days),
                }


def _questions() -> list[dict[str, object]]:
    minutes = 5 * (2 * WEEK + SPIKE_AT + 2 * SLOTS)
    begun = (
        'ALERTS{alertstate="firing", operation="calm"} unless ALERTS{alertstate="firing", operation="calm"} offset 5m'
    )
    seen = 'ALERTS{alertstate="firing", operation="spike"}'
    asked = {
        f"sum by (alertname) (count_over_time(({begun})[1d:5m]))": f"{5 * (2 * WEEK + DAY)}m",
        f"count by (alertname) (count_over_time({seen}[2h]))": f"{minutes}m",
    }
    return [{"expr": expr, "eval_time": at, "exp_samples": []} for expr, at in asked.items()]


def measure(campaigns: int, size: int) -> tuple[dict[str, float], dict[str, float]]:
    """False alarms and spikes seen, by alert."""
    promtool = shutil.which("promtool")
    if not promtool:
        raise RuntimeError("promtool is missing: apt-get install prometheus")
    groups = _groups()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "rules.yml").write_text(document(groups), encoding="utf-8")
        told = {
            "rule_files": ["rules.yml"],
            "evaluation_interval": "5m",
            "group_eval_order": [group.name for group in groups],
            "tests": [
                {
                    "interval": "5m",
                    "input_series": list(_series(campaigns, size)),
                    "promql_expr_test": _questions(),
                }
            ],
        }
        (folder / "test.json").write_text(json.dumps(told), encoding="utf-8")
        done = subprocess.run(
            [promtool, "test", "rules", str(folder / "test.json")], capture_output=True, text=True, check=False
        )
    answers = {"sum": dict.fromkeys((ALERT, BEFORE), 0.0), "count": dict.fromkeys((ALERT, BEFORE), 0.0)}
    for kind, got in re.findall(r'expr: "(sum|count).*?got: ?(.*?)\n', done.stdout + done.stderr, re.DOTALL):
        answers[kind] |= {
            alert: float(value) for alert, value in re.findall(r'alertname="(\w+)"\} (\S+?),?(?:\s|$)', got)
        }
    return answers["sum"], answers["count"]


def main(arguments: list[str]) -> None:
    """Print a line for each size."""
    campaigns = int(arguments[0]) if arguments else CAMPAIGNS
    sizes = [int(each) for each in arguments[1:]] or SIZES
    print(f"{campaigns} campaign-days without and {campaigns} with a spike at each size")
    for size in sizes:
        false, seen = measure(campaigns, size)
        by_volume, by_evidence = (
            f"{100 * false[name] / campaigns:.1f} false alarms per 100 campaign-days, "
            f"{100 * seen[name] / campaigns:.0f}% of spikes seen"
            for name in (BEFORE, ALERT)
        )
        print(f"{size:5} attempts an hour: by volume {by_volume}; by evidence {by_evidence}", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
