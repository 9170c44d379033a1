"""Which body a scraper gets: pure functions from two request headers (RFC 9110, 12.5.1 and 12.5.3).

All names on the page are legal in every version of both formats, so versions and escaping differ in the header only.
Nothing that a client sends is an error here: what is malformed, or asks for something that does not exist,
gets plain text 0.0.4.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache

from multidict import MultiMapping

from exporter.metrics.format import Encoding, Exposition

VARY = "Accept, Accept-Encoding"
"""The request headers that the choice depends on."""

_WORD = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
_PARAMETER = rf'[ \t]*;[ \t]*(?:(?P<name>{_WORD})=(?:(?P<token>{_WORD})|"(?P<quoted>(?:[^"\\]|\\.)*)"))?'
_RANGE = re.compile(rf"[ \t]*(?P<range>{_WORD}(?:/{_WORD})?)")
_PARAMETERS = re.compile(_PARAMETER)
_COMMA = re.compile(r"[ \t]*(?:,|$)")
_QUALITY = re.compile(r"0(?:\.\d*)?|1(?:\.0*)?", re.ASCII)
_ALIASES = {"x-gzip": "gzip"}  # RFC 9110, 8.4.1.3
_ESCAPINGS = frozenset({"allow-utf-8", "underscores", "dots", "values"})


class _MalformedError(ValueError):
    """The header is not a list of ranges with parameters."""


@dataclass(frozen=True, slots=True)
class _Range:
    """One element of the list: a media range or a content coding, with its weight."""

    name: str
    parameters: Mapping[str, str]
    quality: float
    position: int


@dataclass(frozen=True, slots=True)
class _Format:
    """A version of a format that can be answered."""

    exposition: Exposition
    media_type: str
    version: str


_FORMATS = (
    _Format(Exposition.TEXT, "text/plain", "0.0.4"),
    _Format(Exposition.TEXT, "text/plain", "1.0.0"),
    _Format(Exposition.OPENMETRICS, "application/openmetrics-text", "1.0.0"),
    _Format(Exposition.OPENMETRICS, "application/openmetrics-text", "0.0.1"),
)
"""In our own order of preference, for clients that have none."""


def combined_value(headers: MultiMapping[str], name: str) -> str:
    """The value of a header that is a list: a list sent in several lines is one list (RFC 9110, 5.3)."""
    return ",".join(headers.getall(name, ()))


@lru_cache(maxsize=64)  # scrapers send the same header each time
def negotiate(accept: str) -> tuple[Exposition, str]:
    """Choose the body and its `Content-Type` from the value of `Accept`; empty means that there was none.

    Prefers the highest weight, then the range that says most, then the one written first. Escaping is answered where
    it was asked for, as Prometheus' own libraries do.
    """
    try:
        ranges = tuple(_ranges(accept))
    except _MalformedError:
        ranges = ()
    best = _FORMATS[0], _Range("*/*", {}, 0.0, 0)
    best_rank = (0.0, 0, 0)
    for candidate in _FORMATS:
        match = _most_specific(candidate, ranges)
        if match is None or not match.quality:
            continue
        rank = (match.quality, _specificity(match), -match.position)
        if rank > best_rank:
            best, best_rank = (candidate, match), rank
    return best[0].exposition, _content_type(*best)


@lru_cache(maxsize=64)
def encode(accept_encoding: str) -> Encoding:
    """Choose the content coding from the value of `Accept-Encoding`; empty means that there was none.

    gzip where it is named and not liked less than identity, or where identity is refused and gzip is not.
    """
    try:
        weights = {_ALIASES.get(item.name, item.name): item.quality for item in _ranges(accept_encoding)}
    except _MalformedError:
        return Encoding.IDENTITY
    everything_else = weights.get("*")
    gzip = weights.get("gzip", everything_else)
    identity = weights.get("identity", everything_else)
    if gzip is None:
        return Encoding.GZIP if identity == 0 else Encoding.IDENTITY
    liked = gzip > (identity or 0) or (gzip == identity and "gzip" in weights)
    return Encoding.GZIP if gzip and liked else Encoding.IDENTITY


def _ranges(header: str) -> Iterator[_Range]:
    at = 0
    while at < len(header):
        found = _RANGE.match(header, at)
        parameters: dict[str, str] = {}
        if found:
            at = found.end()
            while parameter := _PARAMETERS.match(header, at):
                at = parameter.end()
                if name := parameter["name"]:
                    quoted = re.sub(r"\\(.)", r"\1", parameter["quoted"] or "")
                    parameters[name.lower()] = (parameter["token"] or quoted).lower()
        position = at
        comma = _COMMA.match(header, at)
        if comma is None:
            raise _MalformedError(header)
        at = comma.end()
        if found:
            weight = parameters.pop("q", "1")
            if not _QUALITY.fullmatch(weight):
                raise _MalformedError(header)
            yield _Range(found["range"].lower(), parameters, float(weight), position)


def _most_specific(candidate: _Format, ranges: tuple[_Range, ...]) -> _Range | None:
    return max((item for item in ranges if _matches(candidate, item)), key=_specificity, default=None)


def _matches(candidate: _Format, wanted: _Range) -> bool:
    family = candidate.media_type.partition("/")[0] + "/*"
    if wanted.name not in {candidate.media_type, family, "*/*"}:
        return False
    offered = {"version": candidate.version, "charset": "utf-8"}
    return all(name == "escaping" or offered.get(name) == value for name, value in wanted.parameters.items())


def _specificity(wanted: _Range) -> int:
    """`*/*` says least, then `text/*`, then a type, then a type with parameters."""
    if wanted.name == "*/*":
        return 0
    return 1 if wanted.name.endswith("/*") else 2 + len(wanted.parameters)


def _content_type(chosen: _Format, wanted: _Range) -> str:
    value = f"{chosen.media_type}; version={chosen.version}; charset=utf-8"
    escaping = wanted.parameters.get("escaping")
    return f"{value}; escaping={escaping}" if escaping in _ESCAPINGS else value
