"""The simulated API on a socket."""

from types import TracebackType
from typing import Self

from aiohttp import web

from exporter.clock import Clock, SystemClock
from exporter.listen_address import ListenAddress, ListenError, bind, url
from exporter.simulator import answer
from exporter.simulator.app import PATH, PATHS, Endpoint
from exporter.simulator.control import PREFIX, Control
from exporter.simulator.error import SimulatorError
from exporter.simulator.fault import Fault, Rule
from exporter.simulator.lives import Life
from exporter.simulator.request_log import RequestLog, fingerprint
from exporter.simulator.settings import SimulatorSettings
from exporter.simulator.spikes import SpikeKind, usual_rate
from exporter.simulator.traffic import SimulatedCampaign

_FLAG = "--simulator.listen-address"

KEEP_ALIVE = 5.0
"""Seconds after which the live service closes an idle connection."""

GRACE = 0.1
"""Seconds that requests under way get when the simulator stops."""


class Simulator:
    """The vendor's API on loopback, from `start` to `stop`, or as a context manager."""

    def __init__(self, settings: SimulatorSettings | None = None, clock: Clock | None = None) -> None:
        self._endpoint = Endpoint(settings or SimulatorSettings(), clock or SystemClock())
        self._runner: web.AppRunner | None = None
        self._base_url = ""

    @property
    def settings(self) -> SimulatorSettings:
        """What it was made with."""
        return self._endpoint.settings

    @property
    def base_url(self) -> str:
        """Scheme, host and port, once it is started."""
        return self._base_url

    @property
    def log(self) -> RequestLog:
        """The requests that it saw."""
        return self._endpoint.request_log

    @property
    def campaigns(self) -> tuple[SimulatedCampaign, ...]:
        """Those it knows, the named ones first."""
        return self._endpoint.campaigns.campaigns

    def counts(self, campaign: str, start: int, end: int) -> dict[str, int]:
        """What a report of these seconds would say now, results in lower case; empty for an unknown campaign."""
        return self._endpoint.asked(campaign, start, end)

    def lives(self, token: str = "") -> list[Life]:
        """The campaigns that the list of a token's operation names now."""
        return self._endpoint.operations.of(token).listed(self._endpoint.clock.now())

    def set_fault(
        self, fault: Fault, *, token: str = "", campaign: str = "", api: str = "", count: int | None = None
    ) -> None:
        """Switch a fault on, for what is named or for all, and for so many requests or until it is cleared."""
        self._endpoint.faults.switch_on(Rule(fault, fingerprint(token), campaign, count, api=api))

    def set_rule(self, rule: Rule) -> None:
        """Switch a fault on with all that can be said of it."""
        self._endpoint.faults.switch_on(rule)

    def clear_faults(self, *, token: str = "", campaign: str = "", api: str = "") -> None:
        """Switch off those of a token, of a campaign, of an API, or all."""
        self._endpoint.faults.switch_off(fingerprint(token), campaign, api)

    def set_spike(self, campaign: str, kind: SpikeKind, rate: float | None = None) -> None:
        """Begin a spike, of so many attempts per second; raises SimulatorError for an unknown campaign."""
        found = self._endpoint.campaigns.find(campaign)
        if found is None:
            raise SimulatorError(f"campaign {campaign}: not known to the simulator")
        rate = usual_rate(found) if rate is None else rate
        self._endpoint.spikes.switch_on(found.id, kind, self._endpoint.clock.now(), rate)

    def clear_spikes(self, campaign: str | None = None, kind: SpikeKind | None = None) -> None:
        """End the spikes of a campaign, of a kind, or all."""
        self._endpoint.spikes.switch_off(self._endpoint.clock.now(), campaign, kind)

    async def start(self) -> None:
        """Listen; raises SimulatorError where the address or the log file cannot be had."""
        self.log.open()
        runner = web.AppRunner(
            self._application(),
            access_log=None,
            handler_cancellation=True,
            keepalive_timeout=KEEP_ALIVE,
            shutdown_timeout=GRACE,
        )
        await runner.setup()
        try:
            (listener,) = bind([ListenAddress(self.settings.host, self.settings.port)], _FLAG)
        except ListenError as error:
            await runner.cleanup()
            self.log.close()
            raise SimulatorError(f"simulator: {error}") from error
        await web.SockSite(runner, listener).start()
        self._runner = runner
        self._base_url = url(listener, "http").removesuffix("/")

    async def stop(self) -> None:
        """Close everything; requests under way are dropped."""
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None
        self.log.close()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    def _application(self) -> web.Application:
        application = web.Application()
        application.add_routes(Control(self._endpoint).routes())
        application.add_routes(
            [
                *(web.get(path, self._endpoint.respond, allow_head=False) for path in PATHS),
                web.get("/", _hint),
                web.get("/{elsewhere:.*}", _elsewhere, allow_head=False),
            ]
        )
        return application


async def _hint(_: web.Request) -> web.Response:
    return web.Response(
        text=f"Simulated Wolkvox API.\nReports: GET {PATH}\nOperations: GET {', '.join(PATHS[1:])}\n"
        f"Switches: {PREFIX}/faults, {PREFIX}/spikes\nWitness: {PREFIX}/log\nCampaigns: {PREFIX}/campaigns\n"
    )


async def _elsewhere(_: web.Request) -> web.Response:
    missing = answer.page(404, "404 Not Found")
    return web.Response(status=missing.status, body=missing.body, headers={"Content-Type": missing.content_type})
