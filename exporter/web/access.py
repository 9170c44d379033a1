"""Who may come in, and how: the web configuration file, read again when it or a file that it names changes."""

import asyncio
import ssl
from pathlib import Path

import structlog

from exporter.web.authentication import Authenticator
from exporter.web.rate_limit import TokenBucket
from exporter.web.settings import Reading, WebSettings, read_settings
from exporter.yaml import ConfigError

_log = structlog.get_logger(__name__)

_Stamps = tuple[tuple[int, int, int, int] | None, ...]


class Access:
    """The settings in force.

    A file that is being written may look like another one, so a change counts once two looks in a row saw the same. A
    file that has become unusable changes nothing, and is logged once. TLS and passwords are switched on and off by a
    restart only: a file cut short must not open the door.
    """

    def __init__(self, path: Path | None) -> None:
        """Read the file at `path`, or none; raises `ConfigError` with every mistake."""
        self._path = path
        reading = Reading() if path is None else read_settings(path)
        if reading.mistakes:
            raise ConfigError(reading.mistakes)
        _warn(reading)
        self._files = reading.files
        self._stamps: _Stamps | None = None
        """Of the files when two looks last saw the same; None: look again."""
        self._seen = self._judged = reading.fingerprint
        self.settings = reading.settings
        self.authenticator = _authenticator(reading.settings)
        self.bucket = _bucket(reading.settings)

    @property
    def scheme(self) -> str:
        """`http` or `https`; it never changes while the server runs."""
        return "http" if self.settings.tls is None else "https"

    def context(self) -> ssl.SSLContext | None:
        """TLS for a connection that begins now; None for plain HTTP."""
        return None if self.settings.tls is None else self.settings.tls.context

    async def watch(self, pause: float) -> None:
        """Look at the files again and again, with a pause of so many seconds, until cancelled."""
        while self._path is not None:
            await asyncio.sleep(pause)
            try:
                await self.look()
            except Exception:  # noqa: BLE001 - or nobody would look any more
                _log.exception("a look at the web configuration failed, the last good one stays in force")

    async def look(self) -> None:
        """Look once. Where nothing changed since two looks saw the same, that is one `stat` for each file."""
        if self._path is None:
            return
        stamps = await asyncio.to_thread(_look, self._files)
        if stamps == self._stamps:
            return
        reading = await asyncio.to_thread(read_settings, self._path)
        self._files = reading.files
        settled, self._seen = reading.fingerprint == self._seen, reading.fingerprint
        if not settled:
            self._stamps = None
            return
        self._stamps = stamps
        if reading.fingerprint != self._judged:
            self._judged = reading.fingerprint
            self._take_over(reading)

    def _take_over(self, reading: Reading) -> None:
        mistakes = reading.mistakes or self._switched(reading.settings)
        for mistake in mistakes:
            _log.error("the web configuration is unusable, the last good one stays in force", detail=mistake)
        if mistakes:
            return
        _warn(reading)
        before, self.settings = self.settings, reading.settings
        if before.users != self.settings.users:
            self.authenticator = _authenticator(self.settings)
        if before.rate_limit != self.settings.rate_limit:
            self.bucket = _bucket(self.settings)
        _log.info("the web configuration was read again", file=str(self._path))

    def _switched(self, found: WebSettings) -> tuple[str, ...]:
        switches = {
            "tls_server_config: switching TLS": (found.tls is None, self.settings.tls is None),
            "basic_auth_users: switching passwords": (not found.users, not self.settings.users),
        }
        return tuple(
            f"{self._path}:1: {what} on or off needs a restart"
            for what, (now, before) in switches.items()
            if now != before
        )


def _warn(reading: Reading) -> None:
    for warning in reading.warnings:
        _log.warning("web configuration", detail=warning)


def _authenticator(settings: WebSettings) -> Authenticator | None:
    return Authenticator(settings.users) if settings.users else None


def _bucket(settings: WebSettings) -> TokenBucket | None:
    return None if settings.rate_limit is None else TokenBucket(settings.rate_limit, asyncio.get_running_loop().time())


def _look(files: tuple[Path, ...]) -> _Stamps:
    return tuple(_stamp(path) for path in files)


def _stamp(path: Path) -> tuple[int, int, int, int] | None:
    """What changes when a file is written to or replaced; None where there is none."""
    try:
        seen = path.stat()
    except (OSError, ValueError):
        return None
    return seen.st_ino, seen.st_size, seen.st_mtime_ns, seen.st_ctime_ns
