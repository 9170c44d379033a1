import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.confidence import wilson


@pytest.mark.parametrize(
    ("hits", "total", "low", "high"),
    [
        (0, 10, 0.0, 0.2775),
        (10, 10, 0.7225, 1.0),
        (5, 15, 0.1518, 0.5829),
        (81, 263, 0.2553, 0.3662),
        (1, 1, 0.2065, 1.0),
    ],
)
def test_the_interval_is_wilsons(hits: int, total: int, low: float, high: float) -> None:
    """The third is the example of R's `prop.test(81, 263, correct = FALSE)`."""
    assert wilson(hits, total) == pytest.approx((low, high), abs=0.0001)


@given(st.integers(1, 2**53).flatmap(lambda total: st.tuples(st.integers(0, total), st.just(total))))
def test_the_share_lies_in_it(counts: tuple[int, int]) -> None:
    hits, total = counts
    low, high = wilson(hits, total)
    assert 0.0 <= low <= hits / total + 1e-12
    assert hits / total - 1e-12 <= high <= 1.0
