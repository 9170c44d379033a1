"""The keys of the web configuration file, as Prometheus' exporter-toolkit defines them, and one key beyond.

Source: https://github.com/prometheus/exporter-toolkit/blob/master/docs/web-configuration.md
"""

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Annotated, ClassVar, TypeAlias

from pydantic import BeforeValidator, Field, PlainValidator, SecretStr

from exporter.web.paths import HEALTHY, READY
from exporter.web.tls_names import AUTH_TYPES, CIPHERS, CURVES, TLS13_CIPHERS, VERSIONS
from exporter.yaml import Issues, Plain, Section, Value, did_you_mean, quoted, validate

USUAL_COST = 15
"""bcrypt's cost is a power of two: 15 takes some two seconds, as long as a scraper may reasonably wait."""

_COSTS = range(4, 32)
_SECONDS = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0}
_SPAN = re.compile(r"([0-9]{1,9}(?:\.[0-9]{0,9})?|\.[0-9]{1,9})(ns|us|µs|ms|s|m|h)")
_WHOLE = re.compile(r"[0-9]{1,9}")

_HASH = re.compile(r"\$2[abxy]\$([0-9]{2})\$[./A-Za-z0-9]{21}[.Oeu][./A-Za-z0-9]{31}")
"""Prefix, cost, 22 characters of salt, whose last one holds two bits, and the hash; bcrypt chokes on any other salt."""

_HEADERS: Mapping[str, tuple[str, ...]] = {
    "Content-Security-Policy": (),
    "X-Frame-Options": ("deny", "sameorigin"),
    "X-Content-Type-Options": ("nosniff",),
    "X-XSS-Protection": (),
    "Strict-Transport-Security": (),
}
"""The headers that the toolkit lets one set; values where only some make sense."""

_EMPTY = "is empty; give a value or leave the key out"
_YES_NO = {"true": True, "yes": True, "on": True, "false": False, "no": False, "off": False}


def _text(value: object) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, Plain) and value.reading:
        return value.source
    raise ValueError(_EMPTY if isinstance(value, Plain) else "must be a text")


def _filled(value: object) -> str:
    text = _text(value)
    if not text:
        raise ValueError(_EMPTY)
    return text


def _secret(value: object) -> SecretStr:
    return SecretStr(_filled(value))


def _flag(value: object) -> bool:
    source = value.source if isinstance(value, Plain) else ""
    if source.lower() not in _YES_NO:
        raise ValueError("must be true or false")
    return _YES_NO[source.lower()]


def _one_of(allowed: Iterable[str]) -> Callable[[object], str]:
    names = tuple(allowed)

    def check(value: object) -> str:
        text = _text(value)
        if text in names:
            return text
        raise ValueError(f"unknown value {quoted(text)}{did_you_mean(text, names)}, allowed: {', '.join(names)}")

    return check


def _hash(value: object) -> str:
    found = _HASH.fullmatch(_text(value))
    if found is None:
        raise ValueError("is not a bcrypt hash; make one with: htpasswd -nBC 10 '' | tr -d ':'")
    if cost_of(found[0]) not in _COSTS:
        raise ValueError(f"has a bcrypt cost of {cost_of(found[0])}; allowed: {_COSTS[0]} to {_COSTS[-1]}, 10 is usual")
    return found[0]


def cost_of(hashed: str) -> int:
    """The cost of a bcrypt hash."""
    return int(hashed[4:6])


def _users(value: object) -> object:
    if isinstance(value, Mapping) and (wrong := [name for name in value if not name or ":" in name]):
        raise ValueError(f"user name {quoted(wrong[0])}: a name is not empty and has no colon (RFC 7617)")
    return value


def _headers(value: object) -> dict[str, str]:
    if not isinstance(value, Mapping):
        raise ValueError("must be a mapping of header names to values")  # noqa: TRY004 - pydantic collects no other
    headers: dict[str, str] = {}
    for name, raw in value.items():
        if name not in _HEADERS:
            raise ValueError(f"header {quoted(name)} cannot be set; allowed: {', '.join(_HEADERS)}")
        text = "" if isinstance(raw, Plain) and not raw.reading else _text(raw)
        if _HEADERS[name] and text not in {"", *_HEADERS[name]}:
            raise ValueError(f"{name} is {quoted(text)}; allowed: {', '.join(_HEADERS[name])}, or empty for none")
        if not (text.isascii() and text.isprintable()):
            raise ValueError(f"{name} holds characters that no header can carry; allowed: printable ASCII")
        headers[name] = text
    return headers


