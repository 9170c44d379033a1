import resource
from collections.abc import Callable

import pytest

from exporter.files import SPARE, STANDING, WANTED, connections, missing, raise_limit

Limit = Callable[[int, int], list[tuple[int, int]]]


@pytest.fixture
def limit(monkeypatch: pytest.MonkeyPatch) -> Limit:
    """Make up a soft and a hard limit; what is set is noted."""

    def make(soft: int, hard: int) -> list[tuple[int, int]]:
        made: list[tuple[int, int]] = []
        monkeypatch.setattr(resource, "getrlimit", lambda _: (soft, hard))
        monkeypatch.setattr(resource, "setrlimit", lambda _, both: made.append(both))
        return made

    return make


@pytest.mark.parametrize(
    ("soft", "hard", "made"),
    [
        (20, 20, []),
        (20, 100, [(100, 100)]),
        (20, 4096, [(WANTED, 4096)]),
        (20, resource.RLIM_INFINITY, [(WANTED, resource.RLIM_INFINITY)]),
        (2048, 4096, []),
        (resource.RLIM_INFINITY, resource.RLIM_INFINITY, []),
    ],
)
def test_the_soft_limit_is_raised(limit: Limit, soft: int, hard: int, made: list[tuple[int, int]]) -> None:
    told = limit(soft, hard)
    raise_limit()
    assert told == made


def test_what_is_open_and_what_comes_on_top_must_fit(limit: Limit, monkeypatch: pytest.MonkeyPatch) -> None:
    limit(1000, 1000)
    monkeypatch.setattr("exporter.files.os.listdir", lambda _: ["0"] * 101)
    room = 1000 - 100 - SPARE
    assert [missing(room - 1), missing(room), missing(room + 3)] == [0, 0, 3]
    assert connections() == room - STANDING
    limit(resource.RLIM_INFINITY, resource.RLIM_INFINITY)
    assert connections() == WANTED - 100 - SPARE - STANDING


def test_where_nothing_can_be_opened_any_more(limit: Limit, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_: str) -> list[str]:
        raise OSError

    limit(20, 20)
    monkeypatch.setattr("exporter.files.os.listdir", refuse)
    assert missing(1) == 1 + SPARE
    assert connections() == 1
    monkeypatch.setattr("exporter.files.Path.exists", lambda _: False)
    assert missing(1) == 0
