"""Which campaigns of a list are taken in: by type, by name, and the first so many of them."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from exporter.model import Discovery, ListedCampaign
from exporter.name_pattern import compile_pattern

ALL_TYPES = frozenset({"predictive", "preview"})
"""The types that the vendor documents."""


def passing(discovery: Discovery, campaigns: Iterable[ListedCampaign]) -> dict[str, ListedCampaign]:
    """The campaigns whose type and name are wanted, by their ids.

    Where both types are wanted, so is one that the vendor does not document, and a campaign without a type.
    """
    any_type = discovery.types >= ALL_TYPES
    include = [compile_pattern(pattern) for pattern in discovery.include]
    exclude = [compile_pattern(pattern) for pattern in discovery.exclude]
    return {
        one.id: one
        for one in campaigns
        if (any_type or one.type in discovery.types)
        and (not include or _matches(include, one.name))
        and not _matches(exclude, one.name)
    }


def cut(passed: Mapping[str, ListedCampaign], is_started: Callable[[str], bool], most: int) -> frozenset[str]:
    """The ids of at most so many campaigns: those that are started first, then the highest ids."""
    if len(passed) <= most:
        return frozenset(passed)
    ranked = sorted(passed, key=lambda one: (is_started(one), _height(one)), reverse=True)
    return frozenset(ranked[:most])


def _matches(expressions: Iterable[Any], name: str) -> bool:
    """Whether one of them matches the whole name."""
    text = name if name.isascii() else name.encode("utf-8", "backslashreplace").decode("utf-8")
    return any(one.fullmatch(text) is not None for one in expressions)


def _height(campaign: str) -> tuple[bool, int, str]:
    """Numbers by their value, above all else; not converted, since a hostile id may have any length."""
    if campaign.isascii() and campaign.isdecimal():
        digits = campaign.lstrip("0")
        return True, len(digits), digits
    return False, 0, campaign
