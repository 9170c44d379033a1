"""Made-up campaigns, lists and live answers."""

from collections.abc import Iterable
from dataclasses import replace

from support import BOGOTA

from exporter.model import (
    TODAY,
    YESTERDAY,
    CampaignsAnswer,
    CampaignSettings,
    Discovery,
    ListedCampaign,
    LiveAnswer,
    LiveCampaign,
    PollWhich,
    Window,
)

HOUR = Window("1h", 3600)

SETTINGS = CampaignSettings(windows=(HOUR,), zone=BOGOTA, interval=300.0, delay=0.0, timeout=60.0, stale_after=960.0)


def discovery(
    *,
    include: tuple[str, ...] = (),
    exclude: tuple[str, ...] = (),
    types: Iterable[str] = ("predictive", "preview"),
    poll: PollWhich = PollWhich.STARTED,
    max_campaigns: int = 500,
    windows: tuple[Window, ...] = (HOUR, TODAY, YESTERDAY),
    refresh_interval: float = 3600.0,
) -> Discovery:
    return Discovery(
        refresh_interval=refresh_interval,
        include=include,
        exclude=exclude,
        types=frozenset(types),
        poll=poll,
        max_campaigns=max_campaigns,
        settings=replace(SETTINGS, windows=windows),
    )


def row(campaign: str, name: str = "Cobranza", *, kind: str = "predictive", started: bool = False) -> ListedCampaign:
    return ListedCampaign(campaign, name, kind, started)


def listed(**campaigns: bool) -> CampaignsAnswer:
    """A list: `c1=True` is campaign 1, started."""
    return CampaignsAnswer(tuple(row(one[1:], started=started) for one, started in campaigns.items()))


def live(**campaigns: bool) -> LiveAnswer:
    """A live answer, as `listed`."""
    return LiveAnswer(tuple(LiveCampaign(one[1:], started) for one, started in campaigns.items()))
