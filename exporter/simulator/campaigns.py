"""Which campaigns the simulated operation has."""

from enum import StrEnum
from random import Random

from exporter.simulator.traffic import SimulatedCampaign


class Unknown(StrEnum):
    """What is said of a campaign id that is not on the roster."""

    EMPTY = "empty"
    """That it has no rows, as the vendor's API does."""
    INVENTED = "invented"
    """A campaign is made up for every number, so that a real configuration can be tried."""


def _mix(**shares: float) -> tuple[tuple[str, float], ...]:
    return tuple((result.replace("_", "-"), share) for result, share in shares.items())


COLLECTION = SimulatedCampaign(
    id="32841",
    name="Cobranza",
    peak=1400,
    mix=_mix(
        no_answer=0.45, answer=0.24, failed=0.07, busy=0.08, congestion=0.03, recall=0.03, do_not_call_clean=0.01,
        answer_machine=0.09,
    ),
)  # fmt: skip
OLD_DEBT = SimulatedCampaign(
    id="32842",
    name="Cobranza cartera castigada",
    peak=2200,
    mix=_mix(
        no_answer=0.5, answer=0.12, failed=0.16, busy=0.07, congestion=0.04, recall=0.01, do_not_call_clean=0.04,
        answer_machine=0.06,
    ),
)  # fmt: skip
RENEWALS = SimulatedCampaign(
    id="32907",
    name="Renovaciones",
    peak=620,
    mix=_mix(
        no_answer=0.38, answer=0.36, failed=0.04, busy=0.09, congestion=0.02, recall=0.06, do_not_call_clean=0.01,
        answer_machine=0.04,
    ),
)  # fmt: skip
SURVEYS = SimulatedCampaign(
    id="33015",
    name="Encuestas de satisfacción",
    peak=340,
    mix=_mix(
        no_answer=0.42, answer=0.31, failed=0.05, busy=0.1, congestion=0.02, recall=0.05, do_not_call_clean=0.01,
        mailbox=0.04,
    ),
)  # fmt: skip
SALES = SimulatedCampaign(
    id="33120",
    name="Ventas hogar",
    peak=900,
    mix=_mix(
        no_answer=0.48, answer=0.2, failed=0.09, busy=0.08, congestion=0.05, recall=0.04, do_not_call_clean=0.03,
        abandon=0.03,
    ),
)  # fmt: skip
REMINDERS = SimulatedCampaign(
    id="33188",
    name="Recordatorio de citas",
    peak=480,
    mix=_mix(
        no_answer=0.33, answer=0.48, failed=0.04, busy=0.08, congestion=0.02, recall=0.04, do_not_call_clean=0.01,
    ),
    until=11,
)  # fmt: skip
WIN_BACK = SimulatedCampaign(id="33240", name="Reactivación de clientes", peak=0, mix=_mix(no_answer=1.0))

NAMED = (COLLECTION, OLD_DEBT, RENEWALS, SURVEYS, SALES, REMINDERS, WIN_BACK)
"""The last has not been started, and the one before finishes its list each day at 11."""

FIRST_GENERATED = 50_001
"""The id of the first generated campaign; the others follow."""

FIRST_RESTING = 30_001
"""The same for those that do not dial any more."""


def invent(campaign_id: str) -> SimulatedCampaign:
    """Make up a campaign, always the same one for an id."""
    rng = Random(f"campaign/{campaign_id}")
    likeness = rng.choice((COLLECTION, OLD_DEBT, RENEWALS, SURVEYS, SALES))
    return SimulatedCampaign(
        id=campaign_id,
        name=f"{likeness.name} {campaign_id}",
        peak=likeness.peak * rng.uniform(0.4, 1.4),
        mix=tuple((result, share * rng.uniform(0.8, 1.25)) for result, share in likeness.mix),
    )


class CampaignList:
    """Campaigns by id: the named ones, and as many generated ones as asked for."""

    def __init__(self, generated: int = 0, unknown: Unknown = Unknown.EMPTY) -> None:
        self._campaigns = {campaign.id: campaign for campaign in NAMED}
        for number in range(FIRST_GENERATED, FIRST_GENERATED + generated):
            self._campaigns[str(number)] = invent(str(number))
        self._unknown = unknown

    @property
    def campaigns(self) -> tuple[SimulatedCampaign, ...]:
        """All that are listed, the named ones first."""
        return tuple(self._campaigns.values())

    @property
    def generated(self) -> tuple[SimulatedCampaign, ...]:
        """Those beyond the named ones."""
        return self.campaigns[len(NAMED) :]

    def find(self, campaign_id: str) -> SimulatedCampaign | None:
        """Look a campaign up; None where the answer is that it has no rows."""
        known = self._campaigns.get(campaign_id)
        if known is None and self._unknown is Unknown.INVENTED and campaign_id.isascii() and campaign_id.isdigit():
            return invent(campaign_id)
        return known
