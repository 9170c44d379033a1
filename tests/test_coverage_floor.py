from typing import Any

from coverage_floor import PURE, ROOT, shortfalls


def measured(percent: float, lines: tuple[int, ...] = (), branches: tuple[tuple[int, int], ...] = ()) -> dict[str, Any]:
    summary = {"percent_covered": percent, "missing_lines": len(lines), "missing_branches": len(branches)}
    return {"summary": summary, "missing_lines": lines, "missing_branches": branches}


def report(total: float, **others: Any) -> dict[str, Any]:
    return {"files": {path: measured(100.0) for path in PURE} | others, "totals": {"percent_covered": total}}


def test_all_that_is_listed_exists() -> None:
    assert [path for path in PURE if not (ROOT / path).is_file()] == []
    assert list(PURE) == sorted(set(PURE))


def test_enough_is_enough() -> None:
    assert shortfalls(report(95.0)) == []


def test_a_pure_module_is_named_with_what_is_missing() -> None:
    found = shortfalls(report(99.0, **{PURE[0]: measured(98.76, (7, 9), ((3, 5), (4, -1)))}))
    assert found == [f"{PURE[0]}: 98.8 % of 100 %; lines 7, 9; branches 3->5, 4->exit"]


def test_a_pure_module_that_was_never_loaded_is_named() -> None:
    everything = report(99.0)
    del everything["files"][PURE[0]]
    (line,) = shortfalls(everything)
    assert line.startswith(f"{PURE[0]}: no test has loaded it")


def test_the_whole_names_what_misses_most() -> None:
    found = shortfalls(report(94.9, **{"exporter/app.py": measured(10.0, (1, 2)), "exporter/log.py": measured(90.0)}))
    assert found[0] == "exporter/: 94.9 % of 95 %, of which miss most:"
    assert found[1] == "  exporter/app.py: 10.0 %; lines 1, 2; branches none"
