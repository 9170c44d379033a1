"""What a status other than 200 means, or such a `code` in an envelope under HTTP 200: the same for every API."""

from collections.abc import Callable, Mapping

from exporter.model import ApiName, Reason
from exporter.wolkvox.figures import integer

READ = frozenset({"code", "error", "msg"})
"""Keys of the envelope whose values are looked at."""

Envelope = Mapping[str, object]

_ALONE = {400: Reason.BAD_REQUEST, 401: Reason.AUTH, 429: Reason.CONCURRENCY}
"""Statuses that need no body to be understood."""

_CLASSES = {3: Reason.REDIRECT, 5: Reason.SERVER_ERROR}

_ADVICE = {
    Reason.AUTH: "the API refuses the token: check that it is whole, not expired, and of this operation",
    Reason.QUOTA: "the operation's daily quota at the vendor is used up: wait a day; lower quota_share",
    Reason.CONCURRENCY: "the API saw too many requests at once: another program uses this token; give each its own",
    Reason.FORBIDDEN: "the API is closed for now, as during the vendor's maintenance: wait, then ask the vendor",
    Reason.BAD_REQUEST: "the API refuses the request: check the campaign's id and the base_url",
    Reason.NOT_FOUND: "no such report or campaign: check server or base_url, and the campaign's id",
    Reason.REDIRECT: "the server redirects, which is not followed: set server or base_url to the API's own address",
    Reason.SERVER_ERROR: "the server failed: wait, then ask the vendor",
    Reason.HTTP: "an unexpected HTTP status: check server, base_url and proxy_url",
}

_COMPANION_ADVICE = _ADVICE | {
    Reason.FORBIDDEN: "the API is closed: if the other APIs answer, ask the vendor whether the token may ask this one",
    Reason.BAD_REQUEST: "the API refuses the request: check the base_url, then ask the vendor",
    Reason.NOT_FOUND: "no such API: check server or base_url, then ask the vendor",
}


def refusal(code: int, envelope: Callable[[], Envelope]) -> Reason | None:
    """The reason of a failure; None where the API says that there is nothing to tell.

    Args:
        code: An HTTP status other than 200, or the `code` of an envelope.
        envelope: Reads the envelope where it is needed; empty where there is none.
    """
    if code == 403:  # noqa: PLR2004 - HTTP's own number, as below
        return _forbidden(_message(envelope()))
    if code == 404:  # noqa: PLR2004
        return _not_found(envelope())
    return _ALONE.get(code) or _CLASSES.get(code // 100) or Reason.HTTP


def advice(reason: Reason, api: ApiName, status: int) -> str:
    """What happened and what to do, in one line."""
    known = _ADVICE if api is ApiName.CAMPAIGN_4 else _COMPANION_ADVICE
    return f"{known[reason]} (HTTP {status})"


def _forbidden(message: str) -> Reason:
    if "token limit exceeded" in message:
        return Reason.QUOTA
    if "simultaneous requests" in message:
        return Reason.CONCURRENCY
    if "validate token" in message:
        return Reason.AUTH
    return Reason.FORBIDDEN


def _not_found(envelope: Envelope) -> Reason | None:
    """The vendor answers 404 where there are no rows; a 404 from anybody else lacks its envelope."""
    vendors = integer(envelope.get("code")) == 404 and "msg" in envelope  # noqa: PLR2004
    return Reason.NOT_FOUND if not vendors or "does not exist" in _message(envelope) else None


def _message(envelope: Envelope) -> str:
    """`error` and `msg` in lower case, blanks collapsed."""
    parts = (envelope.get("error"), envelope.get("msg"))
    return " ".join(" ".join(part for part in parts if isinstance(part, str)).casefold().split())
