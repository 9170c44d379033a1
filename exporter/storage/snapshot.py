"""A snapshot as the text that storage keeps, and back."""

from pydantic import TypeAdapter

from exporter.model import Failure, Snapshot

_SNAPSHOT = TypeAdapter(Snapshot)
_FAILURE = TypeAdapter(Failure)


def to_text(snapshot: Snapshot) -> str:
    """The snapshot as JSON, without what belongs to this process only."""
    return _SNAPSHOT.dump_json(snapshot, exclude={"stale", "polls", "failures"}).decode()


def from_text(text: str) -> Snapshot:
    """The snapshot again; raises `ValueError` where the text is not one."""
    return _SNAPSHOT.validate_json(text)


def failure_to_text(failure: Failure) -> str:
    """The failure as JSON."""
    return _FAILURE.dump_json(failure).decode()


def failure_from_text(text: str) -> Failure:
    """The failure again; raises `ValueError` where the text is not one."""
    return _FAILURE.validate_json(text)
