import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import promql_parser as promql
import pytest
import yaml
from rulebook import ALERTS, EXPORTED, RECORDINGS, children, series, under

from prometheus.document import document, duration
from prometheus.generate import GROUPS, RULES, SPANISH_RULES, groups, main
from prometheus.parameters import DEFAULTS, ParameterError, Parameters
from prometheus.rule import Alert, Group, Language, Recording, runbook_url, scale_durations

EXPRESSIONS = {**{rule.record: rule.expr for rule in RECORDINGS}, **{rule.name: rule.expr for rule in ALERTS}}
COUNTING = {"rate", "irate", "increase", "delta", "deriv", "sum_over_time", "avg_over_time"}


def committed() -> list[dict[str, Any]]:
    groups: list[dict[str, Any]] = yaml.safe_load(RULES.read_text(encoding="utf-8"))["groups"]
    return groups


@pytest.fixture(params=ALERTS, ids=lambda alert: alert.name)
def alert(request: pytest.FixtureRequest) -> Alert:
    found: Alert = request.param
    return found


SPANISH = Parameters(language=Language.SPANISH)


def test_the_committed_files_are_what_the_code_writes() -> None:
    assert RULES.read_text(encoding="utf-8") == document(GROUPS)
    assert SPANISH_RULES.read_text(encoding="utf-8") == document(groups(SPANISH), SPANISH)


@pytest.mark.parametrize("path", [RULES, SPANISH_RULES])
def test_prometheus_takes_the_file(path: Path, run: Callable[..., str]) -> None:
    assert f"{len(RECORDINGS) + len(ALERTS)} rules found" in run("promtool", "check", "rules", path)


def test_the_languages_differ_in_annotations_only() -> None:
    def bare(path: Path) -> str:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
        for rule in (rule for group in content["groups"] for rule in group["rules"]):
            told = rule.pop("annotations", {})
            rule["runbook"] = told.get("runbook_url")
        return yaml.safe_dump(content)

    assert bare(RULES) == bare(SPANISH_RULES)


def test_a_glob_of_the_folder_loads_one_language() -> None:
    assert [path.name for path in RULES.parent.glob("*.yml")] == [RULES.name]


def test_the_language_of_one_file_is_chosen(tmp_path: Path) -> None:
    path = tmp_path / "rules.yml"
    main([f"--output={path}", "--language=es"])
    assert path.read_text(encoding="utf-8") == SPANISH_RULES.read_text(encoding="utf-8")


def test_without_an_output_both_files_are_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files = {language: tmp_path / f"{language}.yml" for language in Language}
    monkeypatch.setattr("prometheus.generate.FILES", files)
    main([])
    assert files[Language.ENGLISH].read_text(encoding="utf-8") == RULES.read_text(encoding="utf-8")
    assert files[Language.SPANISH].read_text(encoding="utf-8") == SPANISH_RULES.read_text(encoding="utf-8")


def test_recordings_stand_before_the_alerts_that_use_them() -> None:
    recorded: set[str] = set()
    for group in GROUPS:
        reads = {name for rule in group.rules for name in series(rule.expr) if ":" in name}
        inside = {rule.record for rule in group.rules if isinstance(rule, Recording)}
        assert reads <= recorded | inside, group.name
        recorded |= inside


def test_groups_are_small_and_every_rule_has_one_name() -> None:
    assert all(len(group.rules) <= 20 for group in GROUPS)
    assert len({group.name for group in GROUPS}) == len(GROUPS)
    assert len(EXPRESSIONS) == len(RECORDINGS) + len(ALERTS)


def test_every_rule_has_its_comment_in_the_file() -> None:
    lines = RULES.read_text(encoding="utf-8").splitlines()
    starts = [index for index, line in enumerate(lines) if re.match(r" +- (alert|record|name):", line)]
    assert len(starts) == len(EXPRESSIONS) + len(GROUPS)
    assert all(lines[index - 1].lstrip().startswith("#") for index in starts)


def test_recordings_are_named_by_level_metric_and_operation() -> None:
    assert all(re.fullmatch(r"(campaign|operation):wolkvox_[a-z_]+:[a-z_]+", rule.record) for rule in RECORDINGS)


@pytest.mark.parametrize("name", EXPRESSIONS)
def test_expressions_read_only_what_there_is(name: str) -> None:
    assert series(EXPRESSIONS[name]) <= EXPORTED | {rule.record for rule in RECORDINGS} | {"up"}


