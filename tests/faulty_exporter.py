"""The real command with a bug: polls of the campaign that the file `faulty` names raise, for as long as it is there."""

import sys
from pathlib import Path

from exporter.cli import main
from exporter.model import Operation, Report, Target, TimeRange
from exporter.wolkvox.client import Answer, Client

MARK = Path("faulty")

asked = Client.campaign_4


async def campaign_4(
    client: Client, operation: Operation, target: Target, bounds: TimeRange, granted_at: float
) -> Answer[Report]:
    if MARK.exists() and MARK.read_text(encoding="utf-8") == target.key.campaign:
        raise RuntimeError("made to fail")
    return await asked(client, operation, target, bounds, granted_at)


if __name__ == "__main__":
    Client.campaign_4 = campaign_4  # type: ignore[method-assign, assignment]
    sys.exit(main())
