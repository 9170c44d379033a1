"""The demo: two operations that never sleep, and the configuration that finds and polls their campaigns."""

from pydantic import SecretStr

from exporter.model import CampaignSettings, Config, Discovery, Operation, PollWhich, Target, TargetKey, Window
from exporter.simulator.campaigns import COLLECTION, OLD_DEBT, REMINDERS, RENEWALS, SALES, SURVEYS, WIN_BACK
from exporter.simulator.fault import Fault, Rule
from exporter.simulator.settings import ZONE, SimulatorSettings
from exporter.simulator.traffic import Shift, SimulatedCampaign

HOUR = Window("1h", 3_600)
HALF_HOUR = Window("30m", 1_800)
TODAY = Window("today", None)

INTERVAL = 15.0
"""Seconds: far below what the vendor advises, so that the demo is seen to live."""
TIMEOUT = 10.0
STALE_AFTER = 3 * INTERVAL + 60
LIST_INTERVAL = 60.0
LIVE_INTERVAL = 30.0
QUOTA_INTERVAL = 60.0
LICENSES = 200
QUOTA_SHARE = 0.5

OPERATIONS: dict[str, tuple[tuple[SimulatedCampaign, Window], ...]] = {
    "cobranzas-andinas": (
        (COLLECTION, HOUR),
        (COLLECTION, HALF_HOUR),
        (COLLECTION, TODAY),
        (OLD_DEBT, HOUR),
        (WIN_BACK, HOUR),
    ),
    "seguros-del-valle": (
        (RENEWALS, HOUR),
        (SURVEYS, HOUR),
        (SALES, HOUR),
        (REMINDERS, HOUR),
        (REMINDERS, TODAY),
    ),
}
"""What each operation is asked for beside the campaigns that it finds."""


def demo_settings(seed: int = 1) -> SimulatorSettings:
    """Make the demo's API: answers take a while, and one campaign fails now and then."""
    return SimulatorSettings(
        seed=seed,
        tokens=tuple(_token(name) for name in OPERATIONS),
        hours=Shift.ALWAYS,
        latency=0.5,
        jitter=0.6,
        quota=LICENSES * 1_000,
        named=tuple(_campaigns(name) for name in OPERATIONS),
        others=0.2,
        rules=(Rule(Fault.SERVER_ERROR, campaign=SURVEYS.id, chance=0.03),),
    )


def demo_config(base_url: str) -> Config:
    """Make the configuration that polls a demo's API at this address."""
    return Config(operations=tuple(_operation(name, base_url) for name in OPERATIONS))


def _operation(name: str, base_url: str) -> Operation:
    return Operation(
        name=name,
        base_url=base_url,
        token=SecretStr(_token(name)),
        proxy_url=None,
        ca_file=None,
        zone=ZONE,
        budget=int(LICENSES * 1_000 * QUOTA_SHARE),
        targets=tuple(_target(name, campaign, window) for campaign, window in OPERATIONS[name]),
        discovery=Discovery(
            refresh_interval=LIST_INTERVAL,
            include=(),
            exclude=(),
            types=frozenset({"predictive", "preview"}),
            poll=PollWhich.STARTED,
            max_campaigns=500,
            settings=CampaignSettings(
                windows=(HOUR,),
                zone=ZONE,
                interval=INTERVAL,
                delay=0.0,
                timeout=TIMEOUT,
                stale_after=STALE_AFTER,
            ),
        ),
        live_interval=LIVE_INTERVAL,
        quota_interval=QUOTA_INTERVAL,
    )


def _campaigns(operation: str) -> tuple[SimulatedCampaign, ...]:
    return tuple(dict.fromkeys(campaign for campaign, _ in OPERATIONS[operation]))


def _target(operation: str, campaign: SimulatedCampaign, window: Window) -> Target:
    return Target(
        key=TargetKey(operation, campaign.id, window.label),
        name=campaign.name,
        window=window,
        zone=ZONE,
        interval=INTERVAL,
        delay=0.0,
        timeout=TIMEOUT,
        stale_after=STALE_AFTER,
    )


def _token(operation: str) -> str:
    """No secret: it opens nothing but the demo."""
    return f"demo-{operation}"