@pytest.mark.parametrize("name", EXPRESSIONS)
def test_no_moving_window_is_counted_again(name: str) -> None:
    assert all(each.endswith("_total") for each in under(EXPRESSIONS[name], COUNTING))


OWN = {"cluster", "namespace", "job", "operation", "api", "campaign", "window", "result"}
"""Labels that say what a series is about; all others say where it was made."""
PER_EXPORTER = {
    rule.record
    for rule in RECORDINGS
    if re.fullmatch(r"campaign:.+:(sum|ratio|ratio_low|ratio_high|state)", rule.record)
} | {"WolkvoxReloadFailed"}


def _is_by_own_labels(node: object, own: set[str]) -> bool:
    return (
        isinstance(node, promql.AggregateExpr)
        and str(node.op) in {"max", "min"}
        and node.modifier is not None
        and node.modifier.type == promql.AggModifierType.By
        and {"cluster", "namespace", "job"} <= set(node.modifier.labels) <= own
    )


def _raw(node: Any, own: set[str]) -> set[str]:
    """Series that are read with the labels of the machine."""
    if _is_by_own_labels(node, own):
        return set()
    if isinstance(node, promql.VectorSelector):
        aggregated = ":" in (node.name or "") and (node.name not in PER_EXPORTER or "instance" in own)
        return {node.name} if node.name and not aggregated else set()
    return {name for each in children(node) for name in _raw(each, own)}


@pytest.mark.parametrize("name", EXPRESSIONS)
def test_no_rule_depends_on_the_labels_of_the_machine(name: str) -> None:
    if EXPRESSIONS[name].startswith("absent("):
        return
    own = OWN | {"instance"} if name in PER_EXPORTER else OWN
    assert _raw(promql.parse(EXPRESSIONS[name]), own) == set()


def test_the_check_for_labels_sees_a_raw_series() -> None:
    kept = "cluster, namespace, job, operation"
    assert _raw(promql.parse(f"max by ({kept}) (a) > 2 * (b offset 1w)"), OWN) == {"b"}
    assert _raw(promql.parse(f"max by ({kept}, node) (a)"), OWN) == {"a"}
    assert _raw(promql.parse("max by (job, operation) (a)"), OWN) == {"a"}
    assert _raw(promql.parse("max without (instance, pod) (a)"), OWN) == {"a"}
    assert _raw(promql.parse("campaign:wolkvox_busy:ratio"), OWN) == {"campaign:wolkvox_busy:ratio"}
    assert _raw(promql.parse("time() - campaign:wolkvox_busy:usual"), OWN) == set()


def test_alerts_are_named_alike(alert: Alert) -> None:
    assert re.fullmatch(r"Wolkvox([A-Z][a-z]+)+", alert.name)
    assert len(alert.name) <= 40


def test_summaries_are_static_sentences(alert: Alert) -> None:
    assert all(re.fullmatch(r"[A-Z][^{}.]*\.", text) for text in alert.summary)


def test_descriptions_are_templated_and_say_what_to_look_at_first(alert: Alert) -> None:
    english, spanish = alert.description
    assert re.search(r"\bFirst (check|compare|look) ", english)
    assert re.search(r"\b(Revise|Compare|Busque) primero ", spanish)
    for description in alert.description:
        assert "{{ $labels." in description
        assert not re.search(r"\$value(?! \| humanize| 1\.0)", description)


def test_both_languages_say_the_same_figures(alert: Alert) -> None:
    def asked(text: str) -> list[str]:
        return sorted(re.findall(r"\$value \| \w+|\$labels\.\w+|printf `[^`]+`", text))

    english, spanish = alert.description
    # Spanish also asks whether the window is an hour, to write it as people do.
    assert set(asked(english)) == set(asked(spanish))


def test_shares_need_volume(alert: Alert) -> None:
    if any(name.endswith(":ratio") for name in series(alert.expr)):
        assert re.search(r"campaign:wolkvox_attempts:sum\) >= \d+$", alert.expr, re.MULTILINE)


def test_every_alert_waits(alert: Alert) -> None:
    assert alert.wait >= 300


