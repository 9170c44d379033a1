"""The chart's page of values, its version and its links agree with the rest of the project."""

import re
from pathlib import Path

import pytest
import yaml
from real_helm import CHART, ROOT, render

from deploy.document import README, VALUES, Value, read_values, readme
from exporter import __version__


def test_the_page_is_what_the_comments_say() -> None:
    assert README.read_text() == readme(VALUES.read_text())


def test_every_value_has_a_comment() -> None:
    """Its own, or one of a value above or below it."""
    documented = {value.path for value in read_values(VALUES.read_text())}

    def missing(node: object, path: tuple[str, ...]) -> list[str]:
        if path in documented:
            return []
        if not isinstance(node, dict) or not node:
            return [".".join(path)]
        return [name for key, value in node.items() for name in missing(value, (*path, key))]

    assert missing(yaml.safe_load(VALUES.read_text()), ()) == []


def test_every_comment_stands_in_a_section_and_is_a_sentence() -> None:
    for value in read_values(VALUES.read_text()):
        assert value.section
        assert value.meaning.endswith("."), value.path


def test_comments_are_read_with_their_section_and_place() -> None:
    text = (
        "# Lost: a blank line follows.\n\n# ## One\n\n# First\n# line.\na:\n  # Inner.\n  b: 1\n  c: 2\n# d: 5\n\n"
        "# ## Two\n\n# Last.\nd: []\nlist:\n  - e\n"
    )
    assert list(read_values(text)) == [
        Value("One", ("a",), "First line."),
        Value("One", ("a", "b"), "Inner."),
        Value("Two", ("d",), "Last."),
    ]


def test_the_chart_installs_this_version() -> None:
    chart = yaml.safe_load((CHART / "Chart.yaml").read_text())
    assert chart["appVersion"] == __version__
    assert chart["version"] == __version__
    image = render().container["image"]
    assert image == f"ghcr.io/wolkvox-exporter/wolkvox-exporter:{__version__}"
    assert f"/wolkvox-exporter:{__version__}" in (ROOT / "docs/kubernetes.md").read_text()


def test_another_image_can_be_named() -> None:
    values = {"image": {"repository": "r.example/w", "tag": "nightly"}}
    assert render(values).container["image"] == "r.example/w:nightly"
    digest = f"sha256:{'a' * 64}"
    assert render({"image": values["image"] | {"digest": digest}}).container["image"] == f"r.example/w@{digest}"


@pytest.mark.parametrize("document", [ROOT / "docs/kubernetes.md", README], ids=lambda path: path.name)
def test_values_that_documents_name_exist(document: Path) -> None:
    values = yaml.safe_load(VALUES.read_text())
    known = {".".join(value.path) for value in read_values(VALUES.read_text())}
    named = set(re.findall(r"`([a-zA-Z]+(?:\.[a-zA-Z]+)+)`", document.read_text()))
    assert {name for name in named if name.partition(".")[0] in values and not name.endswith(".yml")} <= known | {
        "rules.thresholds"
    }
