from exporter.staleness import stale_after


def test_it_follows_the_interval_only_where_it_is_not_given() -> None:
    assert stale_after(None, 300.0) == 960.0
    assert stale_after(None, 3_600.0) == 10_860.0
    assert stale_after(1_200.0, 3_600.0) == 1_200.0
