"""The public holidays of a country, by the library `holidays`. It is loaded when first needed: that takes a moment."""

import difflib
import re
from datetime import date
from functools import cache, lru_cache

_CODE = re.compile(r"([A-Z]{2})(?:-([A-Z0-9]{1,3}))?")
"""ISO 3166-1 alpha-2, perhaps with a subdivision of ISO 3166-2."""


@lru_cache(maxsize=1_024)
def public_holidays(code: str, year: int) -> frozenset[date]:
    """The days of a year that are public holidays, observed ones included.

    Args:
        code: As `check_holidays` allows it: `CO`, `CO-DC`.
        year: Of the Gregorian calendar. The library knows none for years that it does not cover.
    """
    from holidays import country_holidays  # noqa: PLC0415

    country, _, subdivision = code.partition("-")
    known = subdivision if subdivision in _countries()[country] else None  # others have no holidays of their own
    return frozenset(day for day in country_holidays(country, known, years=year, expand=False) if day.year == year)


def check_holidays(code: str) -> str:
    """The code of a country or of a part of it, where its holidays are known.

    A part that has no holidays of its own in a country without any such parts has those of the country.

    Raises:
        ValueError: one line, with the nearest known code.
    """
    found = _CODE.fullmatch(code)
    country, subdivision = (found[1], found[2]) if found else ("", None)
    parts = _countries().get(country)
    if parts is None:
        raise ValueError(
            f"is not a country whose public holidays are known{_suggestion(code)}, allowed are codes of ISO 3166 such"
            " as CO or CO-DC"
        )
    if subdivision and parts and subdivision not in parts:
        near = difflib.get_close_matches(subdivision, parts, n=1, cutoff=0.5)
        hint = f" (did you mean {country}-{near[0]}?)" if near else ""
        raise ValueError(
            f"names a part of {country} that is not known{hint}, allowed are {country} and, after {country}-, one of"
            f" {', '.join(parts)}"
        )
    return code


def _suggestion(code: str) -> str:
    from holidays.registry import COUNTRIES  # noqa: PLC0415

    known = _countries()
    for module, (_, *codes) in COUNTRIES.items():  # "Colombia", "COL", "co"
        names = {module.replace("_", ""), *(one.lower() for one in codes)}
        written = re.sub(r"[^a-z]", "", code.lower())
        country = next((one for one in codes if one in known), None)
        if country and written in names:
            return f" (did you mean {country}?)"
    return ""


@cache
def _countries() -> dict[str, tuple[str, ...]]:
    """By code, the parts that have holidays of their own."""
    from holidays import list_supported_countries  # noqa: PLC0415

    return {
        country: tuple(part for part in parts if _CODE.fullmatch(f"{country}-{part}"))
        for country, parts in list_supported_countries(include_aliases=False).items()
    }
