"""Whatever the file says, `load` gives a configuration or its mistakes."""

from pathlib import Path

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from exporter.config import ConfigError, load
from exporter.config.schema import DiscoverySettings, File, HoursSettings, ListedSettings, OperationSettings
from exporter.model import Config

KEYS = st.sampled_from(
    [
        *File.model_fields,
        *OperationSettings.model_fields,
        *ListedSettings.model_fields,
        *DiscoverySettings.model_fields,
        *HoursSettings.model_fields,
        "mon-fri",
        "<<",
        "intervall",
    ]
)
SCALARS = st.one_of(
    st.sampled_from(["5m", "1h", "today", "acme", "0013", "UTC", "token", "http://x", "https://[::1]:1/", "made-up"]),
    st.text(max_size=20),
    st.integers(),
    st.floats(),
    st.booleans(),
    st.none(),
    st.dates(),
)
TREES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=6),
    max_leaves=12,
)
CAMPAIGNS = st.lists(st.dictionaries(KEYS, SCALARS, max_size=4), max_size=3)
OPERATIONS = st.lists(
    st.tuples(st.dictionaries(KEYS, SCALARS, max_size=6), CAMPAIGNS).map(
        lambda both: {**both[0], "campaigns": both[1]}
    ),
    max_size=3,
)
LIKELY = st.tuples(st.dictionaries(KEYS, TREES, max_size=4), OPERATIONS).map(
    lambda both: {**both[0], "operations": both[1]}
)
SYNTAX = st.text(alphabet="abc:-?[]{}&*!|>'\"%@`#,.~<= \n\t\\\x07\ufeff\u2028é0123", max_size=60)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("fuzz")
    (folder / "token").write_text("made-up", encoding="utf-8")
    return folder


def _outcome(path: Path) -> Config | ConfigError:
    try:
        return load(path, {"UTC": "x"})
    except ConfigError as error:
        return error


def _check(folder: Path, content: bytes) -> None:
    path = folder / "config.yml"
    path.write_bytes(content)
    outcome = _outcome(path)
    if isinstance(outcome, ConfigError):
        assert outcome.mistakes
        assert outcome.__context__ is None
        for mistake in outcome.mistakes:
            place, _, rest = mistake.removeprefix(f"{path}:").partition(": ")
            assert place.isdecimal()
            assert rest.isprintable()
            assert len(rest) < 500


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=60) | SYNTAX.map(str.encode) | st.text(max_size=40).map(lambda text: text.encode("utf-8")))
def test_any_bytes(folder: Path, content: bytes) -> None:
    _check(folder, content)


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(LIKELY | TREES)
def test_any_tree(folder: Path, tree: object) -> None:
    _check(folder, yaml.safe_dump(tree, allow_unicode=True).encode("utf-8"))
