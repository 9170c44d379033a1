"""The page's languages and the choice between them."""

from exporter.web.status.i18n.english import ENGLISH
from exporter.web.status.i18n.language import Advice, Language
from exporter.web.status.i18n.negotiation import preferred
from exporter.web.status.i18n.spanish import SPANISH

LANGUAGES = (ENGLISH, SPANISH)
"""The first one is the default for languages that are not here."""


def negotiate(accept_language: str) -> Language:
    """The language that the header `Accept-Language` prefers."""
    code = preferred(accept_language, tuple(language.code for language in LANGUAGES))
    return next(language for language in LANGUAGES if language.code == code)


__all__ = ["ENGLISH", "LANGUAGES", "SPANISH", "Advice", "Language", "negotiate"]
