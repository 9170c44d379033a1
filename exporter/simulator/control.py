"""Switches and the witness of the simulated API, under a path of their own."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import asdict
from typing import Any, Literal, TypeVar

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from exporter.model import ApiName
from exporter.simulator.app import Endpoint
from exporter.simulator.fault import DESCRIPTIONS, NOWHERE, REASONS, Fault, Rule
from exporter.simulator.request_log import fingerprint
from exporter.simulator.spikes import SpikeKind, usual_rate

PREFIX = "/simulator"

Switch = TypeVar("Switch", bound=BaseModel)
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class FaultSwitch(BaseModel):
    """Body of `PUT /simulator/faults`; without a token, a campaign and an API the fault concerns all."""

    model_config = ConfigDict(extra="forbid")

    fault: Fault
    token: str = ""
    """The token itself; it is kept as a hash."""
    campaign: str = ""
    count: int | None = Field(default=None, ge=1)
    chance: float = Field(default=1.0, gt=0, le=1)
    location: str = NOWHERE
    api: ApiName | Literal[""] = ""
    """Only requests to this API; without it, those to all."""

    def rule(self) -> Rule:
        """Name the token by its hash."""
        return Rule(**(self.model_dump() | {"token": fingerprint(self.token)}))


class SpikeSwitch(BaseModel):
    """Body of `PUT /simulator/spikes`."""

    model_config = ConfigDict(extra="forbid")

    campaign: str
    spike: SpikeKind
    rate: float | None = Field(default=None, gt=0, le=10_000)
    """Attempts per second; without it ten times what the campaign has at its peak."""


class Control:
    """Handlers of the control paths."""

    def __init__(self, endpoint: Endpoint) -> None:
        self._endpoint = endpoint

    def routes(self) -> list[web.RouteDef]:
        """List them for an application."""
        return [
            web.get(f"{PREFIX}/faults", self._faults),
            web.put(f"{PREFIX}/faults", self._fault_on),
            web.delete(f"{PREFIX}/faults", self._fault_off),
            web.get(f"{PREFIX}/spikes", self._spikes),
            web.put(f"{PREFIX}/spikes", self._spike_on),
            web.delete(f"{PREFIX}/spikes", self._spike_off),
            web.get(f"{PREFIX}/log", self._log),
            web.get(f"{PREFIX}/campaigns", self._campaigns),
        ]

    async def _faults(self, _: web.Request) -> web.Response:
        table = [{"fault": fault, "reason": REASONS[fault], "does": does} for fault, does in DESCRIPTIONS.items()]
        return web.json_response({"on": [asdict(rule) for rule in self._endpoint.faults.rules], "known": table})

    async def _fault_on(self, request: web.Request) -> web.Response:
        rule = (await _read(request, FaultSwitch)).rule()
        self._endpoint.faults.switch_on(rule)
        return web.json_response(asdict(rule))

    async def _fault_off(self, request: web.Request) -> web.Response:
        query = request.query
        scope = fingerprint(query.get("token", "")), query.get("campaign", ""), query.get("api", "")
        ended = self._endpoint.faults.switch_off(*scope)
        return web.json_response({"off": ended})

    async def _spikes(self, _: web.Request) -> web.Response:
        return web.json_response([asdict(spike) for spike in self._endpoint.spikes.all])

    async def _spike_on(self, request: web.Request) -> web.Response:
        switch = await _read(request, SpikeSwitch)
        campaign = self._endpoint.campaigns.find(switch.campaign)
        if campaign is None:
            raise _bad(f"campaign {switch.campaign}: not known here; GET {PREFIX}/campaigns lists those that are")
        rate = usual_rate(campaign) if switch.rate is None else switch.rate
        now = self._endpoint.clock.now()
        return web.json_response(asdict(self._endpoint.spikes.switch_on(campaign.id, switch.spike, now, rate)))

    async def _spike_off(self, request: web.Request) -> web.Response:
        kind = _choice(SpikeKind, request.query, "spike")
        now = self._endpoint.clock.now()
        return web.json_response({"off": self._endpoint.spikes.switch_off(now, request.query.get("campaign"), kind)})

    async def _log(self, request: web.Request) -> web.Response:
        since = request.query.get("since", "0")
        if not (since.isascii() and since.isdigit()):
            raise _bad("since: wants the number of the last request that is already known")
        entries = [asdict(entry) for entry in self._endpoint.request_log.entries if entry.number > int(since)]
        return web.json_response({"total": self._endpoint.request_log.total, "entries": entries})

    async def _campaigns(self, _: web.Request) -> web.Response:
        return web.json_response([asdict(campaign) for campaign in self._endpoint.campaigns.campaigns])


def _bad(text: str) -> web.HTTPBadRequest:
    return web.HTTPBadRequest(text=text + "\n")


async def _read(request: web.Request, switch: type[Switch]) -> Switch:
    try:
        return switch.model_validate_json(await request.read())
    except ValidationError as error:
        mistakes = (f"{'.'.join(map(str, e['loc'])) or 'body'}: {e['msg']}" for e in error.errors(include_url=False))
        raise _bad("\n".join(mistakes)) from error


def _choice(kind: type[SpikeKind], query: Mapping[str, Any], name: str) -> SpikeKind | None:
    text = query.get(name)
    try:
        return None if text is None else kind(text)
    except ValueError as error:
        raise _bad(f"{name}: {text} is unknown; there is {', '.join(kind)}") from error