def test_dashboard_links_fill_in_what_the_alert_is_about(alert: Alert) -> None:
    link = alert.dashboard
    assert re.fullmatch(r"/d/wolkvox-(campaign|exporter)\?(&?var-[a-z]+=\{\{ \$labels\.[a-z]+ \| urlquery \}\})+", link)
    assert all(name == label for name, label in re.findall(r"var-([a-z]+)=\{\{ \$labels\.([a-z]+)", link))
    if link.startswith("/d/wolkvox-campaign"):
        assert {"job", "operation", "campaign"} <= set(re.findall(r"var-([a-z]+)=", link))


def test_committed_alerts_have_all_their_parts() -> None:
    for rule in (rule for group in committed() for rule in group["rules"] if "alert" in rule):
        assert rule["labels"].keys() == {"severity"}
        assert rule["labels"]["severity"] in {"critical", "warning", "info"}
        assert rule["annotations"].keys() == {"summary", "description", "runbook_url", "dashboard_url"}
        assert rule["for"]


@pytest.mark.parametrize(
    ("seconds", "text"), [(1, "1s"), (90, "90s"), (600, "10m"), (3600, "1h"), (5400, "90m"), (86400, "1d")]
)
def test_durations_are_written_in_the_largest_unit_that_divides_them(seconds: int, text: str) -> None:
    assert duration(seconds) == text


def test_runbook_urls_are_anchors_of_the_alerts_name() -> None:
    assert runbook_url(ALERTS[0], "https://wiki/runbooks") == "https://wiki/runbooks#wolkvoxbusyspike"


def test_a_hurried_copy_differs_in_its_durations_only() -> None:
    hasty = scale_durations(GROUPS, 120)
    waits = {rule.name: (rule.wait, rule.linger) for group in hasty for rule in group.rules if isinstance(rule, Alert)}
    assert waits["WolkvoxBusySpike"] == (5, 5)
    assert waits["WolkvoxTokenRefused"] == (2, 0)
    assert [rule.expr for group in hasty for rule in group.rules] == list(EXPRESSIONS.values())


def test_no_wait_is_hurried_away() -> None:
    (group,) = scale_durations((Group("one", "", (ALERTS[0],)),), 10**6)
    (rule,) = group.rules
    assert isinstance(rule, Alert)
    assert (rule.wait, rule.linger) == (1, 1)


def test_the_hurried_copy_is_valid(run: Callable[..., str], tmp_path: Path) -> None:
    path = tmp_path / "rules.yml"
    path.write_text(document(scale_durations(GROUPS, 120)), encoding="utf-8")
    assert "SUCCESS" in run("promtool", "check", "rules", path)


def _annotations(path: Path) -> list[dict[str, str]]:
    rules = [rule for group in yaml.safe_load(path.read_text(encoding="utf-8"))["groups"] for rule in group["rules"]]
    return [rule["annotations"] for rule in rules if "alert" in rule]


@pytest.mark.parametrize("grafana", ["https://grafana.example.com", "http://10.0.0.7:3000/monitoring/"])
def test_addresses_come_from_the_parameters(grafana: str, tmp_path: Path, run: Callable[..., str]) -> None:
    path = tmp_path / "rules.yml"
    main([f"--output={path}", f"--grafana-url={grafana}", "--runbooks-url=https://wiki.example.com/wolkvox?v=2"])
    assert "SUCCESS" in run("promtool", "check", "rules", path)
    for annotations, alert in zip(_annotations(path), ALERTS, strict=True):
        assert annotations["dashboard_url"] == grafana.rstrip("/") + alert.dashboard
        assert annotations["runbook_url"] == f"https://wiki.example.com/wolkvox?v=2#{alert.name.lower()}"
    assert "github.com" not in path.read_text(encoding="utf-8")


def test_the_file_says_how_it_was_written(tmp_path: Path) -> None:
    path = tmp_path / "rules.yml"
    main([f"--output={path}", "--job=call centre", "--min-attempts=30"])
    first = path.read_text(encoding="utf-8").splitlines()[0]
    assert "`python -m prometheus.generate '--job=call centre' --min-attempts=30`" in first


