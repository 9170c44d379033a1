"""What the three APIs of a whole operation have in common. Their live shapes were never seen, so much is allowed.

Rows come in a bare list, in the envelope's `data`, as one object, or as an object of numbered objects, which is how PHP
writes a list with gaps. An odd row or field never makes the rest unreadable.
"""

from collections.abc import Callable, Mapping
from typing import Generic, Protocol, TypeVar, cast

from exporter.model import ApiName, Failure, Reason
from exporter.wolkvox.excerpt import excerpt
from exporter.wolkvox.figures import integer
from exporter.wolkvox.json_reader import JsonError, JsonReader
from exporter.wolkvox.refusal import READ, Envelope, advice, refusal

T = TypeVar("T")

ID_LENGTH = 64
"""Characters of the longest text that passes for a campaign's id."""

NAME_LENGTH = 256
"""Characters of a name; the rest is cut."""

_NO_IDS = {"-", "all"}
"""The vendor's blank, and its word for every campaign: asked as an id, that would count each attempt twice."""

MOST_CAMPAIGNS = 50_000
"""Campaigns of one answer, so that a hostile one cannot fill the memory. A real list has hundreds."""

_REPORT = "report what the vendor answers to the exporter's developers"

_MOST_ROWS = 100_000
"""Rows of one answer, numbered or not; twice as many as there can be campaigns."""

_OK = 200


class InvalidError(Exception):
    """The answer has another shape than the API's; the text says which."""


class Collector(Protocol):
    """Takes row after row, so that what is not needed of them takes no memory."""

    fields: frozenset[str]
    """Keys of a row that are read."""

    def add(self, row: object) -> None:
        """Take a row, or what stands in the place of one. Raises `InvalidError`."""
        ...


class RowsById(Generic[T]):
    """The first row of each id."""

    def __init__(
        self,
        fields: frozenset[str],
        identify: Callable[[Mapping[str, object]], str],
        read: Callable[[str, Mapping[str, object]], T],
    ) -> None:
        """With what finds a row's id, and what reads a row that has one."""
        self.fields = fields
        self.skipped = 0
        """Rows without an id."""
        self._identify = identify
        self._read = read
        self._rows: dict[str, T] = {}
        self._is_filled = False

    def add(self, row: object) -> None:
        """Take a row."""
        found = self._identify(row) if isinstance(row, dict) else ""
        if not found:
            self.skipped += 1
            self._is_filled |= not _is_blank(row)
        elif found not in self._rows:
            if len(self._rows) >= MOST_CAMPAIGNS:
                raise InvalidError(f"it has more than {MOST_CAMPAIGNS} campaigns")
            self._rows[found] = self._read(found, cast("dict[str, object]", row))

    def rows(self) -> tuple[T, ...]:
        """All rows. A list that has rows but no campaign is not believed to be empty: raises `InvalidError`."""
        if self._is_filled and not self._rows:
            raise InvalidError("none of its rows has a campaign's id")
        return tuple(self._rows.values())


def parse(  # noqa: PLR0913 (two parts of an answer, and the four of an API)
    api: ApiName, status: int, body: bytes, *, collector: Collector, answer: Callable[[], T], empty: T | None
) -> T | Failure:
    """What the whole answer means.

    Args:
        status: HTTP status.
        body: Decoded from its Content-Encoding.
        api: Which API was asked.
        collector: Takes the rows.
        answer: What they make; may raise `InvalidError`.
        empty: What a 404 with the vendor's envelope means; None: that there is no such API.
    """
    try:
        outcome = _settled(status, body, collector, answer, empty)
    except (InvalidError, JsonError) as error:
        message = f"the answer is not readable as {api}: {error}; check server or base_url, then {_REPORT}"
        return Failure(Reason.INVALID_RESPONSE, message, status, excerpt(body))
    if isinstance(outcome, Reason):
        return Failure(outcome, advice(outcome, api, status), status, excerpt(body))
    return outcome


def identifier(value: object) -> str:
    """A campaign's id as it is asked for; empty where the value is none."""
    number = None if isinstance(value, str) else integer(value)
    text = value.strip() if isinstance(value, str) else "" if number is None or number < 0 else str(number)
    usable = len(text) <= ID_LENGTH and text.isprintable() and text.casefold() not in _NO_IDS
    return text if usable else ""


