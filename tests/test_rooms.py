"""Imports go one way: each room stands on those that it may know, and on no other."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1] / "exporter"

NOUNS = {"model", "clock", "duration", "calling_hours", "staleness", "targets", ""}
"""The empty name is the package itself, with its version."""

COMMAND = NOUNS | {"log", "redaction", "signals"}
"""What each command is called with, and what everyone may know."""

MAY_KNOW: dict[str, set[str]] = {
    "model": {"clock"},
    "clock": set(),
    "duration": set(),
    "yaml": {"redaction"},
    "log": {"redaction", "writer"},
    "redaction": set(),
    "files": set(),
    "listen_address": set(),
    "signals": set(),
    "streams": set(),
    "writer": set(),
    "notify": set(),
    "output": set(),
    "process": {"signals"},
    "healthcheck": {"options", "terminal", "listen_address", "web.paths"},
    "terminal": set(),
    "palette": set(),
    "thresholds": set(),
    "confidence": {"thresholds"},
    "public_holidays": set(),
    "targets": {"model"},
    "staleness": {"calling_hours", "model"},
    "calling_hours": {"model", "public_holidays"},
    "wolkvox": NOUNS | {"redaction"},
    "storage": NOUNS,
    "config": NOUNS | {"name_pattern", "yaml", "polling.plan", "public_holidays"},
    "name_pattern": set(),
    "discovery": NOUNS | {"name_pattern", "wolkvox.window"},
    "polling.busy_hours": {"model"},
    "polling.plan": NOUNS | {"polling.busy_hours"},
    "polling.schedule": NOUNS,
    "polling": NOUNS | {"discovery", "storage", "wolkvox"},
    "metrics": NOUNS,
    "web": NOUNS
    | {
        "listen_address",
        "metrics.format",
        "yaml",
        "polling.plan",
        "palette",
        "thresholds",
        "confidence",
        "calling_hours",
    },
    "simulator": NOUNS | {"listen_address", "wolkvox", "metrics", "polling.plan"},
    "commands.run": COMMAND | {"commands.serve", "config", "storage", "listen_address"},
    "commands": set(),
    "commands.check": COMMAND | {"config", "listen_address", "polling.description", "storage", "web"},
    "commands.once": COMMAND | {"app", "config", "metrics", "output", "polling.worker", "process", "storage"},
    "commands.backfill": COMMAND | {"backfill", "config", "files", "output", "process", "storage", "wolkvox"},
    "backfill.error": set(),
    "backfill": NOUNS | {"discovery", "metrics", "polling", "storage", "wolkvox"},
    "commands.demo": COMMAND | {"commands.serve", "simulator", "storage"},
    "commands.simulate": COMMAND | {"listen_address", "process", "simulator", "writer"},
    "commands.serve": COMMAND
    | {
        "app",
        "auto_reload",
        "files",
        "listen_address",
        "metrics",
        "notify",
        "process",
        "storage.engine",
        "web",
        "writer",
    },
}
"""Rooms, or single files of theirs, and what they may import. Who is not named here wires, and may know all."""

WIRING = {"app", "auto_reload", "rotation", "options", "cli", "__main__", ""}


def modules() -> Iterator[tuple[str, Path]]:
    for path in sorted(ROOT.rglob("*.py")):
        parts = path.relative_to(ROOT).with_suffix("").parts
        yield ".".join(part for part in parts if part != "__init__"), path


def imported(path: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.split(".")[0] == "exporter":
            base = node.module.removeprefix("exporter").removeprefix(".")
            for alias in node.names:
                inner = f"{base}.{alias.name}".removeprefix(".")
                is_module = (ROOT / inner.replace(".", "/")).with_suffix(".py").exists()
                found.add(inner if is_module or (ROOT / inner.replace(".", "/")).is_dir() else base)
        elif isinstance(node, ast.Import):
            names = (alias.name for alias in node.names if alias.name.split(".")[0] == "exporter")
            found.update(name.removeprefix("exporter").removeprefix(".") for name in names)
    return found


def room(name: str) -> str:
    """The most exact entry that speaks of a module."""
    return next((entry for entry in (name, name.partition(".")[0]) if entry in MAY_KNOW), name)


def allows(entry: str, name: str) -> bool:
    return any(name == one or (one and name.startswith(f"{one}.")) for one in MAY_KNOW[entry] | {entry})


@pytest.mark.parametrize(
    ("name", "path"), [pytest.param(name, path, id=name or "exporter") for name, path in modules()]
)
def test_a_module_knows_only_what_its_room_may_know(name: str, path: Path) -> None:
    entry = room(name)
    if entry not in MAY_KNOW:
        assert entry.partition(".")[0] in WIRING, f"{name} belongs to no room: say here what it may know"
        return
    strange = sorted(other for other in imported(path) if not allows(entry, other))
    assert not strange, f"{name} imports {', '.join(strange)}"


def test_no_import_leads_back() -> None:
    known = dict(modules())
    graph = {
        name: {other for other in imported(path) if other in known and other != name} for name, path in known.items()
    }
    done: set[str] = set()

    def visit(name: str, trail: tuple[str, ...]) -> None:
        assert name not in trail, " -> ".join((*trail, name))
        if name not in done:
            for other in graph[name]:
                visit(other, (*trail, name))
            done.add(name)

    for name in graph:
        visit(name, ())
    assert done == set(graph)
