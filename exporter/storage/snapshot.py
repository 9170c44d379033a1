"""What is known of a target as the text that storage keeps, and back. Its moments stand in columns of their own."""

from dataclasses import dataclass

from pydantic import TypeAdapter

from exporter.model import Data, Failure, Poll, Row, TargetState, TimeRange


@dataclass(frozen=True, slots=True)
class _StoredData:
    """`Data` as it is written."""

    at: float
    bounds: TimeRange
    rows: tuple[Row, ...]
    no_data: bool
    final: bool = False


@dataclass(frozen=True, slots=True)
class _Stored:
    """What is written, in the order in which it is written."""

    data: _StoredData | None = None
    last_success_at: float | None = None
    last_poll_at: float | None = None
    failure: Failure | None = None
    seen: tuple[str, ...] = ()
    history: tuple[Poll, ...] = ()
    empty_unconfirmed: bool = False


_STORED = TypeAdapter(_Stored)
_FAILURE = TypeAdapter(Failure)


def to_text(state: TargetState) -> str:
    """The state as JSON, without what belongs to this process only."""
    at, data = state.last_success_at, state.data
    stored = _Stored(
        None if data is None else _StoredData(at or 0.0, data.bounds, data.rows, data.no_data, data.final),
        at,
        state.last_poll_at,
        state.failure,
        state.seen,
        state.history,
        state.empty_unconfirmed,
    )
    # Left out where it says nothing: what is written then is what the first version wrote.
    return _STORED.dump_json(stored, exclude=None if state.empty_unconfirmed else {"empty_unconfirmed"}).decode()


def from_text(text: str) -> TargetState:
    """The state again, without its moments; raises `ValueError` where the text is not one."""
    stored = _STORED.validate_json(text)
    data = stored.data
    return TargetState(
        data=None if data is None else Data(data.bounds, data.rows, data.no_data, data.final),
        failure=stored.failure,
        seen=stored.seen,
        history=stored.history,
        empty_unconfirmed=stored.empty_unconfirmed,
    )


def failure_to_text(failure: Failure) -> str:
    """The failure as JSON."""
    return _FAILURE.dump_json(failure).decode()


def failure_from_text(text: str) -> Failure:
    """The failure again; raises `ValueError` where the text is not one."""
    return _FAILURE.validate_json(text)
