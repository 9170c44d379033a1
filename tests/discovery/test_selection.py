"""Which campaigns of a list are taken in."""

import time

import pytest
from discovered import discovery, row

from exporter.discovery.selection import cut, passing


@pytest.mark.parametrize(
    ("include", "exclude", "name", "passes"),
    [
        ((), (), "anything", True),
        ((), (), "", True),
        (("Cobranza.*",), (), "Cobranza abril", True),
        (("Cobranza",), (), "Cobranza abril", False),
        (("abril",), (), "Cobranza abril", False),
        (("Ventas", "Cobranza.*"), (), "Cobranza", True),
        ((".*",), (), "two\nlines", True),
        ((".*",), (), "half a pair \ud800", True),
        (("Cobranza.*",), (".*prueba.*",), "Cobranza de prueba", False),
        ((), (".*prueba.*",), "una\nprueba\nmás", False),
        ((), ("prueba",), "una prueba", True),
        (("(?i)COBRANZA.*",), (), "cobranza", True),
        (("Señal.*",), (), "Señalización", True),
    ],
)
def test_a_name_passes(include: tuple[str, ...], exclude: tuple[str, ...], name: str, passes: bool) -> None:
    found = passing(discovery(include=include, exclude=exclude), [row("1", name)])
    assert bool(found) is passes


@pytest.mark.parametrize(
    ("types", "kind", "passes"),
    [
        ({"predictive"}, "predictive", True),
        ({"predictive"}, "preview", False),
        ({"predictive"}, "", False),
        ({"predictive", "preview"}, "preview", True),
        ({"predictive", "preview"}, "", True),
        ({"predictive", "preview"}, "agentless", True),
    ],
)
def test_a_type_passes(types: set[str], kind: str, passes: bool) -> None:
    assert bool(passing(discovery(types=types), [row("1", kind=kind)])) is passes


def test_an_expression_that_explodes_elsewhere_takes_no_time() -> None:
    started = time.process_time()
    assert not passing(discovery(include=("(a|a)*b", "(a+)+$b")), [row("1", "a" * 10_000)])
    assert time.process_time() - started < 5.0


def test_started_campaigns_are_kept_first_then_the_highest_ids() -> None:
    found = {one: row(one) for one in ("9", "10", "0011", "x", "2", "y")}
    started = {"2"}
    assert cut(found, started.__contains__, 6) == found.keys()
    assert cut(found, started.__contains__, 3) == {"2", "10", "0011"}
    assert cut(found, started.__contains__, 5) == {"2", "10", "0011", "9", "y"}
    assert cut({"9" * 10_000: row("1"), "9": row("9")}, started.__contains__, 1) == {"9" * 10_000}
