"""`information.php?api=campaigns`: which campaigns the operation has."""

from collections.abc import Mapping

from exporter.model import ApiName, CampaignsAnswer, Failure, ListedCampaign
from exporter.wolkvox.companion import RowsById, display_name, identifier, is_started, parse

_FIELDS = frozenset({"campaign_id", "campaign_name", "type_campaign", "status"})


def parse_campaigns(status: int, body: bytes) -> CampaignsAnswer | Failure:
    """What the whole answer means; see `companion.parse`.

    Args:
        status: HTTP status.
        body: Decoded from its Content-Encoding.

    Returns:
        The campaigns in the vendor's order, each id once; no campaigns where the API says that there are none; or why
        there is no list.
    """
    rows = RowsById(_FIELDS, _identify, _read)
    answer = lambda: CampaignsAnswer(rows.rows(), rows.skipped)  # noqa: E731
    return parse(ApiName.CAMPAIGNS, status, body, collector=rows, answer=answer, empty=CampaignsAnswer(()))


def _identify(row: Mapping[str, object]) -> str:
    return identifier(row.get("campaign_id"))


def _read(campaign: str, row: Mapping[str, object]) -> ListedCampaign:
    kind = display_name(row.get("type_campaign")).lower()
    return ListedCampaign(campaign, display_name(row.get("campaign_name")), kind, is_started(row.get("status")))
