"""Every documented combination of values is rendered by the real Helm, and Kubernetes would take it."""

import gzip
import json
from pathlib import Path
from typing import Any

import helm_python
import pytest
from real_helm import CHART, KUBERNETES, LIVE, POSTGRESQL, Release, documented, render, validate

ON = {"monitor": {"enabled": True}, "rules": {"enabled": True}, "networkPolicy": {"enabled": True}}

EVERYTHING: dict[str, Any] = POSTGRESQL | {
    **ON,
    "web": {"existingSecret": "web", "tls": True, "externalUrl": "/wolkvox/", "enableLifecycle": True},
    "dashboards": {"language": "both"},
    "service": {"type": "LoadBalancer", "annotations": {"a": "b"}, "labels": {"c": "d"}},
    "serviceAccount": {"annotations": {"a": "b"}},
    "networkPolicy": {"enabled": True, "databaseTo": [{"podSelector": {}}], "extraIngress": [{"from": []}]},
    "image": {"digest": f"sha256:{'0' * 64}"},
    "imagePullSecrets": [{"name": "registry"}],
    "updateStrategy": {"type": "RollingUpdate"},
    "podAnnotations": {"a": "b"},
    "podLabels": {"a": "b"},
    "commonLabels": {"team": "dialling"},
    "nodeSelector": {"disk": "ssd"},
    "tolerations": [{"operator": "Exists"}],
    "affinity": {"podAntiAffinity": {}},
    "topologySpreadConstraints": [{"maxSkew": 1, "topologyKey": "zone", "whenUnsatisfiable": "DoNotSchedule"}],
    "priorityClassName": "high",
    "hostAliases": [{"ip": "192.0.2.1", "hostnames": ["proxy.example"]}],
    "dnsPolicy": "None",
    "dnsConfig": {"nameservers": ["192.0.2.2"]},
    "extraArgs": ["--log.level=debug"],
    "extraEnv": [{"name": "TZ", "value": "UTC"}],
    "extraEnvFrom": [{"secretRef": {"name": "more"}}],
    "extraVolumes": [{"name": "more", "emptyDir": {}}],
    "extraVolumeMounts": [{"name": "more", "mountPath": "/more"}],
    "extraContainers": [{"name": "beside", "image": "beside:1"}],
    "initContainers": [{"name": "before", "image": "before:1"}],
    "extraManifests": [
        {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "{{ .Release.Name }}-map"}},
        'apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {{ include "wolkvox-exporter.fullname" . }}-text\n',
    ],
}

COMBINATIONS: dict[str, dict[str, Any]] = {
    "the demo": {},
    "the demo, monitored": ON,
    "SQLite": LIVE | ON,
    "SQLite without a volume": LIVE | {"storage": {"sqlite": {"persistent": False}}},
    "SQLite on a claim that exists": LIVE | {"storage": {"sqlite": {"existingClaim": "mine"}}},
    "SQLite on a class": LIVE | {"storage": {"sqlite": {"storageClass": "fast", "annotations": {"a": "b"}}}},
    "PostgreSQL": POSTGRESQL | ON,
    "one replica on PostgreSQL": POSTGRESQL | {"replicaCount": 1},
    "a PodMonitor": LIVE | {"monitor": {"enabled": True, "kind": "PodMonitor"}, "service": {"enabled": False}},
    "OpenShift": LIVE | {"openshift": True},
    "rules in Spanish": LIVE | {"rules": {"enabled": True, "language": "es"}},
    "rules in both languages": LIVE | {"rules": {"enabled": True, "language": "both"}},
    "nothing beside": LIVE | {"dashboards": {"enabled": False}, "serviceAccount": {"create": False}},
    "everything": EVERYTHING,
    **dict(documented()),
}


@pytest.fixture(scope="module", params=COMBINATIONS, ids=str)
def release(request: pytest.FixtureRequest) -> Release:
    return render(COMBINATIONS[request.param])


def test_kubernetes_takes_every_manifest(release: Release) -> None:
    for manifest in release.manifests:
        for version in KUBERNETES:
            validate(manifest, version)


def test_names_are_unique_and_everything_is_labelled(release: Release) -> None:
    own = [one for one in release.manifests if "labels" in one["metadata"]]
    assert len(release.manifests) - len(own) in {0, 2}, "all but the two extra manifests"
    names = [(one["kind"], one["metadata"]["name"]) for one in release.manifests]
    assert len(names) == len(set(names))
    for one in own:
        assert one["metadata"]["labels"]["app.kubernetes.io/instance"] == "wolkvox-exporter"
        assert len(one["metadata"]["name"]) <= 63


def test_kubectl_can_apply_every_manifest(release: Release) -> None:
    """Client-side apply keeps a copy in an annotation of at most 256 KiB; Argo CD does that too."""
    assert max(len(json.dumps(one)) for one in release.manifests) < 262_144


def test_the_notes_say_what_comes_next(release: Release) -> None:
    assert "Next steps:" in release.notes
    assert "allow-list" in release.notes
    assert "NAT gateway" in release.notes
    assert "port-forward" in release.notes
    assert "<no value>" not in release.notes
    assert "%!" not in release.notes


@pytest.mark.parametrize("values", [pytest.param(values, id=name) for name, values in COMBINATIONS.items()])
@pytest.mark.parametrize("version", KUBERNETES)
def test_helm_finds_nothing_to_say(values: dict[str, Any], version: str) -> None:
    report = helm_python.lint(CHART, values, strict=True, kube_version=f"v{version}.0")
    assert report["errors"] == []
    assert [one for one in report["messages"] if one["error"] != "icon is recommended"] == []


def test_documented_combinations_are_found() -> None:
    assert len(list(documented())) >= 8


def test_a_package_has_the_dashboards_and_renders_the_same(tmp_path: Path) -> None:
    """They reach the chart by a link, which is no more in a package."""
    values = LIVE | ON | {"dashboards": {"language": "both"}}
    package = helm_python.package(CHART, destination=tmp_path)
    assert render(values, chart=Path(package)).files == render(values).files


def test_a_release_fits_into_the_secret_that_helm_keeps_it_in() -> None:
    """Chart and manifests, compressed and twice in base64, must stay below 1 MiB."""
    files = [path for path in CHART.rglob("*") if path.is_file()]
    files += [*(CHART / "files" / "dashboards").glob("*.json")]
    texts = [path.read_bytes() for path in files]
    texts += [text.encode() for text in render(EVERYTHING).files.values()]
    assert len(gzip.compress(b"".join(texts))) * 16 / 9 < 2**20 / 2, "leave half of it for extra manifests"


@pytest.mark.parametrize("name", ["w", "wolkvox-exporter", "a" * 53])
def test_any_release_name_makes_valid_names(name: str) -> None:
    for manifest in render(EVERYTHING, name=name).manifests:
        validate(manifest, KUBERNETES[-1])
        assert len(manifest["metadata"]["name"]) <= 63
