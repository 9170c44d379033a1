"""Which operation a token belongs to."""

from functools import lru_cache

from exporter.simulator.campaigns import FIRST_RESTING, NAMED, CampaignList, invent
from exporter.simulator.lives import Life, Lives
from exporter.simulator.settings import SimulatorSettings


class Operations:
    """An operation for each token that the simulator knows; one for all where it takes any."""

    def __init__(self, settings: SimulatorSettings, campaigns: CampaignList) -> None:
        self._settings = settings
        self._campaigns = campaigns
        self._lives = lru_cache(maxsize=None)(self._make)

    def of(self, token: str) -> Lives:
        """The operation of a token."""
        tokens = self._settings.tokens
        return self._lives(tokens.index(token) if token in tokens else 0)

    def find(self, campaign_id: str, now: float) -> Life | None:
        """A campaign that comes and goes, of whichever operation."""
        every = (self._lives(number).find(campaign_id, now) for number in range(max(len(self._settings.tokens), 1)))
        return next((life for life in every if life is not None), None)

    def _make(self, number: int) -> Lives:
        settings = self._settings
        own = settings.named[number] if number < len(settings.named) else NAMED
        generated = self._campaigns.generated
        return Lives(
            number,
            own,
            seed=settings.seed,
            zone=settings.zone,
            hours=settings.hours,
            dialling=settings.dialling,
            daily=settings.daily,
            generated=generated,
            resting=[invent(str(FIRST_RESTING + 1_000 * number + place)) for place in range(settings.resting)],
        )
