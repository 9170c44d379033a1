"""The PrometheusRule is made of our own rules, with what the values set."""

import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from real_helm import LIVE, render

from deploy.document import camel
from exporter.duration import parse_duration
from prometheus import chart
from prometheus.document import document
from prometheus.generate import FILES, groups
from prometheus.parameters import Parameters
from prometheus.rule import Language

THRESHOLDS = {name: default for name, default in chart.settable().items() if not isinstance(default, str)}


def rendered(values: dict[str, Any] | None = None) -> list[dict[str, Any]]:
    """The groups of a release with these values of `rules` and `monitor`."""
    values = {"rules": {}} | (values or {})
    release = render(LIVE | values | {"rules": {"enabled": True} | values["rules"], "dashboards": {"enabled": False}})
    found: list[dict[str, Any]] = release.one("PrometheusRule")["spec"]["groups"]
    return found


def generated(parameters: Parameters) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = yaml.safe_load(document(groups(parameters), parameters))["groups"]
    return found


def plain(found: list[dict[str, Any]]) -> Any:
    """The same with every duration in seconds: the generator writes 3h where a placeholder leaves 10800s."""

    def seconds(match: re.Match[str]) -> str:
        return f"{parse_duration(match[0]):g}s"

    return yaml.safe_load(re.sub(r"\b[0-9]+[smhdw]\b", seconds, yaml.safe_dump(found, width=100_000)))


def alerts(found: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    return {rule["alert"]: rule for group in found for rule in group["rules"] if "alert" in rule}


@pytest.mark.parametrize("language", Language)
def test_they_are_the_file_of_the_language(language: Language) -> None:
    file = yaml.safe_load(FILES[language].read_text())
    assert plain(rendered({"rules": {"language": language.value}})) == plain(file["groups"])
    if language is Language.ENGLISH:
        assert rendered() == rendered({"rules": {"language": "en"}})


def test_in_both_languages_each_alert_stays_one_alert() -> None:
    both, *single = (alerts(rendered({"rules": {"language": language}})) for language in ("both", "en", "es"))
    english, spanish = single
    assert list(both) == list(english) == list(spanish)
    for name, alert in both.items():
        for key in ("summary", "description"):
            assert alert["annotations"][key] == english[name]["annotations"][key]
            assert alert["annotations"][f"{key}_es"] == spanish[name]["annotations"][key]
        assert {key: value for key, value in alert.items() if key != "annotations"} == {
            key: value for key, value in english[name].items() if key != "annotations"
        }


@st.composite
def parameters(draw: st.DrawFn) -> dict[str, float]:
    """Any threshold, each kept or set."""
    chosen: dict[str, float] = {}
    for name, default in THRESHOLDS.items():
        if isinstance(default, int):
            values: st.SearchStrategy[float] = st.integers(1, 5_000_000)
        elif name.endswith("_factor"):
            values = st.integers(101, 999).map(lambda number: number / 100)
        else:
            values = st.integers(1, 999).map(lambda number: number / 1_000)
        if draw(st.booleans()):
            chosen[name] = draw(values)
    return chosen


@settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck))
@given(chosen=parameters())
def test_with_other_thresholds_they_are_what_the_generator_writes(chosen: dict[str, Any]) -> None:
    thresholds = {camel(name): value for name, value in chosen.items()}
    assert plain(rendered({"rules": {"thresholds": thresholds}})) == plain(generated(Parameters(**chosen)))


def test_job_and_addresses_are_what_the_generator_writes() -> None:
    values = {
        "monitor": {"job": "dialler"},
        "rules": {"runbooksUrl": "https://wiki.example/runbooks", "grafanaUrl": "https://grafana.example/g/"},
    }
    expected = Parameters(
        job="dialler", runbooks_url="https://wiki.example/runbooks", grafana_url="https://grafana.example/g/"
    )
    assert plain(rendered(values)) == plain(generated(expected))


@pytest.mark.parametrize(
    "values",
    [
        {},
        {"language": "es"},
        {"language": "both"},
        {"thresholds": {camel(name): value for name, value in THRESHOLDS.items()}},
        {"disabled": ["WolkvoxBusySpike"]},
    ],
)
def test_promtool_takes_them(values: dict[str, Any], tmp_path: Path) -> None:
    file = tmp_path / "rules.yml"
    file.write_text(yaml.safe_dump({"groups": rendered({"rules": values})}))
    done = subprocess.run(["promtool", "check", "rules", str(file)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_severities_and_labels_can_be_set() -> None:
    values = {"severities": {"WolkvoxBusySpike": "page"}, "alertLabels": {"team": "dialling", "severity": "none"}}
    found, before = alerts(rendered({"rules": values})), alerts(rendered())
    assert found["WolkvoxBusySpike"]["labels"] == {"severity": "page", "team": "dialling"}
    for name, rule in found.items():
        assert rule["labels"]["team"] == "dialling"
        if name != "WolkvoxBusySpike":
            assert rule["labels"]["severity"] == before[name]["labels"]["severity"]


def test_an_alert_can_be_left_out() -> None:
    names = set(alerts(rendered()))
    assert set(alerts(rendered({"rules": {"disabled": ["WolkvoxBusySpike"]}}))) == names - {"WolkvoxBusySpike"}
    left = rendered({"rules": {"disabled": sorted(names)}})
    assert alerts(left) == {}
    assert all(group["rules"] for group in left), "an empty group is left out"


def test_the_demo_wakes_nobody() -> None:
    """Its campaigns are made up, spikes included; the rules are installed only if somebody asks for them."""
    assert "PrometheusRule" not in render().kinds
    assert "PrometheusRule" in render({"rules": {"enabled": True}}).kinds


def test_a_parameter_that_no_placeholder_stands_for_is_an_error() -> None:
    def rules(p: Parameters) -> str:
        return yaml.safe_dump({"groups": [{"expr": f"x > {1 - p.spike_share:g}"}]})

    with pytest.raises(chart.TemplateError, match="FACTORS"):
        chart.template(rules)
