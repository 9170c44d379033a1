"""The ConfigMaps hold the dashboards' files, each as it is."""

import pytest
from real_helm import NAMESPACE, ROOT, render

FILES = {path.name: path.read_text() for path in (ROOT / "grafana/dashboards").glob("*.json")}
SPANISH = {name for name in FILES if name.endswith("-es.json")}
TRANSLATED = {name.replace("-es.json", ".json") for name in SPANISH}


@pytest.mark.parametrize(
    ("language", "expected"),
    [("en", set(FILES) - SPANISH), ("es", set(FILES) - TRANSLATED), ("both", set(FILES))],
)
def test_they_are_the_files(language: str, expected: set[str]) -> None:
    assert expected
    found = render({"dashboards": {"language": language}}).dashboards
    assert found == {name: FILES[name] for name in expected}


def test_every_dashboard_is_there_in_some_language() -> None:
    assert len(TRANSLATED & set(FILES)) == len(SPANISH)
    for language in ("en", "es"):
        found = {
            name.replace("-es.json", ".json") for name in render({"dashboards": {"language": language}}).dashboards
        }
        assert found == set(FILES) - SPANISH


def test_grafanas_sidecar_finds_them() -> None:
    maps = [one for one in render().all("ConfigMap") if any(name.endswith(".json") for name in one["data"])]
    for one in maps:
        assert one["metadata"]["labels"]["grafana_dashboard"] == "1"
        assert one["metadata"]["annotations"] == {"grafana_folder": "Wolkvox"}
        assert one["metadata"]["namespace"] == NAMESPACE


def test_they_can_be_elsewhere_or_left_out() -> None:
    values = {
        "namespace": "grafana",
        "labels": {"dashboards": "yes"},
        "annotations": {"k8s-sidecar-target-directory": "W"},
    }
    for one in render({"dashboards": values}).all("ConfigMap"):
        assert one["metadata"]["namespace"] == "grafana"
        assert one["metadata"]["labels"]["dashboards"] == "yes"
        assert one["metadata"]["annotations"]["k8s-sidecar-target-directory"] == "W"
    assert render({"dashboards": {"enabled": False}}).dashboards == {}
