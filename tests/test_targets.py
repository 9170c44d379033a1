from zoneinfo import ZoneInfo

from exporter.model import TODAY, YESTERDAY, CampaignSettings, Hours, TargetKey
from exporter.targets import targets_of

BOGOTA = ZoneInfo("America/Bogota")


def test_each_window_is_a_target_and_yesterday_is_asked_seldom() -> None:
    hours = Hours(((),) * 7, None, 900.0)
    settings = CampaignSettings((TODAY, YESTERDAY), BOGOTA, 300.0, 60.0, 59.0, None, hours)
    today, yesterday = targets_of(settings, "acme", "7", "Cobranza")
    assert (today.key, today.name, today.zone) == (TargetKey("acme", "7", "today"), "Cobranza", BOGOTA)
    assert (today.interval, today.delay, today.timeout, today.stale_after, today.hours) == (300, 60, 59, None, hours)
    assert (yesterday.key, yesterday.interval) == (TargetKey("acme", "7", "yesterday"), 3_600)
    assert yesterday.hours == Hours(((),) * 7, None, 3_600.0)
    (slow,) = targets_of(CampaignSettings((YESTERDAY,), BOGOTA, 7_200.0, 0.0, 60.0, 1.0), "acme", "7", "")
    assert (slow.interval, slow.hours) == (7_200, None)