def _go_duration(value: object) -> float:
    """Seconds of a duration as Go writes it: https://pkg.go.dev/time#ParseDuration."""
    text = _text(value)
    if text == "0":
        return 0.0
    if not text or _SPAN.sub("", text[:100]):
        raise ValueError("is not a duration; allowed: such as 1s, 500ms or 1m30s, or 0 for no limit")
    return sum(float(number) * _SECONDS[unit] for number, unit in _SPAN.findall(text))


def _count(value: object) -> int:
    text = _text(value)
    if not _WHOLE.fullmatch(text):
        raise ValueError("must be a whole number of requests")
    return int(text)


Text: TypeAlias = Annotated[str, PlainValidator(_filled)]
Secret: TypeAlias = Annotated[SecretStr, PlainValidator(_secret)]
Flag: TypeAlias = Annotated[bool, PlainValidator(_flag)]


class TLSSection(Section):
    """`tls_server_config`."""

    place: ClassVar[str] = "in tls_server_config"
    example: ClassVar[str] = "cert_file: server.crt"

    cert: Text | None = None
    key: Secret | None = None
    client_ca: Text | None = None
    cert_file: Text | None = None
    key_file: Text | None = None
    client_ca_file: Text | None = None
    client_auth_type: Annotated[str, PlainValidator(_one_of(AUTH_TYPES))] = "NoClientCert"
    client_allowed_sans: tuple[Text, ...] = ()
    min_version: Annotated[str, PlainValidator(_one_of(VERSIONS))] = "TLS12"
    max_version: Annotated[str, PlainValidator(_one_of(VERSIONS))] = "TLS13"
    cipher_suites: tuple[Annotated[str, PlainValidator(_one_of((*CIPHERS, *TLS13_CIPHERS)))], ...] = ()
    curve_preferences: tuple[Annotated[str, PlainValidator(_one_of(CURVES))], ...] = ()
    prefer_server_cipher_suites: Flag = True


class HTTPSection(Section):
    """`http_server_config`. `http2` is read for the format's sake: the server speaks HTTP/1.1 and says so by ALPN."""

    place: ClassVar[str] = "in http_server_config"
    example: ClassVar[str] = "http2: false"

    http2: Flag = True
    headers: Annotated[dict[str, str], PlainValidator(_headers)] = Field(default_factory=dict)


class RateLimitSection(Section):
    """`rate_limit`: over all requests, whoever sends them."""

    place: ClassVar[str] = "in rate_limit"
    example: ClassVar[str] = "interval: 1s"

    interval: Annotated[float, PlainValidator(_go_duration)] = 0.0
    """Seconds; 0: no limit."""
    burst: Annotated[int, PlainValidator(_count)] = 0


class WebFile(Section):
    """The whole file."""

    place: ClassVar[str] = "at the top"

    tls_server_config: TLSSection | None = None
    http_server_config: HTTPSection = HTTPSection()
    basic_auth_users: Annotated[dict[str, Annotated[str, PlainValidator(_hash)]], BeforeValidator(_users)] = Field(
        default_factory=dict, examples=["alice: $2y$10$..., names and bcrypt hashes"]
    )
    auth_excluded_paths: Annotated[
        tuple[Annotated[str, PlainValidator(_one_of((HEALTHY, READY)))], ...],
        Field(examples=["[/-/healthy, /-/ready]"]),
    ] = ()
    rate_limit: RateLimitSection = RateLimitSection()


def read(root: dict[str, Value], issues: Issues) -> WebFile:
    """All of `root` that is right; what is wrong is noted and left out. A section without anything is none."""
    used = {name: value for name, value in root.items() if not (isinstance(value, Plain) and not value.reading)}
    if "basic_auth_users" in root and not used.get("basic_auth_users"):  # it is no way to open the door
        used.pop("basic_auth_users", None)
        issues.add(
            ("basic_auth_users",),
            "names nobody; add a user, or delete the key if everybody may come in without a password",
        )
    return validate(WebFile, used, issues)
