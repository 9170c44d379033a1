"""What the log says of the APIs that are asked for a whole operation: one line where something changes."""

from exporter.model import ApiName, CampaignsAnswer, Failure, LiveAnswer
from exporter.polling.discovery_place import DiscoveryPlace
from exporter.polling.discovery_store import ApiAnswer
from exporter.polling.timetable import Timetable
from exporter.storage.request import StoredApi

NAMED = 10
"""Campaigns that a line names; it counts the rest."""


class CompanionLog:
    """Remembers what was said last, so that nothing is said twice."""

    def __init__(self, timetable: Timetable) -> None:
        self._timetable = timetable
        self._skipped: dict[ApiName, int] = {}
        self._is_cut = False
        self._is_doubted = False
        self._campaigns: frozenset[str] = frozenset()

    def answered(self, api: ApiName, before: StoredApi, outcome: ApiAnswer | Failure) -> None:
        """Log what a request to an API changed; `before` is what was known before it."""
        log = self._timetable.log.bind(api=api.value)
        if isinstance(outcome, Failure):
            if before.failure is None or before.failure.reason is not outcome.reason:
                detail = outcome.message
                log.warning("API request failed", reason=outcome.reason.value, status=outcome.status, detail=detail)
            return
        if before.failure is not None:
            log.info("API request succeeded again", was=before.failure.reason.value)
        skipped = outcome.skipped if isinstance(outcome, CampaignsAnswer | LiveAnswer) else 0
        if skipped != self._skipped.get(api, 0):
            log.warning("rows without an id are skipped", rows=skipped)
        self._skipped[api] = skipped

    def followed(self, place: DiscoveryPlace) -> None:
        """Log what the answers say of the campaigns, where that has changed."""
        log = self._timetable.log
        excess = place.excess()
        if excess and not self._is_cut:
            log.warning(
                "the list of campaigns is cut: started ones are kept, then the highest ids",
                left_out=excess,
                found=place.found(),
                hint="raise max_campaigns, or narrow include, exclude or types",
            )
        self._is_cut = excess > 0
        doubted = place.is_doubted()
        if doubted and not self._is_doubted:
            log.warning("the list of campaigns is empty, the one before was not: it is believed at the second time")
        self._is_doubted = doubted
        campaigns = place.asked_campaigns()
        if campaigns != self._campaigns:
            begun, ended = campaigns - self._campaigns, self._campaigns - campaigns
            log.info("campaigns to poll changed", polled=len(campaigns), begun=_named(begun), ended=_named(ended))
        self._campaigns = campaigns


def _named(campaigns: frozenset[str]) -> str:
    names = sorted(campaigns)
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return f"{', '.join(names[:NAMED])}{more}"
