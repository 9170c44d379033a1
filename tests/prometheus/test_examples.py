"""The example files belong together: names, ports and paths of one are those of the other."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from rulebook import ALERTS, ROOT

from exporter.options import COMMANDS, parse
from prometheus.generate import GROUPS, RULES, SPANISH_RULES
from prometheus.parameters import DEFAULTS
from prometheus.rule import Alert

PROMETHEUS = ROOT / "prometheus" / "prometheus.yml"
ALERTMANAGER = ROOT / "prometheus" / "alertmanager.yml"
OF_THE_USER = {"./config", "./secrets"}


def load(path: Path) -> dict[str, Any]:
    content: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return content


COMPOSE = load(ROOT / "compose.yaml")
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
CONFIG = load(PROMETHEUS)
ROUTES = load(ALERTMANAGER)


def test_promtool_takes_prometheus_yml_with_its_rules(run: Callable[..., str]) -> None:
    assert "1 rule files found" in run("promtool", "check", "config", PROMETHEUS)


def test_amtool_takes_alertmanager_yml(run: Callable[..., str]) -> None:
    assert "SUCCESS" in run("amtool", "check-config", ALERTMANAGER)


@pytest.mark.parametrize("severity", ["critical", "warning", "info"])
def test_routes_go_by_severity(severity: str, run: Callable[..., str]) -> None:
    answer = run("amtool", "config", "routes", "test", f"--config.file={ALERTMANAGER}", f"severity={severity}")
    assert answer.splitlines()[0] == severity


def test_groups_go_by_operation() -> None:
    assert "operation" in ROUTES["route"]["group_by"]
    assert "campaign" not in ROUTES["route"]["group_by"]


def test_inhibitions_name_alerts_that_there_are() -> None:
    named = set(re.findall(r"Wolkvox\w+", str(ROUTES["inhibit_rules"])))
    assert named <= {alert.name for alert in ALERTS}


def inhibited_by(source: str) -> set[str]:
    """The alerts that another one of the same operation silences."""
    return {
        alert.name
        for rule in ROUTES["inhibit_rules"]
        if re.search(rf"\b{source}\b", str(rule["source_matchers"])) and "campaign" not in rule["equal"]
        for alert in ALERTS
        if all(_matches(alert, matcher) for matcher in rule["target_matchers"])
    }


def _matches(alert: Alert, matcher: str) -> bool:
    label, operator, value = re.findall(r'(\w+)(=~|!=|=)"(.*)"', matcher)[0]
    own = {"alertname": alert.name, "campaign": "1" if "$labels.campaign" in alert.description.en else ""}[label]
    return bool(re.fullmatch(value, own)) != bool(operator == "!=")


def test_campaign_alerts_are_inhibited_while_the_token_is_refused() -> None:
    silent = inhibited_by("WolkvoxTokenRefused")
    about_campaigns = {alert.name for alert in ALERTS if "$labels.campaign" in alert.description.en}
    assert about_campaigns - silent == {"WolkvoxDialledOutsideHours"}
    assert silent - about_campaigns == {"WolkvoxCarrierTrouble", "WolkvoxPollsLate", "WolkvoxDiscoveryFailing"}


def test_the_carrier_is_one_message_for_all_its_campaigns() -> None:
    assert inhibited_by("WolkvoxCarrierTrouble") == {
        "WolkvoxBusySpike",
        "WolkvoxBusyUnusual",
        "WolkvoxFailedSpike",
        "WolkvoxFailedUnusual",
        "WolkvoxCongestionHigh",
    }
    (rule,) = (rule for rule in ROUTES["inhibit_rules"] if "WolkvoxCarrierTrouble" in str(rule["source_matchers"]))
    assert rule["equal"] == ["cluster", "namespace", "job", "operation"]


def test_scrapes_come_often_enough_for_the_look_back() -> None:
    assert CONFIG["global"]["scrape_interval"] in {"30s", "1m", "2m"}


def test_the_job_is_the_one_that_the_alerts_name() -> None:
    jobs = {job["job_name"]: job["static_configs"][0]["targets"] for job in CONFIG["scrape_configs"]}
    assert jobs[DEFAULTS.job] == ["exporter:10965"]
    assert f'up{{job="{DEFAULTS.job}"}}' in str(GROUPS)


def _names(service: str) -> set[str]:
    networks = SERVICES[service].get("networks", {})
    return {service, *(alias for network in networks.values() for alias in network["aliases"])}


def test_prometheus_and_grafana_find_the_services() -> None:
    targets = re.findall(r"([a-z]+):(\d+)'", str(CONFIG))
    datasource = next((ROOT / "grafana/provisioning/datasources").iterdir()).read_text(encoding="utf-8")
    targets += re.findall(r"http://([a-z]+):(\d+)", datasource)
    ports = {
        name: port.split(":")[-1]
        for service in SERVICES
        for name in _names(service)
        for port in SERVICES[service]["ports"]
    }
    assert {(name, port) for name, port in targets if name != "localhost"} <= set(ports.items())


def test_images_are_pinned() -> None:
    foreign = [service["image"] for service in SERVICES.values() if "build" not in service]
    assert all(re.search(r":v?\d+\.\d+\.\d+$", image) for image in foreign)


def test_every_service_has_a_health_check() -> None:
    assert all(service["healthcheck"]["test"][0] == "CMD" for service in SERVICES.values())


def test_the_exporter_is_checked_by_a_module_that_there_is() -> None:
    for name in ("exporter", "exporter-demo"):
        command = SERVICES[name]["healthcheck"]["test"]
        assert command == ["CMD", "python", "-m", "exporter.healthcheck"]
    assert (ROOT / "exporter" / "healthcheck.py").is_file()


def test_no_path_leads_out_of_the_repository_and_each_is_there() -> None:
    sources = [str(mount).split(":")[0] for service in SERVICES.values() for mount in service.get("volumes", ())]
    paths = {source for source in sources if source not in COMPOSE["volumes"]}
    assert all(path.startswith("./") and ".." not in path for path in paths)
    assert all((ROOT / path).exists() for path in paths - OF_THE_USER)


def test_folders_are_mounted_not_files_that_an_editor_replaces() -> None:
    assert "secrets" not in COMPOSE, "compose mounts a secret as a single file"
    sources = [str(mount).split(":")[0] for service in SERVICES.values() for mount in service.get("volumes", ())]
    paths = {source for source in sources if source.startswith("./")} - OF_THE_USER
    assert paths
    assert {path for path in paths if not (ROOT / path).is_dir()} == set()


def test_named_volumes_are_declared_and_used() -> None:
    mounts = [str(mount).split(":")[0] for service in SERVICES.values() for mount in service.get("volumes", ())]
    assert {mount for mount in mounts if not mount.startswith("./")} == set(COMPOSE["volumes"])


def test_ports_are_open_on_this_machine_only() -> None:
    assert all(port.startswith("127.0.0.1:") for service in SERVICES.values() for port in service["ports"])


def test_profiles_choose_the_exporter_and_leave_the_rest() -> None:
    assert {name: service.get("profiles") for name, service in SERVICES.items()} == {
        "exporter-demo": ["demo"],
        "exporter": ["live"],
        "prometheus": None,
        "alertmanager": None,
        "grafana": None,
    }


@pytest.mark.parametrize("service", ["exporter", "exporter-demo"])
def test_the_exporter_understands_its_command(service: str) -> None:
    command = SERVICES[service]["command"]
    assert command[0] in COMMANDS
    assert parse(command, {}).command == command[0]


def test_the_token_of_the_example_config_is_where_compose_puts_it() -> None:
    assert "./secrets:/run/secrets:ro" in SERVICES["exporter"]["volumes"]
    assert "token_file: /run/secrets/" in (ROOT / "config.example.yml").read_text(encoding="utf-8")


def test_rules_and_dashboards_are_mounted_where_they_are_looked_for() -> None:
    mounts = dict(
        str(mount).split(":")[:2] for name in ("prometheus", "grafana") for mount in SERVICES[name]["volumes"]
    )
    provider = load(next((ROOT / "grafana/provisioning/dashboards").iterdir()))["providers"][0]
    assert mounts["./grafana/dashboards"] == provider["options"]["path"]
    assert mounts["./grafana/provisioning"] == "/etc/grafana/provisioning"
    command = " ".join(SERVICES["prometheus"]["command"])
    assert f"--config.file={mounts['./prometheus']}/{PROMETHEUS.name}" in command
    assert list((PROMETHEUS.parent / CONFIG["rule_files"][0]).parent.glob("*.yml"))


def test_the_home_dashboard_exists() -> None:
    home = SERVICES["grafana"]["environment"]["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"]
    assert (ROOT / "grafana" / "dashboards" / Path(home).name).is_file()


@pytest.mark.parametrize("path", [RULES, SPANISH_RULES])
def test_dashboards_that_alerts_link_to_exist(path: Path) -> None:
    boards = [load(each) for each in (ROOT / "grafana" / "dashboards").glob("*.json")]
    variables = {board["uid"]: {each["name"] for each in board["templating"]["list"]} for board in boards}
    for rule in (rule for group in load(path)["groups"] for rule in group["rules"] if "alert" in rule):
        uid, _, query = rule["annotations"]["dashboard_url"].removeprefix("/d/").partition("?")
        assert set(re.findall(r"var-([a-z]+)=", query)) <= variables[uid], rule["alert"]
        assert uid.endswith("-es") == (path == SPANISH_RULES)
