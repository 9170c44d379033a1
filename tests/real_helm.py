"""The chart, rendered by the real Helm, and what the manifests are held to."""

import json
import re
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import helm_python
import jsonschema  # type: ignore[import-untyped]
import kubernetes_validate  # type: ignore[import-untyped]
import yaml
from helm_python import _native

ROOT = Path(__file__).parents[1]
CHART = ROOT / "deploy" / "chart"
# Each call would read megabytes of JSON again.
kubernetes_validate.utils.schema_contents = cache(kubernetes_validate.utils.schema_contents)

CRDS = Path(__file__).parent / "chart" / "crds"

KUBERNETES = ("1.27", "1.32", "1.37")
"""The oldest that the chart allows, one in between, and the newest that there are schemas of."""

NAME, NAMESPACE = "wolkvox-exporter", "monitoring"

TOKEN_FILE = "/run/secrets/wolkvox/acme-token"
OPERATION: dict[str, Any] = {
    "name": "acme",
    "server": "0013",
    "token_file": TOKEN_FILE,
    "campaigns": [{"id": "32841"}],
}
LIVE: dict[str, Any] = {"config": {"operations": [OPERATION]}, "secrets": {"existing": ["wolkvox"]}}
"""The least that asks Wolkvox."""
POSTGRESQL: dict[str, Any] = LIVE | {
    "replicaCount": 3,
    "storage": {"type": "postgresql", "postgresql": {"existingSecret": "database"}},
}


@dataclass(frozen=True, slots=True)
class Release:
    """What one set of values comes to."""

    manifests: tuple[dict[str, Any], ...]
    notes: str
    files: Mapping[str, str] = field(repr=False)
    """Each template as it was rendered."""

    def all(self, kind: str) -> list[dict[str, Any]]:
        return [one for one in self.manifests if one["kind"] == kind]

    def one(self, kind: str, name: str = NAME) -> dict[str, Any]:
        [found] = [one for one in self.all(kind) if one["metadata"]["name"] == name]
        return found

    @property
    def kinds(self) -> set[str]:
        return {one["kind"] for one in self.manifests}

    @property
    def workload(self) -> dict[str, Any]:
        [found] = [*self.all("Deployment"), *self.all("StatefulSet")]
        return found

    @property
    def pod(self) -> dict[str, Any]:
        pod: dict[str, Any] = self.workload["spec"]["template"]["spec"]
        return pod

    @property
    def container(self) -> dict[str, Any]:
        container: dict[str, Any] = self.pod["containers"][0]
        return container

    @property
    def environ(self) -> dict[str, Any]:
        """Values of the environment; where they come from a Secret, its name and key."""
        return {
            each["name"]: each["value"]
            if "value" in each
            else (each["valueFrom"]["secretKeyRef"]["name"], each["valueFrom"]["secretKeyRef"]["key"])
            for each in self.container["env"]
        }

    @property
    def mounts(self) -> dict[str, str]:
        """Paths by volume."""
        return {each["name"]: each["mountPath"] for each in self.container["volumeMounts"]}

    @property
    def volumes(self) -> dict[str, dict[str, Any]]:
        return {each["name"]: each for each in self.pod["volumes"]}

    @property
    def dashboards(self) -> dict[str, str]:
        """Files of the dashboards' ConfigMaps, by name."""
        found: dict[str, str] = {}
        for each in self.all("ConfigMap"):
            found |= {name: text for name, text in each["data"].items() if name.endswith(".json")}
        return found


def render(
    values: Mapping[str, Any] | None = None, name: str = NAME, chart: Path = CHART, apis: Sequence[str] = ()
) -> Release:
    """Render the chart for a cluster that has these APIs beside its own; Helm's error if that cannot be."""
    options = {"name": name, "namespace": NAMESPACE, "api_versions": apis}
    with helm_python.Chart.load(chart) as loaded:
        # `Chart.render` has no argument for the APIs.
        rendered = _native.call_string(
            "helm_render", loaded._raw(), json.dumps(dict(values or {})), json.dumps(options)
        )
    files: dict[str, str] = json.loads(rendered)
    texts = {path.partition("/templates/")[2]: text for path, text in files.items()}
    notes = texts.pop("NOTES.txt")
    manifests = (each for text in texts.values() for each in yaml.safe_load_all(text) if each)
    return Release(tuple(manifests), notes, texts)


def refused(values: Mapping[str, Any]) -> str:
    """Helm's error."""
    try:
        render(values)
    except helm_python.HelmError as error:
        return str(error)
    raise AssertionError(f"accepted: {values}")


def _closed(schema: Any) -> Any:
    """The schema without unknown keys: the API server would drop them."""
    if isinstance(schema, list):
        return [_closed(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    closed = {key: _closed(value) for key, value in schema.items()}
    if isinstance(closed.get("pattern"), str):  # Go takes flags anywhere
        closed["pattern"] = closed["pattern"].replace("^(?i)", "(?i)^")
    if isinstance(closed.get("properties"), dict) and "additionalProperties" not in closed:
        closed["additionalProperties"] = False
    return closed


@cache
def _custom(kind: str) -> Any:
    schema = _closed(json.loads((CRDS / f"{kind.lower()}.json").read_text(encoding="utf-8")))
    schema["properties"]["metadata"] = {"type": "object"}
    return schema


def validate(manifest: dict[str, Any], version: str) -> None:
    """Hold it to the schema of its kind in this version of Kubernetes, or of the Prometheus Operator."""
    if manifest["apiVersion"].startswith("monitoring.coreos.com/"):
        jsonschema.validate(manifest, _custom(manifest["kind"]))
    else:
        kubernetes_validate.validate(manifest, version, strict=True)


def documented() -> Iterator[tuple[str, dict[str, Any]]]:
    """Each set of values in docs/kubernetes.md, with its title."""
    text = (ROOT / "docs" / "kubernetes.md").read_text(encoding="utf-8")
    for block in re.findall(r"^ *```yaml\n(.*?)^ *```", text, re.DOTALL | re.MULTILINE):
        title = textwrap.dedent(block).splitlines()[0]
        assert title.startswith("# values.yaml: "), title
        yield title.removeprefix("# values.yaml: "), yaml.safe_load(block)
