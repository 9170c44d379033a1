"""The whole program without its sockets, on a virtual clock and a vendor in memory."""

from collections.abc import Callable

from prometheus_client import CollectorRegistry
from support import Disk, Inline, Vendor, VirtualClock

from exporter.app import App
from exporter.metrics.build import Build
from exporter.model import Config
from exporter.redaction import Redactor


async def started(
    read: Callable[[], Config], url: str, *, clock: VirtualClock, vendor: Vendor, redactor: Redactor
) -> App:
    """The program after its start; it polls from `supervisor.start` on."""
    app = App(
        read,
        database=Disk(url, thread=Inline()),
        clock=clock,
        redactor=redactor,
        build=Build("1.2.3", "abcdef0", "3.11.7"),
        registry=CollectorRegistry(),
    )
    app._client.campaign_4 = vendor.campaign_4  # type: ignore[method-assign]
    try:
        await app.start()
    except BaseException:
        await app.stop(0.0)
        raise
    return app
