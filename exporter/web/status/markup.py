"""The pieces of HTML that stand in every row. Functions, not template macros: a page calls them by the hundred."""

from collections.abc import Mapping
from typing import NamedTuple

from markupsafe import Markup

from exporter.palette import PALETTE, shade
from exporter.web.status.i18n import Language
from exporter.web.status.state import CampaignSummary, State
from exporter.web.status.text import visible

_SYMBOLS: Mapping[State, str] = {
    State.STALE: "\N{BLACK SQUARE}",
    State.FAILING: "\N{BLACK UP-POINTING TRIANGLE}",
    State.SPIKE: "\N{BLACK DIAMOND}",
    State.OK: "\N{BLACK CIRCLE}",
    State.NO_DATA: "\N{WHITE CIRCLE}",
    State.WAITING: "\N{MIDLINE HORIZONTAL ELLIPSIS}",
}

_ORDER = {result: place for place, result in enumerate(PALETTE)}

_FOREIGN = Markup("<bdi>{}</bdi>")
_QUIET = Markup('<span class="quiet">{}</span>')
_STATE = Markup('<span class="state {}"><span aria-hidden="true">{}</span> {}</span>')
_BAR = Markup('<svg class="bar" role="img" aria-label="{}">{}</svg>')
_SHARE = Markup('<svg class="share-bar" role="img" aria-label="{}"><title>{}</title>{}</svg>')
_FILLED = Markup('<rect width="{}%" height="100%" fill="url(#r-{})"/>')
_LINE = Markup('<rect class="interval" x="{}%" y="40%" width="{}%" height="20%"/>')
_PIECE = Markup('<rect x="{}%" width="{}%" height="100%" fill="url(#r-{})"><title>{}</title></rect>')


class Segment(NamedTuple):
    """A piece of a bar, in percent of its width."""

    result: str
    start: float
    width: float


def segments(digest: CampaignSummary) -> list[Segment]:
    """The bar of one target's shares, in the palette's order; what the palette does not know comes last."""
    shown = sorted(digest.shares.items(), key=lambda item: _ORDER.get(item[0], len(_ORDER)))
    pieces, start = [], 0.0
    for result, share in shown:
        if share > 0:
            pieces.append(Segment(result, round(start, 2), round(share, 2)))
            start += share
    return pieces


def bar(digest: CampaignSummary, language: Language) -> Markup:
    """The shares as an SVG with a text for each piece and for the whole; words where there is nothing to draw."""
    if not digest.shares:
        return _QUIET.format(language.say("none" if digest.attempts is None else "no_attempts"))
    pieces = segments(digest)
    texts = [f"{visible(language.result(each.result))} {language.percent(each.width)}" for each in pieces]
    drawn = [
        _PIECE.format(each.start, each.width, shade(each.result), text)
        for each, text in zip(pieces, texts, strict=True)
    ]
    return _BAR.format(", ".join(texts), Markup("").join(drawn))


def share_bar(digest: CampaignSummary, result: str, language: Language) -> Markup:
    """A share from 0 to 100 percent as an SVG, its interval as a thin line; nothing where there is nothing to share."""
    if result not in digest.intervals:
        return Markup("")
    low, high = digest.intervals[result]
    text = language.say("interval_of_share", low=language.percent(low), high=language.percent(high))
    filled = _FILLED.format(round(digest.shares[result], 2), shade(result))
    line = _LINE.format(round(low, 2), round(max(high - low, 0.3), 2))
    return _SHARE.format(text, text, filled + line)


def foreign(text: str, limit: int = 200) -> Markup:
    """A text that is not ours, made visible and kept from turning its surroundings round."""
    return _FOREIGN.format(visible(text, limit))


def state(value: State, language: Language) -> Markup:
    """A state as a symbol and a word."""
    return _STATE.format(value, _SYMBOLS[value], language.states[value])


def percent(digest: CampaignSummary, result: str, language: Language) -> Markup | str:
    """The share of one result, or a dash where there is nothing to share."""
    if not digest.shares:
        return _QUIET.format(language.say("none"))
    return language.percent(digest.shares.get(result, 0.0))
