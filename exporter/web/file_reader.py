"""Reads files and keeps a fingerprint of what was read, so that two looks at the same files can be compared."""

import hashlib
from pathlib import Path

from exporter.yaml import read_start


class FileReader:
    """One look at a set of files. What could not be read is a part of the look too."""

    def __init__(self) -> None:
        self._digest = hashlib.sha256()
        self.paths: list[Path] = []
        """The files in the order in which they were asked for, also those that could not be read."""

    @property
    def fingerprint(self) -> bytes:
        """The same for two looks that read the same from the same files."""
        return self._digest.digest()

    def read(self, path: Path) -> bytes:
        """What is in the file, as `read_with_time` gives it."""
        return self.read_with_time(path)[0]

    def read_with_time(self, path: Path) -> tuple[bytes, float]:
        """What `read_start` reads.

        Raises:
            OSError: it cannot be read.
            ValueError: no file can have this name.
        """
        self.paths.append(path)
        try:
            content, modified_at = read_start(path)
        except (OSError, ValueError) as error:
            self._add(f"{path}: {error}".encode(errors="backslashreplace"))
            raise
        self._add(content)
        return content, modified_at

    def _add(self, piece: bytes) -> None:
        self._digest.update(len(piece).to_bytes(8) + piece)
