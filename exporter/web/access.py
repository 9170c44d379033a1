"""Who may come in, and how: the web configuration file, read again when it or a file that it names changes."""

import ssl
from concurrent.futures import Executor
from pathlib import Path

import structlog

from exporter.web.authentication import Authenticator
from exporter.web.settings import Reading, Settings, read_settings
from exporter.yaml import ConfigError

_log = structlog.get_logger(__name__)

_Stamps = tuple[tuple[int, int, int, int] | None, ...]


class Access:
    """The settings in force. A file that has become unusable changes nothing, and is logged once."""

    def __init__(self, path: Path | None, executor: Executor) -> None:
        """Read the file at `path`, or none; raises `ConfigError` with every mistake."""
        self._path = path
        self._executor = executor
        self._files: tuple[Path, ...] = ()
        self._stamps: _Stamps = ()
        reading = Reading(()) if path is None else self._read(path)
        if reading.mistakes:
            raise ConfigError(reading.mistakes)
        self.settings = reading.settings
        self.authenticator = self._authenticator(reading.settings)

    @property
    def scheme(self) -> str:
        """`http` or `https`; it never changes while the server runs."""
        return "http" if self.settings.tls is None else "https"

    def context(self) -> ssl.SSLContext | None:
        """TLS for a connection that begins now; None for plain HTTP."""
        self.refresh()
        return None if self.settings.tls is None else self.settings.tls.context

    def refresh(self) -> None:
        """Take over what changed in the files since the last look: one `stat` for each."""
        if self._path is None or _look(self._files) == self._stamps:
            return
        reading = self._read(self._path)
        mistakes = reading.mistakes
        if not mistakes and (reading.settings.tls is None) != (self.settings.tls is None):
            mistakes = (f"{self._path}:1: tls_server_config: switching TLS on or off needs a restart",)
        if mistakes:
            for mistake in mistakes:
                _log.error("the web configuration is unusable, the last good one stays in force", detail=mistake)
            return
        if reading.settings.users != self.settings.users:
            self.authenticator = self._authenticator(reading.settings)
        self.settings = reading.settings
        _log.info("the web configuration was read again", file=str(self._path))

    def _read(self, path: Path) -> Reading:
        """Read twice: the first time tells which files to watch, and what changes from then on is seen later."""
        self._files = read_settings(path).files
        self._stamps = _look(self._files)
        return read_settings(path)

    def _authenticator(self, settings: Settings) -> Authenticator | None:
        return Authenticator(settings.users, self._executor) if settings.users else None


def _look(files: tuple[Path, ...]) -> _Stamps:
    return tuple(_stamp(path) for path in files)


def _stamp(path: Path) -> tuple[int, int, int, int] | None:
    """What changes when a file is written to or replaced; None where there is none."""
    try:
        seen = path.stat()
    except (OSError, ValueError):
        return None
    return seen.st_ino, seen.st_size, seen.st_mtime_ns, seen.st_ctime_ns
