"""The real command with a bug of the worst kind: polls of one campaign raise an exception that quotes the token."""

import sys

import structlog

from exporter.cli import main
from exporter.model import Operation, Report, Target, TimeRange
from exporter.wolkvox.client import Answer, Client

CAMPAIGN = "666"

asked = Client.campaign_4


async def campaign_4(
    client: Client, operation: Operation, target: Target, bounds: TimeRange, granted_at: float
) -> Answer[Report]:
    if target.key.campaign == CAMPAIGN:
        token = operation.token.get_secret_value()
        structlog.get_logger().error(f"about {token}", headers={"wolkvox-token": token}, raw=token.encode())
        raise RuntimeError(f"cannot send {token!r} to {operation.base_url}?token={token}")
    return await asked(client, operation, target, bounds, granted_at)


if __name__ == "__main__":
    Client.campaign_4 = campaign_4  # type: ignore[method-assign, assignment]
    sys.exit(main())
