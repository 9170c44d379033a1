"""TLS contexts that trust the system's authorities and those of an operation's `ca_file`."""

import asyncio
import ssl
from dataclasses import dataclass
from pathlib import Path


class CAFileError(Exception):
    """A `ca_file` cannot be used; the text says which and why."""


@dataclass(frozen=True, slots=True)
class _Trust:
    stamp: tuple[int, int, int]
    context: ssl.SSLContext


class TLSContexts:
    """Contexts by file, each made once and again when its file has changed."""

    def __init__(self) -> None:
        self._trusts: dict[Path | None, _Trust] = {}
        self._making = asyncio.Lock()

    async def context(self, ca_file: Path | None) -> ssl.SSLContext:
        """The context of `ca_file`, or that of the system's authorities alone. Raises CAFileError."""
        try:
            async with self._making:
                return await self._current(ca_file)
        except ssl.SSLError:
            raise CAFileError(f"ca_file {ca_file} holds no certificate in PEM: put the authority's there") from None
        except OSError as error:
            raise CAFileError(f"ca_file {ca_file} cannot be read ({error.strerror}): check path and rights") from None

    async def _current(self, ca_file: Path | None) -> ssl.SSLContext:
        stamp = (0, 0, 0) if ca_file is None else _stamp(ca_file)
        trust = self._trusts.get(ca_file)
        if trust is None or trust.stamp != stamp:
            # In a thread, as reading the system's authorities takes tens of milliseconds.
            trust = _Trust(stamp, await asyncio.to_thread(_make, ca_file))
            self._trusts[ca_file] = trust
        return trust.context


def _stamp(path: Path) -> tuple[int, int, int]:
    status = path.stat()
    return status.st_mtime_ns, status.st_size, status.st_ino


def _make(ca_file: Path | None) -> ssl.SSLContext:
    context = ssl.create_default_context()
    # Explicitly, as Python's defaults differ between versions. Strict is what RFC 5280 asks of certificates and many a
    # company's root is not; a partial chain ends at whatever certificate is trusted, be it an intermediate's.
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN | ssl.VERIFY_X509_TRUSTED_FIRST
    if ca_file is not None:
        context.load_verify_locations(ca_file)
    context.set_alpn_protocols(("http/1.1",))
    return context
