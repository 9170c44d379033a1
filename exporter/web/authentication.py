"""Basic authentication (RFC 7617) against bcrypt hashes, without a way to tell users from strangers by time."""

import asyncio
import base64
import binascii
import hashlib
import hmac
import secrets
from collections.abc import Callable, Mapping
from enum import Enum, auto
from functools import partial

import bcrypt

from exporter.web.daemon_thread import in_daemon_thread

CHALLENGE = 'Basic realm="wolkvox-exporter", charset="UTF-8"'
"""The value of `WWW-Authenticate`."""

_BCRYPT_BYTES = 72
"""bcrypt looks at no more of a password."""

_THREADS = 2
"""At most so many processors are ever busy with passwords."""

_MAX_QUEUE = 32
"""Checks that may wait for a thread. At the usual cost of 10 they take some two seconds, and a scraper still waits."""

Check = Callable[[bytes, bytes], bool]
"""Password and hash: do they belong together? Slow on purpose."""


class AuthResult(Enum):
    """What became of the credentials."""

    ADMITTED = auto()
    REFUSED = auto()
    BUSY = auto()
    """Not looked at: too many others are being checked."""


class Authenticator:
    """Knows the users' hashes and, of each user, a keyed digest of the password that was right before.

    Only right passwords are remembered, one for each user, so that guesses neither fill the memory nor get faster.
    """

    def __init__(self, users: Mapping[str, str], check: Check = bcrypt.checkpw) -> None:
        """`users` maps names to bcrypt hashes and is not empty; the checks run away from the event loop."""
        self._hashes = {name: hashed.encode() for name, hashed in users.items()}
        self._check = check
        self._threads = asyncio.Semaphore(_THREADS)
        self._key = secrets.token_bytes(32)
        self._known: dict[str, bytes] = {}
        self._queued = 0

    async def authenticate(self, authorization: str | None) -> AuthResult:
        """Decide by the value of `Authorization`; None where there is none, or more than one."""
        credentials = _credentials(authorization)
        if credentials is None:
            return AuthResult.REFUSED
        name, password = credentials
        digest = self._digest(name, password)
        if hmac.compare_digest(self._known.get(name, b""), digest):
            return AuthResult.ADMITTED
        if self._queued >= _MAX_QUEUE:
            return AuthResult.BUSY
        self._queued += 1
        try:
            async with self._threads:
                right = await in_daemon_thread(partial(self._matches, name, password), "bcrypt")
        finally:
            self._queued -= 1
        if not right:
            return AuthResult.REFUSED
        self._known[name] = digest
        return AuthResult.ADMITTED

    def _matches(self, name: str, password: bytes) -> bool:
        """One check for everybody: a stranger's password meets the hash of some user, and is wrong all the same."""
        hashed = self._hashes.get(name)
        usable = 0 < len(password) <= _BCRYPT_BYTES and b"\0" not in password
        right = self._check(password if usable else b"unusable", hashed or self._stand_in(name))
        return right and usable and hashed is not None

    def _stand_in(self, name: str) -> bytes:
        """The same user's hash for the same stranger each time, so that hashes of different costs tell nothing."""
        hashes = list(self._hashes.values())
        return hashes[int.from_bytes(self._digest(name, b"")[:8]) % len(hashes)]

    def _digest(self, name: str, password: bytes) -> bytes:
        text = name.encode()
        return hmac.digest(self._key, len(text).to_bytes(8) + text + password, hashlib.sha256)


def _credentials(authorization: str | None) -> tuple[str, bytes] | None:
    scheme, _space, encoded = (authorization or "").partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        decoded = base64.b64decode(encoded.strip(" ").encode("ascii"), validate=True)
        name, colon, password = decoded.decode().partition(":")
    except (UnicodeError, binascii.Error):
        return None
    return (name, password.encode()) if colon else None
