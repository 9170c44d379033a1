"""The languages that the dashboards speak."""

from collections.abc import Callable

Translate = Callable[[str, str], str]
"""Picks one of an English and a Spanish text. Both are written side by side, so that none can lack its twin."""


def english(text: str, _texto: str) -> str:
    """Pick the English text."""
    return text


def spanish(_text: str, texto: str) -> str:
    """Pick the Spanish text."""
    return texto