def test_job_and_thresholds_reach_the_expressions(tmp_path: Path, run: Callable[..., str]) -> None:
    path = tmp_path / "rules.yml"
    main(
        [
            f"--output={path}",
            "--job=dialler",
            "--min-attempts=30",
            "--usual-attempts=60",
            "--spike-share=0.33",
            "--spike-low=0.22",
            "--congestion-share=0.07",
            "--congestion-low=0.03",
            "--unusual-factor=3",
            "--unusual-floor=0.12",
            "--unusual-margin=1.5",
            "--collapsed-fraction=0.4",
            "--carrier-campaigns=5",
            "--carrier-fraction=0.7",
            "--quota-share=0.95",
            "--discovery-interval=1800",
            "--live-interval=60",
            "--quota-interval=7200",
        ]
    )
    assert "SUCCESS" in run("promtool", "check", "rules", path)
    document_of = yaml.safe_load(path.read_text(encoding="utf-8"))["groups"]
    exprs = {rule["alert"]: rule["expr"] for group in document_of for rule in group["rules"] if "alert" in rule}
    for name, *parts in (
        ("WolkvoxBusySpike", "> 0.33\n", "> 0.22\n", ">= 30"),
        ("WolkvoxFailedSpike", "> 0.33\n", "> 0.22\n", ">= 30"),
        ("WolkvoxFailedUnusual", "> 3 * ", "> 0.12\n", "> 1.5 * ", ">= 30\n", ">= 60"),
        ("WolkvoxCongestionHigh", "> 0.07\n", "> 0.03\n"),
        ("WolkvoxContactCollapsed", "< 0.4 * ", ">= 30\n", ">= 60"),
        ("WolkvoxCarrierTrouble", ">= 5\n", "< 0.7 * "),
        ("WolkvoxDiallingStopped", ">= 60\n"),
        ("WolkvoxQuotaNearEnd", "> 0.95"),
        ("WolkvoxVendorQuotaNearEnd", "> 0.95"),
        ("WolkvoxDiscoveryFailing", "[90m]", "[3m]", "[6h]"),
        ("WolkvoxExporterDown", 'up{job="dialler"}'),
        ("WolkvoxExporterAbsent", 'absent(up{job="dialler"})'),
    ):
        assert all(part in exprs[name] for part in parts), name
    assert '"wolkvox"' not in path.read_text(encoding="utf-8")


def test_without_parameters_the_committed_file_is_written(tmp_path: Path) -> None:
    path = tmp_path / "rules.yml"
    main([f"--output={path}"])
    assert path.read_text(encoding="utf-8") == RULES.read_text(encoding="utf-8")
    assert groups(DEFAULTS) == GROUPS


@pytest.mark.parametrize(
    ("argument", "part"),
    [
        ("--grafana-url=grafana.example.com", "'grafana.example.com' is not a URL"),
        ("--grafana-url=ftp://grafana", "is not a URL"),
        ("--grafana-url=https://", "is not a URL"),
        ("--grafana-url=https://grafana/?orgId=1", "'?' is not allowed"),
        ("--grafana-url=https://grafana/{{ x }}", "'{' is not allowed"),
        ("--runbooks-url=", "is not a URL"),
        ("--runbooks-url=https://wiki/page#top", "'#' is not allowed"),
        ("--runbooks-url=https://[::1/page", "is not a URL"),
        ("--job=", "'' is not a job's name"),
        ('--job=a"} or up{job="b', "is not a job's name"),
        ("--min-attempts=0", "0 is not greater than 0 and finite"),
        ("--spike-share=25", "25.0 is not a share between 0 and 1"),
        ("--spike-share=nan", "nan is not"),
        ("--collapsed-fraction=1", "1.0 is not a share between 0 and 1"),
        ("--unusual-factor=-2", "-2.0 is not greater than 0 and finite"),
        ("--unusual-factor=inf", "inf is not"),
        ("--min-attempts=many", "invalid int value: 'many'"),
        ("--spike-low=18", "18.0 is not a share between 0 and 1"),
        ("--language=fr", "invalid choice: 'fr' (choose from 'en', 'es')"),
        ("--output=/nowhere/rules.yml", "/nowhere/rules.yml"),
    ],
)
def test_a_parameter_that_cannot_be_used_is_told_in_one_line(
    argument: str, part: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    output = [] if argument.startswith("--output") else [f"--output={tmp_path / 'rules.yml'}"]
    with pytest.raises(SystemExit) as ended:
        main([*output, argument])
    assert ended.value.code == 2
    last = capsys.readouterr().err.splitlines()[-1]
    assert part in last
    assert not list(tmp_path.iterdir())


def test_parameters_are_checked_wherever_they_are_made() -> None:
    with pytest.raises(ParameterError, match="--quota-share"):
        Parameters(quota_share=90)


def test_the_help_names_every_parameter(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--help"])
    told = capsys.readouterr().out
    assert "--grafana-url" in told
    assert "(default: 0.25)" in told
