"""From a spike in the simulated API to a message of a real Alertmanager, by the rules that are shipped."""

import re
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from real_alerting import alerting_on
from real_exporter import Exporter

from exporter.simulator.fault import Fault
from exporter.simulator.server import Simulator
from exporter.simulator.spikes import SpikeKind

Run = Callable[..., Awaitable[Exporter]]
Operation = Callable[..., dict[str, Any]]

RATE = 40.0
"""Attempts per second: far beyond the volume that an alert asks for, also in a window of seconds."""


def config(operation: dict[str, Any]) -> dict[str, Any]:
    """Short windows, so that a spike is soon over in them as well."""
    return {"interval": "2s", "windows": ["15s"], "operations": [operation]}


async def test_a_busy_spike_is_pending_then_firing_then_delivered_then_resolved(
    run: Run, simulator: Simulator, operation: Operation, tmp_path: Path
) -> None:
    exporter = await run(config(operation("acme", "32841")))
    async with alerting_on(tmp_path / "alerting", exporter.url.removeprefix("http://")) as alerting:
        simulator.set_spike("32841", SpikeKind.BUSY, RATE)
        await alerting.shows("WolkvoxBusySpike", "pending")
        await alerting.shows("WolkvoxBusySpike", "firing")
        message = await alerting.told("WolkvoxBusySpike", "firing")
        simulator.clear_spikes()
        await alerting.told("WolkvoxBusySpike", "resolved")
        await alerting.shows("WolkvoxBusySpike")
    assert message["labels"] == {
        "alertname": "WolkvoxBusySpike",
        "severity": "warning",
        "job": "wolkvox",
        "operation": "acme",
        "campaign": "32841",
        "window": "15s",
    }
    assert message["annotations"]["dashboard_url"].endswith("var-operation=acme&var-campaign=32841&var-window=15s")
    assert re.search(
        r"% of the \d+ attempts in the last 15s reached a busy line", message["annotations"]["description"]
    )


async def test_a_refused_token_silences_the_alerts_of_its_campaigns(
    run: Run, simulator: Simulator, operation: Operation, tmp_path: Path
) -> None:
    exporter = await run(config(operation("acme", "32841")))
    async with alerting_on(tmp_path / "alerting", exporter.url.removeprefix("http://")) as alerting:
        simulator.set_spike("32841", SpikeKind.FAILED, RATE)
        await alerting.treats("WolkvoxFailedSpike", "active")
        simulator.set_fault(Fault.AUTH)
        await alerting.treats("WolkvoxTokenRefused", "active")
        await alerting.treats("WolkvoxFailedSpike", "suppressed")
        simulator.clear_faults()
        await alerting.told("WolkvoxTokenRefused", "resolved")
        await alerting.treats("WolkvoxFailedSpike", "active")
    assert {each["status"] for each in alerting.messages if "campaign" in each["labels"]} == {"firing"}


async def test_a_carrier_in_trouble_is_one_message_for_its_campaigns(
    run: Run, simulator: Simulator, operation: Operation, tmp_path: Path
) -> None:
    campaigns = ("32841", "32842", "32843")
    exporter = await run(config(operation("acme", *campaigns)))
    async with alerting_on(tmp_path / "alerting", exporter.url.removeprefix("http://")) as alerting:
        for campaign in campaigns:
            simulator.set_spike(campaign, SpikeKind.BUSY, RATE)
        await alerting.treats("WolkvoxCarrierTrouble", "active")
        await alerting.treats("WolkvoxBusySpike", *["suppressed"] * len(campaigns))
        message = await alerting.told("WolkvoxCarrierTrouble", "firing")
    assert message["labels"] == {
        "alertname": "WolkvoxCarrierTrouble",
        "severity": "critical",
        "job": "wolkvox",
        "operation": "acme",
        "window": "15s",
    }
    assert "3 campaigns at once" in message["annotations"]["description"]


async def test_a_stopped_exporter_is_told(run: Run, operation: Operation, tmp_path: Path) -> None:
    exporter = await run(config(operation("acme", "32841")))
    async with alerting_on(tmp_path / "alerting", exporter.url.removeprefix("http://")) as alerting:
        assert await exporter.stop() == 0
        await alerting.shows("WolkvoxExporterDown", "firing")
        message = await alerting.told("WolkvoxExporterDown", "firing")
    assert message["labels"] == {"alertname": "WolkvoxExporterDown", "severity": "critical", "job": "wolkvox"}
