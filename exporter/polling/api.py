"""The vendor, as far as it is asked."""

from typing import Protocol

from exporter.model import CampaignsAnswer, LiveAnswer, Operation, Report, Target, TimeRange, VendorQuota
from exporter.wolkvox.client import Answer


class CampaignApi(Protocol):
    """Campaigns and their reports, with one request each; see `wolkvox.client.Client`."""

    async def campaign_4(
        self, operation: Operation, target: Target, bounds: TimeRange, granted_at: float
    ) -> Answer[Report]:
        """A campaign's report."""
        ...

    async def campaigns(self, operation: Operation, seconds: float, granted_at: float) -> Answer[CampaignsAnswer]:
        """The list of campaigns."""
        ...


class Api(CampaignApi, Protocol):
    """All that a worker asks."""

    async def real_time(self, operation: Operation, seconds: float, granted_at: float) -> Answer[LiveAnswer]:
        """The live figures."""
        ...

    async def token_info(self, operation: Operation, seconds: float, granted_at: float) -> Answer[VendorQuota]:
        """The vendor's count of its quota."""
        ...
