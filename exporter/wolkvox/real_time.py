"""`real_time.php?api=campaigns`: how the campaigns of an operation are doing at this moment."""

from collections.abc import Mapping

from exporter.model import ApiName, Failure, LiveAnswer, LiveCampaign
from exporter.wolkvox.companion import RowsById, identifier, is_started, parse
from exporter.wolkvox.figures import count, figure

_FIELDS = frozenset(
    {
        "campaign",
        "status",
        "records",
        "clean",
        "dial",
        "calls_x_min",
        "speed",
        "recycled",
        "penetration_day",
        "penetration_now",
    }
)

_DIVIDER = " - "
"""Between a campaign's id and its name."""


def parse_real_time(status: int, body: bytes) -> LiveAnswer | Failure:
    """What the whole answer means; see `companion.parse`.

    Args:
        status: HTTP status.
        body: Decoded from its Content-Encoding.

    Returns:
        The campaigns in the vendor's order, each id once; no campaigns where the API says that there are none; or why
        there are no figures. They count records of the campaigns' lists, never attempts.
    """
    rows = RowsById(_FIELDS, _identify, _read)
    answer = lambda: LiveAnswer(rows.rows(), rows.skipped)  # noqa: E731
    return parse(ApiName.REAL_TIME, status, body, collector=rows, answer=answer, empty=LiveAnswer(()))


def _identify(row: Mapping[str, object]) -> str:
    campaign = row.get("campaign")
    return identifier(f"{campaign} ".partition(_DIVIDER)[0] if isinstance(campaign, str) else campaign)


def _read(campaign: str, row: Mapping[str, object]) -> LiveCampaign:
    return LiveCampaign(
        id=campaign,
        started=is_started(row.get("status")),
        records=count(row.get("records")),
        pending=count(row.get("clean")),
        dialled=count(row.get("dial")),
        calls_per_minute=figure(row.get("calls_x_min")),
        speed=figure(row.get("speed")),
        recycles=count(row.get("recycled")),
        penetration_day=figure(row.get("penetration_day")),
        penetration_now=figure(row.get("penetration_now")),
    )
