"""The headers that every answer bears, whatever made it."""

from collections.abc import Mapping, MutableMapping

SECURITY = {
    "Server": "wolkvox-exporter",  # in place of aiohttp's, which tells its version and Python's
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "deny",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Content-Security-Policy": "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "Cache-Control": "no-store",
}
"""Defaults. A page that needs more of its browser says so in a header of its own."""


def secure(headers: MutableMapping[str, str], configured: Mapping[str, str]) -> None:
    """Add the defaults that are missing, then what the operator configured; an empty value takes a header away."""
    for name, value in SECURITY.items():
        headers.setdefault(name, value)
    headers["Server"] = SECURITY["Server"]
    for name, value in configured.items():
        if value:
            headers[name] = value
        else:
            headers.pop(name, None)
