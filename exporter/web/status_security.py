"""What the HTML pages allow a browser to do: read this server's own style and script, ask this server, nothing else."""

from types import MappingProxyType

_SOURCES = MappingProxyType(
    {
        "default-src": "'none'",
        "style-src": "'self'",
        "script-src": "'self'",
        "img-src": "'self'",
        "connect-src": "'self'",
        "form-action": "'self'",
        "base-uri": "'none'",
        "frame-ancestors": "'none'",
    },
)


def content_security_policy() -> str:
    """The Content-Security-Policy of every HTML page (https://www.w3.org/TR/CSP3/). No inline style or script runs."""
    return "; ".join(f"{directive} {source}" for directive, source in _SOURCES.items())
