"""`reports_manager.php?api=campaign_4`: from an answer's status and body to a report, or to a failure."""

from collections.abc import Iterator, Mapping

from exporter.model import ApiName, Failure, Reason, Report, Row
from exporter.wolkvox.excerpt import excerpt
from exporter.wolkvox.figures import MOST, integer, percentage
from exporter.wolkvox.json_reader import JsonError, JsonReader
from exporter.wolkvox.refusal import READ, advice, refusal
from exporter.wolkvox.results import TOTAL, UNKNOWN, share, spell

_HUNDRED = 100.0
_MISSING = ("", "-")
_ABSENT = object()
_NO_OBJECT = frozenset('["-0123456789tfn')
"""How other JSON values begin."""

_READ = READ | {"data"}

_MOST_KEYS = 1_000
_MOST_ROWS = 500_000
"""More than 10 MiB of the shortest rows have."""

_MOST_RESULTS = 10_000
"""Different results of one report. A real one has dozens."""


class _InvalidError(Exception):
    """The answer is no `campaign_4` report; the text says where."""


def parse_response(status: int, body: bytes) -> Report | Failure:
    """What the whole answer to a `campaign_4` request means.

    Args:
        status: HTTP status.
        body: Decoded from its Content-Encoding.

    Returns:
        The report, its results in their published spelling and the vendor's order, equal ones summed; or why there is
        none. Counts are whole numbers up to 2**53. A text with a point or a comma is not a count: `12.000` may be
        twelve thousand.
    """
    try:
        outcome = _settled(status, body)
    except (_InvalidError, JsonError) as error:
        message = f"the answer is not a campaign_4 report: {error}; check server or base_url, then ask the vendor"
        return Failure(Reason.INVALID_RESPONSE, message, status, excerpt(body))
    if isinstance(outcome, Report):
        return outcome
    return Failure(outcome, advice(outcome, ApiName.CAMPAIGN_4, status), status, excerpt(body))


def _settled(status: int, body: bytes) -> Report | Reason:
    if status != 200:  # noqa: PLR2004 - HTTP's own number, as below
        return _refusal(status, body)
    envelope = _envelope(body)
    code = integer(envelope.get("code"))
    if code is None:
        raise _InvalidError("`code` is not a number")
    if code != 200:  # noqa: PLR2004
        return _refusal(code, body)
    data = envelope.get("data")
    if not isinstance(data, _Tally):
        raise _InvalidError("`data` is not a list")
    return data.report()


def _refusal(code: int, body: bytes) -> Report | Reason:
    return refusal(code, lambda: _envelope_if_any(body)) or Report(no_data=True)


def _envelope_if_any(body: bytes) -> Mapping[str, object]:
    try:
        return _envelope(body)
    except (_InvalidError, JsonError):
        return {}


def _envelope(body: bytes) -> Mapping[str, object]:
    """The JSON object in `body`, the rows of its `data` already told."""
    reader = JsonReader(body)
    if reader.peek() in _NO_OBJECT:
        raise _InvalidError("it is not an object")
    envelope: dict[str, object] = {}
    for key in reader.members():
        if key in envelope:
            raise _InvalidError("a key is repeated")
        if len(envelope) >= _MOST_KEYS:
            raise _InvalidError(f"it has more than {_MOST_KEYS} keys")
        if key == "data" and reader.peek() == "[":
            envelope[key] = _told(reader.items(), certain=integer(envelope.get("code")) == 200)  # noqa: PLR2004
        else:
            value = reader.value()
            envelope[key] = value if key in _READ else None
    reader.end()
    return envelope


class _Tally:
    """Attempts and percents by result, told row by row: as many rows as a body can hold take no memory."""

    def __init__(self) -> None:
        self.rows = 0
        self.error = ""
        """What is wrong with a row. Not the exception, whose traceback would keep the whole body for a while."""
        self._attempts: dict[str, int] = {}
        self._percents: dict[str, float | None] = {}

    def add(self, row: object) -> None:
        """Raises _InvalidError."""
        self.rows += 1
        if not isinstance(row, dict):
            raise _InvalidError(f"row {self.rows} is not an object")
        result = _result(row, self.rows)
        if result == TOTAL:
            return
        records = _records(row, self.rows)
        if not result and not records:
            return
        name = result or UNKNOWN
        percent, before = percentage(row.get("percent")), self._percents.get(name, 0.0)
        self._attempts[name] = self._attempts.get(name, 0) + records
        self._percents[name] = None if percent is None or before is None else before + percent
        if len(self._attempts) > _MOST_RESULTS:
            raise _InvalidError(f"it has more than {_MOST_RESULTS} different results")

    def report(self) -> Report:
        """Raises _InvalidError."""
        if self.error:
            raise _InvalidError(self.error)
        total = sum(self._attempts.values())
        if total > MOST:
            raise _InvalidError("its `records` add up to more than 2**53")
        rows = (Row(name, count, _share(count, total, self._percents[name])) for name, count in self._attempts.items())
        return Report(tuple(rows), no_data=not self.rows)


def _told(rows: Iterator[object], *, certain: bool) -> _Tally:
    """The rows added up. An error in one is the answer's only if its `code`, which may come later, is 200."""
    tally = _Tally()
    for number, row in enumerate(rows, start=1):
        if number > _MOST_ROWS:
            raise _InvalidError(f"it has more than {_MOST_ROWS} rows")
        try:
            if not tally.error:
                tally.add(row)
        except _InvalidError as error:
            if certain:
                raise
            tally.error = str(error)
    return tally


def _result(row: Mapping[str, object], number: int) -> str:
    """Blank for null: a disposition that the vendor's database lacks."""
    value = row.get("result", _ABSENT)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise _InvalidError(f"row {number} has no `result`")
    return spell(value)


def _records(row: Mapping[str, object], number: int) -> int:
    """Nothing but the vendor's blanks means 0: null and an absent key are unreadable, as a zero must be certain."""
    value = row.get("records")
    records = 0 if isinstance(value, str) and value.strip() in _MISSING else integer(value)
    if records is None or not 0 <= records <= MOST:
        raise _InvalidError(f"`records` of row {number} is not a whole number from 0 to 2**53")
    return records


def _share(attempts: int, total: int, percent: float | None) -> float:
    """The vendor's percent, summed where rows became one; computed where that cannot be; 0 in an empty window."""
    if not total:
        return 0.0
    rounded = None if percent is None else round(percent, 6)
    return share(attempts, total) if rounded is None or rounded > _HUNDRED else rounded
