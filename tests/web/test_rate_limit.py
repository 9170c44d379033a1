from hypothesis import given
from hypothesis import strategies as st

from exporter.web.rate_limit import RateLimit, TokenBucket


def test_a_burst_passes_and_then_one_each_interval() -> None:
    bucket = TokenBucket(RateLimit(10.0, 3), 100.0)
    assert [bucket.take(100.0) for _ in range(5)] == [0, 0, 0, 10, 10]
    assert bucket.take(105.0) == 5
    assert bucket.take(109.5) == 1
    assert bucket.take(110.0) == 0
    assert bucket.take(110.0) == 10


def test_a_pause_brings_no_more_than_the_burst() -> None:
    bucket = TokenBucket(RateLimit(1.0, 2), 0.0)
    assert [bucket.take(1_000.0) for _ in range(3)] == [0, 0, 1]


def test_no_burst_lets_nothing_pass() -> None:
    bucket = TokenBucket(RateLimit(1.0, 0), 0.0)
    assert [bucket.take(at) for at in (0.0, 10.0, 1_000.0)] == [1, 1, 1]


def test_a_clock_that_stands_still_or_goes_back_brings_nothing() -> None:
    bucket = TokenBucket(RateLimit(1.0, 1), 10.0)
    assert [bucket.take(at) for at in (10.0, 10.0, 5.0)] == [0, 1, 1]


@given(st.floats(0.01, 1e6), st.integers(0, 50), st.lists(st.floats(0, 1e6), max_size=60))
def test_never_more_than_the_burst_and_one_for_each_interval(interval: float, burst: int, pauses: list[float]) -> None:
    bucket, now, passed = TokenBucket(RateLimit(interval, burst), 0.0), 0.0, 0
    for pause in pauses:
        now += pause
        passed += bucket.take(now) == 0
        assert passed <= burst + now / interval + 1e-6
