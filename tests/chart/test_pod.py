"""Which pods run, what they may do, and who may talk to them."""

from typing import Any

import pytest
from real_helm import LIVE, NAME, NAMESPACE, POSTGRESQL, render

from exporter.options import PREFIX, parser_of

CERTIFICATE = {"cert_file": "/run/secrets/wolkvox/tls.crt", "key_file": "/run/secrets/wolkvox/tls.key"}


def test_sqlite_is_one_pod_with_a_volume() -> None:
    release = render(LIVE)
    assert release.workload["kind"] == "StatefulSet"
    assert release.workload["spec"]["replicas"] == 1
    [claim] = release.workload["spec"]["volumeClaimTemplates"]
    assert release.mounts[claim["metadata"]["name"]] == "/var/lib/wolkvox-exporter"
    assert release.environ["WOLKVOX_EXPORTER_STORAGE_URL"].startswith("sqlite:////var/lib/wolkvox-exporter/")
    assert "PodDisruptionBudget" not in release.kinds


def test_postgresql_is_any_number_of_pods_spread_over_nodes() -> None:
    release = render(POSTGRESQL)
    assert release.workload["kind"] == "Deployment"
    assert release.workload["spec"]["replicas"] == 3
    assert "state" not in release.mounts
    selector = release.workload["spec"]["selector"]
    [spread] = release.pod["topologySpreadConstraints"]
    assert spread["topologyKey"] == "kubernetes.io/hostname"
    assert spread["labelSelector"] == selector
    assert release.one("PodDisruptionBudget")["spec"]["selector"] == selector


def test_there_is_no_autoscaler() -> None:
    assert "HorizontalPodAutoscaler" not in render(POSTGRESQL).kinds


def test_the_demo_needs_nothing() -> None:
    release = render()
    assert release.container["args"] == ["demo"]
    assert release.workload["kind"] == "Deployment"
    assert set(release.mounts) == {"tmp"}
    assert "The demo runs" in release.notes


@pytest.mark.parametrize("values", [{}, LIVE, POSTGRESQL])
def test_the_environment_holds_flags_that_the_command_knows(values: dict[str, Any]) -> None:
    release = render(values | {"web": {"enableLifecycle": True, "existingSecret": "w", "routePrefix": "/w"}})
    flags = {flag.removeprefix("--").replace(".", "_").replace("-", "_").upper() for flag in parser_of("run").flags()}
    assert {name for name in release.environ if name.startswith(PREFIX)} <= {f"{PREFIX}{flag}" for flag in flags}


@pytest.mark.parametrize("values", [{}, LIVE, POSTGRESQL])
def test_it_meets_the_restricted_standard(values: dict[str, Any]) -> None:
    """https://kubernetes.io/docs/concepts/security/pod-security-standards/#restricted."""
    release = render(values)
    pod, container = release.pod["securityContext"], release.container["securityContext"]
    assert pod["runAsNonRoot"] is True
    assert pod["runAsUser"] > 0
    assert pod["seccompProfile"] == {"type": "RuntimeDefault"}
    assert container["allowPrivilegeEscalation"] is False
    assert container["capabilities"] == {"drop": ["ALL"]}
    assert container["readOnlyRootFilesystem"] is True
    assert not set(release.pod) & {"hostNetwork", "hostPID", "hostIPC"}
    kinds = {next(iter(set(volume) - {"name"})) for volume in release.pod["volumes"]}
    assert kinds <= {"configMap", "emptyDir", "projected", "secret", "persistentVolumeClaim"}
    assert release.pod["automountServiceAccountToken"] is False
    assert release.one("ServiceAccount")["automountServiceAccountToken"] is False
    assert release.container["resources"]["limits"]["memory"]
    assert "cpu" not in release.container["resources"]["limits"]


def test_openshift_assigns_the_user() -> None:
    context = render(LIVE | {"openshift": True}).pod["securityContext"]
    assert not set(context) & {"runAsUser", "runAsGroup", "fsGroup"}
    assert context["runAsNonRoot"] is True


@pytest.mark.parametrize(
    ("web", "scheme", "prefix"),
    [
        ({}, "HTTP", ""),
        ({"externalUrl": "https://monitor.example/wolkvox/"}, "HTTP", "/wolkvox"),
        ({"externalUrl": "https://monitor.example/wolkvox/", "routePrefix": "/"}, "HTTP", ""),
        ({"routePrefix": "/w/"}, "HTTP", "/w"),
        ({"config": {"basic_auth_users": {"me": "$2b$10$x"}}}, "HTTP", ""),
        ({"config": {"tls_server_config": CERTIFICATE}}, "HTTPS", ""),
        ({"config": {"tls_server_config": CERTIFICATE | {"client_auth_type": "VerifyClientCertIfGiven"}}}, "HTTPS", ""),
    ],
)
def test_the_kubelet_asks_where_the_exporter_serves(web: dict[str, Any], scheme: str, prefix: str) -> None:
    container = render(LIVE | {"web": web}).container
    for probe, page in (("liveness", "/-/healthy"), ("readiness", "/-/ready"), ("startup", "/-/healthy")):
        assert container[f"{probe}Probe"]["httpGet"] == {"path": prefix + page, "port": "http", "scheme": scheme}


