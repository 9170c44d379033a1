"""The metrics of each campaign beside its reports: whether it is started, and its live figures."""

from collections.abc import Callable, Iterable

from exporter.metrics.catalogue.metric import CAMPAIGN, Kind, Metric, one
from exporter.metrics.sample import Sample, pair
from exporter.model import CampaignFigures, LiveCampaign

_LIVE = (
    "Cached from the last good answer for three live_interval and a minute, and requested again every live_interval of "
    "the configuration"
)
_STATE = "Cached from the newer of the two, also over a restart; requested again as often as the configuration says"


def _live(read: Callable[[LiveCampaign], float | None]) -> Callable[[CampaignFigures], Iterable[Sample]]:
    """The samples of one live figure; none where the vendor says nothing of it, since that is not 0."""
    return lambda figures: one(None if figures.live is None else read(figures.live))


def _penetration(figures: CampaignFigures) -> Iterable[Sample]:
    live = figures.live
    if live is None:
        return
    for period, percent in (("day", live.penetration_day), ("now", live.penetration_now)):
        if percent is not None:
            yield Sample(percent, pair("period", period))


def _gauge(
    name: str, meaning: str, field: str, read: Callable[[LiveCampaign], float | None]
) -> Metric[CampaignFigures]:
    return Metric(name, Kind.GAUGE, CAMPAIGN, meaning, f"From `{field}` of real_time_campaigns", _LIVE, _live(read))


FIGURE_METRICS: tuple[Metric[CampaignFigures], ...] = (
    Metric(
        "wolkvox_campaign_started",
        Kind.GAUGE,
        CAMPAIGN,
        "1 while the vendor says that the campaign is started, 0 while it says that it is stopped or has left the list",
        "From `status` of information.php?api=campaigns and real_time_campaigns",
        _STATE,
        lambda figures: one(figures.started),
    ),
    _gauge(
        "wolkvox_campaign_list_records",
        "Records of the campaign's list; records, not attempts",
        "records",
        lambda live: live.records,
    ),
    _gauge(
        "wolkvox_campaign_list_pending_records",
        "Records of the campaign's list that were not called yet",
        "clean",
        lambda live: live.pending,
    ),
    _gauge(
        "wolkvox_campaign_list_dialled_records",
        "Records of the campaign's list that were dialled; records, not attempts",
        "dial",
        lambda live: live.dialled,
    ),
    _gauge(
        "wolkvox_campaign_calls_per_minute",
        "Calls a minute that the campaign makes",
        "calls_x_min",
        lambda live: live.calls_per_minute,
    ),
    _gauge("wolkvox_campaign_dialling_speed", "Dialling speed that is set", "speed", lambda live: live.speed),
    _gauge(
        "wolkvox_campaign_list_recycles",
        "How often the campaign's list was recycled",
        "recycled",
        lambda live: live.recycles,
    ),
    Metric(
        "wolkvox_campaign_penetration_percent",
        Kind.GAUGE,
        (*CAMPAIGN, "period"),
        "Share of the list that was reached, 0 to 100, over the day and now, as the vendor reports it",
        "From `penetration_day` and `penetration_now` of real_time_campaigns",
        _LIVE,
        _penetration,
    ),
)
