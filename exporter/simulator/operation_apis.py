"""What the APIs of a whole operation say of it: rows as the vendor's pages describe them, everything text (pure)."""

import math
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from random import Random
from zoneinfo import ZoneInfo

from exporter.simulator.lives import Life

ApiRow = Mapping[str, object]

Counts = Callable[[Life, int, int], Mapping[str, int]]
"""Attempts by result of a campaign from one second up to but without another."""

RATE = 300
"""Seconds over which calls a minute are counted."""

_MACHINES = ("answer-machine", "mailbox")
_LOST = ("busy", "congestion", "failed")
_LEFT = 1.35
"""Records of a list that is not finished, over those that are dialled."""


def listed(lives: Iterable[Life], counts: Counts, now: float, zone: ZoneInfo) -> list[ApiRow]:
    """The rows of `information.php?api=campaigns`."""
    return [_listed(life, counts, now, zone) for life in lives]


def live(lives: Iterable[Life], counts: Counts, now: float) -> list[ApiRow]:
    """The rows of `real_time.php?api=campaigns`: of campaigns that have been started."""
    return [_live(life, counts, now) for life in lives if life.dials and life.dials[0][0] <= now]


def token_info(limit: int, used: int, by_all: int) -> ApiRow:
    """The row of `information.php?api=token_info`."""
    return {
        "token_limit": str(limit),
        "token_use_today": str(used),
        "all_token_today": str(by_all),
        "available_consumption_options": str(max(limit - by_all, 0)),
    }


def _listed(life: Life, counts: Counts, now: float, zone: ZoneInfo) -> ApiRow:
    campaign, character = life.campaign, Random(life.campaign.id)
    used_at = min([now, *(end for _, end in life.dials)]) if life.dials else now - character.randint(30, 90) * 86_400
    return {
        "campaign_id": campaign.id,
        "campaign_name": campaign.name,
        "campaign_description": "",
        "type_campaign": life.kind,
        "status": "Started" if life.is_started(now) else "Stopped",
        "records": str(_records(life, counts)),
        "speed": _speed(character),
        "dial_mode": "progressive",
        "last_use": datetime.fromtimestamp(used_at, zone).strftime("%Y-%m-%d %H:%M:%S"),
        "recycled": str(character.randint(0, 2)),
        "turbo_dial": "no",
        "skill_id": str(7_000 + character.randint(1, 9)),
    }


def _live(life: Life, counts: Counts, now: float) -> ApiRow:
    character = Random(life.campaign.id)
    begun, second = life.dials[0][0], math.floor(now)
    attempts = counts(life, begun, second)
    recent = counts(life, second - RATE, second)
    records = _records(life, counts)
    dialled = min(round(sum(attempts.values()) / _tries(life)), records)
    share = f"{100 * dialled / records:.2f} %"
    return {
        "campaign": f"{life.campaign.id} - {life.campaign.name} - Progressive ({records} records)",
        "speed": _speed(character),
        "status": "started" if life.is_started(now) else "stopped",
        "recycled": str(character.randint(0, 2)),
        "skill_id": str(7_000 + character.randint(1, 9)),
        "records": str(records),
        "clean": str(records - dialled),
        "dial": str(dialled),
        "answer": str(attempts.get("answer", 0)),
        "no_answer": str(attempts.get("no-answer", 0)),
        "busy/congestion/failed": str(sum(attempts.get(result, 0) for result in _LOST)),
        "answer_machine": str(sum(attempts.get(result, 0) for result in _MACHINES)),
        "penetration_day": share,
        "penetration_now": share,
        "hits": str(attempts.get("answer", 0)),
        "calls_x_min": f"{sum(recent.values()) * 60 / RATE:.1f}",
    }


def _speed(character: Random) -> str:
    return f"{character.randint(2, 8) / 2:g}"


def _tries(life: Life) -> float:
    """Attempts for each record of the list."""
    return 1.2 + Random(f"{life.campaign.id}/tries").random()


def _records(life: Life, counts: Counts) -> int:
    """As many as it dials until its end, and more where it is stopped before the list is through."""
    if not life.dials:
        return Random(f"{life.campaign.id}/records").randint(400, 9_000)
    attempts = sum(counts(life, life.dials[0][0], life.dials[-1][1]).values())
    return max(math.floor(attempts / _tries(life) * (1.0 if life.finishes else _LEFT)), 1)
