"""The tree of exceptions in the package's docstring: all of the program's, where they derive from and are raised."""

import ast
import builtins
import re
from collections import defaultdict
from pathlib import Path

import exporter

ROOT = Path(__file__).parents[1] / "exporter"

LINE = re.compile(r"( *)[*+-] (\w+)(?: \(([\w, ]+)\))?(?::|$)")

TREES = {
    path: ast.parse(path.read_text(encoding="utf-8")) for path in ROOT.rglob("*.py") if path != ROOT / "__init__.py"
}


def room(path: Path) -> str:
    return path.relative_to(ROOT).with_suffix("").parts[0]


def names(node: ast.AST) -> set[str]:
    """Every name in a piece of code, also as the last part of a dotted one."""
    found = {one.id for one in ast.walk(node) if isinstance(one, ast.Name)}
    return found | {one.attr for one in ast.walk(node) if isinstance(one, ast.Attribute)}


def shown() -> dict[str, tuple[str, set[str]]]:
    """Each exception of the docstring: what it derives from, and the rooms that raise it."""
    found: dict[str, tuple[str, set[str]]] = {}
    trail: list[str] = []
    for line in (exporter.__doc__ or "").splitlines():
        match = LINE.match(line)
        if match is None:
            continue
        depth, name, rooms = len(match[1]) // 2, match[2], match[3]
        trail[depth:] = [name]
        if depth:
            assert name not in found, f"{name} stands twice in the tree"
            found[name] = trail[depth - 1], set(rooms.split(", ")) if rooms else set()
    return found


def defined() -> dict[str, str]:
    """Each exception class of the program and its base."""
    bases = {
        node.name: base.id
        for tree in TREES.values()
        for node in ast.walk(tree)
        if isinstance(node, ast.ClassDef)
        for base in node.bases
        if isinstance(base, ast.Name)
    }

    def is_exception(name: str) -> bool:
        known = getattr(builtins, name, None)
        return is_exception(bases[name]) if name in bases else isinstance(known, type) and issubclass(known, Exception)

    return {name: base for name, base in bases.items() if is_exception(name)}


def test_the_tree_shows_every_exception_below_its_base() -> None:
    assert {name: base for name, (base, _) in shown().items()} == defined(), (
        "correct the docstring of exporter/__init__.py"
    )


def test_the_tree_names_the_rooms_that_raise_it() -> None:
    raised, used = defaultdict(set), defaultdict(set)
    for path, tree in TREES.items():
        for name in names(tree):
            used[name].add(room(path))
        for node in ast.walk(tree):
            if isinstance(node, ast.Raise) and node.exc is not None:
                for name in names(node.exc):
                    raised[name].add(room(path))
    for name, (_, rooms) in shown().items():
        assert raised[name] <= rooms, f"{name} is raised in {raised[name]} too"
        assert rooms <= used[name], f"{name} is not known in all of {rooms}"
