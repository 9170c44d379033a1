"""The page's style, script and icon: three files at three fixed addresses, no directory."""

import hashlib
from dataclasses import dataclass
from importlib import resources

_TYPES = {"status.css": "text/css", "status.js": "text/javascript", "icon.svg": "image/svg+xml"}


@dataclass(frozen=True, slots=True)
class Asset:
    """One file, ready to send."""

    name: str
    content_type: str
    body: bytes

    @property
    def path(self) -> str:
        """Where it is served."""
        return f"/static/{self.name}"

    @property
    def address(self) -> str:
        """Relative to the overview, with a tag of its content: each version has its own, so all may be cached."""
        return f"static/{self.name}?v={hashlib.sha256(self.body).hexdigest()[:12]}"


def load() -> tuple[Asset, ...]:
    """Read them from the package."""
    folder = resources.files("exporter.web.status").joinpath("static")
    return tuple(Asset(name, kind, folder.joinpath(name).read_bytes()) for name, kind in _TYPES.items())
