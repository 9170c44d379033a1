"""Where the pages are on this server, and at which address people reach them through a reverse proxy.

`--web.external-url` and `--web.route-prefix` mean what they mean to Prometheus
(https://prometheus.io/docs/prometheus/latest/command-line/prometheus/).
"""

from dataclasses import dataclass

from exporter.web.origin import Origin, parse_origin

HEALTHY = "/-/healthy"
READY = "/-/ready"
RELOAD = "/-/reload"


class RouteError(Exception):
    """A path that cannot be served. The text is one line for the operator."""


@dataclass(frozen=True, slots=True)
class Paths:
    """The paths of the server as it sees them and as its users see them."""

    prefix: str = ""
    """Before the path of every route, without a slash at its end."""
    links: str = ""
    """Before every link, with a slash at its end; empty: links are relative to their page."""
    origin: Origin | None = None
    """Of the external URL, where it names a host."""

    @property
    def home(self) -> str:
        """The address of the overview, for a link on any page."""
        return self.links or "./"

    @property
    def entrance(self) -> str:
        """The address to which the prefix without its slash is redirected."""
        return self.links or f"{self.prefix}/"


AT_THE_ROOT = Paths()
"""No prefix, relative links: what works behind most proxies too."""


def parse_paths(external_url: str | None, route_prefix: str | None) -> Paths:
    """The paths that the two flags ask for; empty is not given. Raises `RouteError`."""
    origin, external = _external(external_url) if external_url else (None, "")
    prefix = _prefix(route_prefix) if route_prefix else external
    return Paths(prefix, f"{external}/" if external_url else "", origin)


def is_path(text: str) -> bool:
    """Whether a route can stand at this path: no escapes, nothing that a proxy or a browser would rewrite."""
    safe = text.isascii() and text.isprintable() and not set(text) & set(" %?#{}\\\"'<>")
    return safe and text.startswith("/") and not any(part in {"", ".", ".."} for part in text[1:].split("/"))


def _external(text: str) -> tuple[Origin | None, str]:
    scheme, _, rest = text.partition("://")
    authority, _, path = rest.partition("/")
    if text.startswith("/"):  # a path alone: Prometheus takes it too
        origin, path = None, text
    else:
        origin = parse_origin(f"{scheme}://{authority}")
        if origin is None:
            shown = repr(text) if "@" not in text else "(not shown, it may hold a password)"
            raise RouteError(
                f"--web.external-url {shown}: is not a URL that people can open; allowed: http or https, a host,"
                " a port and a path, such as https://monitor.example/wolkvox, or a path alone"
            )
    prefix = "/" + path.strip("/")
    if prefix != "/" and not is_path(prefix):
        raise RouteError(f"--web.external-url {text!r}: its path cannot be served; {_ALLOWED}")
    return origin, prefix if prefix != "/" else ""


def _prefix(text: str) -> str:
    prefix = "/" + text.strip("/")
    if prefix == "/":
        return ""
    if not is_path(prefix):
        raise RouteError(f"--web.route-prefix {text!r}: cannot be served; {_ALLOWED}")
    return prefix


_ALLOWED = "allowed: ASCII letters, digits and punctuation without % ? # { } quotes and space, such as /wolkvox"
