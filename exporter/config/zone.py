import difflib
import re
from functools import cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from exporter.yaml import quoted

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_+-]*(?:/[A-Za-z0-9_+-]+)*")
_OFFSET = re.compile(r"(?:Etc/)?(?:UTC|GMT)? ?([+-])0?([0-9]{1,2})(?::?00)?", re.IGNORECASE)
"""An offset as people write it."""
_ETC = re.compile(r"Etc/GMT-([1-9][0-9]?)")
_LOCAL = frozenset({"localtime", "posixrules", "Factory"})
"""Names that mean something else on each machine, or nothing."""
_LEAPING = ("posix/", "right/")
"""Folders of some systems; the clocks of `right/` count leap seconds, which no vendor's dates do."""


def find_zone(name: str) -> ZoneInfo:
    """The zone of an IANA name.

    Raises:
        ValueError: one line, with the nearest known name.
    """
    try:
        if _NAME.fullmatch(name) and name not in _LOCAL and not name.startswith(_LEAPING):
            return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):  # OSError: the name of a folder, or one too long for a file
        pass
    raise ValueError(f"unknown zone {quoted(name)}{_suggestion(name)}, allowed are IANA names such as America/Bogota")


def misleading(name: str) -> str | None:
    """What a zone of a fixed offset really is, where its sign says the opposite to most readers; None for others."""
    found = _ETC.fullmatch(name)
    if found is None:
        return None
    ahead = int(found[1])
    return (
        f"{name} is {ahead} h ahead of UTC (UTC+{ahead}), its sign is that of POSIX; for {ahead} h behind UTC write"
        f" Etc/GMT+{ahead}, or better the name of a place such as America/Bogota"
    )


def _suggestion(name: str) -> str:
    if found := _OFFSET.fullmatch(name.strip()):
        return _fixed(found[1], int(found[2]))
    known = _known()
    wanted = name.strip().replace(" ", "_").lower()
    near = difflib.get_close_matches(wanted[:60], known, n=1, cutoff=0.8)
    if not near:  # "Bogota", "bogota/america"
        near = [low for low in sorted(known) if wanted in low.split("/")[1:]]
    return f" (did you mean {known[near[0]]}?)" if near else ""


def _fixed(sign: str, hours: int) -> str:
    """The zone of a fixed offset as people write it; the names of IANA bear the opposite sign."""
    name = f"Etc/GMT{'+' if sign == '-' else '-'}{hours}" if hours else "UTC"
    if name not in available_timezones():
        return ""
    return f" (did you mean {name}, which is UTC{sign}{hours}?)"


@cache
def _known() -> dict[str, str]:
    return {name.lower(): name for name in sorted(available_timezones() - _LOCAL)}