def display_name(value: object) -> str:
    """A text for people, trimmed. What a page cannot show becomes U+FFFD; line breaks stay."""
    if not isinstance(value, str):
        number = integer(value)
        return "" if number is None else str(number)[:NAME_LENGTH]
    return "".join(map(_shown, value.strip()[:NAME_LENGTH])).strip()


def is_started(status: object) -> bool:
    """Whether a campaign dials. Whatever is not known to mean that it is stopped means that it does."""
    text = status.strip().casefold() if isinstance(status, str) else ""
    return text != "stopped" and not text.startswith("deten")


def _settled(status: int, body: bytes, collector: Collector, answer: Callable[[], T], empty: T | None) -> T | Reason:
    if status != _OK:
        return _refused(status, lambda: _envelope_if_any(body), empty)
    envelope = _read(body, collector)
    if envelope.get("code") is not None:
        code = integer(envelope["code"])
        if code is None:
            raise InvalidError("`code` is not a number")
        if code != _OK:
            return _refused(code, lambda: envelope, empty)
    return answer()


def _refused(code: int, envelope: Callable[[], Envelope], empty: T | None) -> T | Reason:
    return refusal(code, envelope) or (Reason.NOT_FOUND if empty is None else empty)


class _Nothing:
    """Takes rows that nobody needs."""

    fields: frozenset[str] = frozenset()

    def add(self, _: object) -> None:
        """Forget it."""


def _envelope_if_any(body: bytes) -> Envelope:
    try:
        return _read(body, _Nothing())
    except (InvalidError, JsonError):
        return {}


def _read(body: bytes, collector: Collector) -> Envelope:
    """The envelope, empty where there is none; all rows went to the collector."""
    reader = JsonReader(body)
    envelope: Envelope = {}
    match reader.peek():
        case "[":
            _list(reader, collector)
        case "{":
            envelope = _envelope(reader, collector)
        case _:
            raise InvalidError("it is neither an object nor a list")
    reader.end()
    return envelope


def _envelope(reader: JsonReader, collector: Collector) -> Envelope:
    """An envelope, or a row of which the collector gets what it reads."""
    known: dict[str, object] = {}
    has_rows = False
    for key in reader.members():
        begins = reader.peek() if key == "data" else ""
        if begins == "[":
            _list(reader, collector)
        elif begins == "{":
            _object(reader, collector)
        else:
            _member(key, reader.row(collector.fields), known, collector)
        has_rows = has_rows or begins in {"[", "{"} or key.isdecimal()
    if not has_rows and collector.fields & known.keys():
        collector.add(known)
    elif not has_rows and integer(known.get("code")) in {None, _OK}:
        raise InvalidError("it has no list in `data`")
    return known


def _object(reader: JsonReader, collector: Collector) -> None:
    """A row, or numbered rows; empty, it is an empty list."""
    known: dict[str, object] = {}
    is_strange = False
    for key in reader.members():
        is_strange |= not (key.isdecimal() or key in collector.fields)
        _member(key, reader.row(collector.fields), known, collector)
    if collector.fields & known.keys():
        collector.add(known)
    elif is_strange:
        raise InvalidError("`data` is neither a list nor a row")


def _member(key: str, value: object, known: dict[str, object], collector: Collector) -> None:
    if key.isdecimal():
        collector.add(value)
    elif key in known:
        raise InvalidError("a key is repeated")
    elif key in READ or key in collector.fields:
        known[key] = value


def _list(reader: JsonReader, collector: Collector) -> None:
    for number, row in enumerate(reader.items(collector.fields), start=1):
        if number > _MOST_ROWS:
            raise InvalidError(f"it has more than {_MOST_ROWS} rows")
        collector.add(row)


def _shown(character: str) -> str:
    shown = character.isprintable() or character.isspace()
    return character if shown else "\N{REPLACEMENT CHARACTER}"


def _is_blank(row: object) -> bool:
    values = row.values() if isinstance(row, dict) else (row,)
    return all(value is None or (isinstance(value, str) and value.strip() in {"", "-"}) for value in values)