@pytest.mark.parametrize(
    "values",
    [
        {"web": {"existingSecret": "web", "tls": True}},
        {"web": {"config": {"tls_server_config": CERTIFICATE | {"client_auth_type": "RequireAndVerifyClientCert"}}}},
        {"probes": {"type": "exec"}},
    ],
)
def test_a_command_asks_where_the_kubelet_cannot(values: dict[str, Any]) -> None:
    container = render(LIVE | values | {"extraArgs": ["--log.level=debug"]}).container
    command = ["python", "-m", "exporter.healthcheck"]
    assert container["livenessProbe"]["exec"]["command"] == [*command, "/-/healthy", "--log.level=debug"]
    assert container["readinessProbe"]["exec"]["command"] == [*command, "/-/ready", "--log.level=debug"]


def test_the_kubelet_may_ask_a_web_configuration_of_your_own() -> None:
    values = LIVE | {"web": {"existingSecret": "web", "tls": True}, "probes": {"type": "http"}}
    assert render(values).container["livenessProbe"]["httpGet"]["scheme"] == "HTTPS"


@pytest.mark.parametrize("kind", ["ServiceMonitor", "PodMonitor"])
def test_prometheus_scrapes_each_pod(kind: str) -> None:
    release = render(
        LIVE | {"monitor": {"enabled": True, "kind": kind, "labels": {"release": "kps"}, "job": "dialler"}}
    )
    monitor = release.one(kind)
    assert monitor["metadata"]["labels"]["release"] == "kps"
    assert monitor["spec"]["namespaceSelector"] == {"matchNames": [NAMESPACE]}
    labels = monitor["spec"]["selector"]["matchLabels"]
    target = release.one("Service") if kind == "ServiceMonitor" else release.workload["spec"]["template"]
    assert labels.items() <= target["metadata"]["labels"].items()
    [endpoint] = monitor["spec"]["endpoints" if kind == "ServiceMonitor" else "podMetricsEndpoints"]
    assert (endpoint["port"], endpoint["path"], endpoint["scheme"]) == ("http", "/metrics", "http")
    assert {"targetLabel": "job", "replacement": "dialler"} in endpoint["relabelings"]
    ports = release.one("Service")["spec"]["ports"] if kind == "ServiceMonitor" else release.container["ports"]
    assert [port["name"] for port in ports] == ["http"]


def test_a_scrape_follows_tls_password_and_prefix() -> None:
    users = {"username": {"name": "s", "key": "u"}, "password": {"name": "s", "key": "p"}}
    values = LIVE | {
        "web": {"config": {"tls_server_config": CERTIFICATE}, "externalUrl": "/w/", "telemetryPath": "/m"},
        "monitor": {"enabled": True, "basicAuth": users},
    }
    [endpoint] = render(values).one("ServiceMonitor")["spec"]["endpoints"]
    assert (endpoint["path"], endpoint["scheme"], endpoint["basicAuth"]) == ("/w/m", "https", users)
    assert endpoint["tlsConfig"] == {"insecureSkipVerify": True}
    verified = values | {"monitor": values["monitor"] | {"tlsConfig": {"serverName": "w"}}}
    [endpoint] = render(verified).one("ServiceMonitor")["spec"]["endpoints"]
    assert endpoint["tlsConfig"] == {"serverName": "w"}


def test_what_the_cluster_has_decides_unless_the_values_do() -> None:
    operator, openshift = "monitoring.coreos.com/v1", "security.openshift.io/v1"
    assert {"ServiceMonitor", "PrometheusRule"} <= render(LIVE, apis=[operator]).kinds
    demo = render(apis=[operator])
    assert "ServiceMonitor" in demo.kinds
    assert "PrometheusRule" not in demo.kinds, "made-up campaigns wake nobody"
    off = LIVE | {"monitor": {"enabled": False}, "rules": {"enabled": False}, "openshift": False}
    assert not render(off, apis=[operator]).kinds & {"ServiceMonitor", "PrometheusRule"}
    assert "runAsUser" not in render(LIVE, apis=[openshift]).pod["securityContext"]
    assert "runAsUser" in render(off, apis=[openshift]).pod["securityContext"]


def test_without_the_operator_there_are_no_objects_of_its_kinds() -> None:
    assert not render(LIVE).kinds & {"ServiceMonitor", "PodMonitor", "PrometheusRule"}


def ports(rules: list[dict[str, Any]]) -> list[set[int | str]]:
    return [{port["port"] for port in rule["ports"]} for rule in rules]


def test_the_network_policy_lets_out_what_is_needed() -> None:
    on = {"networkPolicy": {"enabled": True}}
    assert ports(render(on).one("NetworkPolicy")["spec"]["egress"]) == [{53}]
    assert ports(render(LIVE | on).one("NetworkPolicy")["spec"]["egress"]) == [{53}, {443}]
    policy = render(POSTGRESQL | on).one("NetworkPolicy")["spec"]
    assert ports(policy["egress"]) == [{53}, {443}, {5432}]
    assert policy["podSelector"] == render(POSTGRESQL).workload["spec"]["selector"]
    [ingress] = policy["ingress"]
    assert ingress["from"][0]["podSelector"]["matchLabels"] == {"app.kubernetes.io/name": "prometheus"}
    assert ports([ingress]) == [{"http"}]


def test_extra_manifests_may_be_templates() -> None:
    text = 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: "{{ .Release.Name }}-text"}\n'
    more = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "{{ .Release.Namespace }}-map"}}
    release = render({"extraManifests": [text, more]})
    assert {f"{NAME}-text", f"{NAMESPACE}-map"} <= {one["metadata"]["name"] for one in release.all("ConfigMap")}
