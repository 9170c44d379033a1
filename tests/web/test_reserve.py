import os

import pytest

from exporter.web.reserve import Reserve


def test_it_holds_what_is_missing_beside_the_open_connections(monkeypatch: pytest.MonkeyPatch) -> None:
    reserve = Reserve(3)
    reserve.fill(1)
    assert len(reserve) == 2
    reserve.fill(0)
    reserve.fill(5)
    assert len(reserve) == 3
    held = list(reserve._held)
    assert [reserve.give() for _ in range(4)] == [True, True, True, False]
    for descriptor in held:
        with pytest.raises(OSError, match="Bad file descriptor"):
            os.fstat(descriptor)
    reserve.fill(2)

    def refuse(*_: object) -> int:
        raise OSError

    monkeypatch.setattr("exporter.web.reserve.os.open", refuse)
    reserve.fill(0)
    assert len(reserve) == 1
    reserve.close()
    assert len(reserve) == 0
