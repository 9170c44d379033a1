"""The targets of one campaign: what is polled of it, window by window."""

from dataclasses import replace

from exporter.model import CampaignSettings, Target, TargetKey

YESTERDAY_INTERVAL = 3_600.0
"""How often `yesterday` is asked at most, until two answers agree. The plan counts it as if they never did."""


def targets_of(settings: CampaignSettings, operation: str, campaign: str, name: str) -> tuple[Target, ...]:
    """One target for each window of `settings`.

    Args:
        settings: Of the campaign.
        operation: Its operation's name.
        campaign: The vendor's id of it.
        name: For people; empty where none is known.
    """
    return tuple(
        _target(settings, TargetKey(operation, campaign, window.label), name, place)
        for place, window in enumerate(settings.windows)
    )


def _target(settings: CampaignSettings, key: TargetKey, name: str, place: int) -> Target:
    window, hours = settings.windows[place], settings.hours
    interval = max(settings.interval, YESTERDAY_INTERVAL) if window.days_ago else settings.interval
    if hours is not None and hours.off_interval < interval:
        hours = replace(hours, off_interval=interval)
    return Target(
        key=key,
        name=name,
        window=window,
        zone=settings.zone,
        interval=interval,
        delay=settings.delay,
        timeout=settings.timeout,
        stale_after=settings.stale_after,
        hours=hours,
    )
