"""The keys of the web configuration file, as Prometheus' exporter-toolkit defines them, and one key beyond.

Source: https://github.com/prometheus/exporter-toolkit/blob/master/docs/web-configuration.md
"""

import difflib
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Annotated, TypeAlias

from pydantic import BaseModel, BeforeValidator, ConfigDict, PlainValidator, SecretStr, ValidationError

from exporter.config.document import Value
from exporter.config.mistake import Mistakes, Path, quoted
from exporter.config.scalar import Plain
from exporter.web.routes import HEALTHY, READY
from exporter.web.tls_names import AUTH_TYPES, CIPHERS, CURVES, TLS13_CIPHERS, VERSIONS

MAX_COST = 15
"""bcrypt's cost is a power of two: 15 takes some two seconds, as long as a scraper may reasonably wait."""

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
        meant = difflib.get_close_matches(text[:60], names, n=1)
        hint = f", did you mean {meant[0]}?" if meant else ""
        raise ValueError(f"unknown value {quoted(text)}{hint}; allowed: {', '.join(names)}")

    return check


def _hash(value: object) -> str:
    found = _HASH.fullmatch(_text(value))
    if found is None:
        raise ValueError("is no bcrypt hash; make one with: htpasswd -nBC 10 '' | tr -d ':'")
    if not 4 <= int(found[1]) <= MAX_COST:  # noqa: PLR2004 - bcrypt's least cost
        raise ValueError(f"has a bcrypt cost of {int(found[1])}; allowed: 4 to {MAX_COST}, 10 is usual")
    return found[0]


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


Text: TypeAlias = Annotated[str, PlainValidator(_filled)]
Secret: TypeAlias = Annotated[SecretStr, PlainValidator(_secret)]
Flag: TypeAlias = Annotated[bool, PlainValidator(_flag)]


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class TLSSection(_Section):
    """`tls_server_config`."""

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


class HTTPSection(_Section):
    """`http_server_config`. `http2` is read for the format's sake: the server speaks HTTP/1.1 and says so by ALPN."""

    http2: Flag = True
    headers: Annotated[dict[str, str], PlainValidator(_headers)] = {}


class WebFile(_Section):
    """The whole file."""

    tls_server_config: TLSSection | None = None
    http_server_config: HTTPSection = HTTPSection()
    basic_auth_users: Annotated[dict[str, Annotated[str, PlainValidator(_hash)]], BeforeValidator(_users)] = {}
    auth_excluded_paths: tuple[Annotated[str, PlainValidator(_one_of((HEALTHY, READY)))], ...] = ()


_SECTIONS: Mapping[str | int, type[BaseModel]] = {
    "tls_server_config": TLSSection,
    "http_server_config": HTTPSection,
}
_TEXTS = {
    "model_type": "must be a mapping of keys",
    "dict_type": "must be a mapping of user names to bcrypt hashes",
    "tuple_type": "must be a list, such as [a, b]",
}


def read(root: dict[str, Value], mistakes: Mistakes) -> WebFile:
    """All of `root` that is right; what is wrong is noted and left out, so that one mistake hides no other."""
    usable = {name: value for name, value in root.items() if not (isinstance(value, Plain) and not value.reading)}
    while True:
        try:
            return WebFile.model_validate(usable)
        except ValidationError as error:
            errors = error.errors(include_url=False, include_input=False)
        for found in errors:
            path = found["loc"]
            if found["type"] == "extra_forbidden":
                mistakes.add(path, _unknown(path))
            else:
                mistakes.add(path, _TEXTS.get(found["type"]) or str(found.get("ctx", {}).get("error", found["msg"])))
        usable = _without(usable, {found["loc"][:2] for found in errors})


def _unknown(path: Path) -> str:
    if path == ("rate_limit",):
        return (
            "rate limiting is not supported; a scrape costs little here, put a proxy in front where that is not enough"
        )
    names = sorted(_SECTIONS.get(path[0] if len(path) > 1 else "", WebFile).model_fields)
    meant = difflib.get_close_matches(str(path[-1])[:40], names, n=1)
    hint = f", did you mean {meant[0]}?" if meant else ""
    return f"unknown key{hint}; allowed: {', '.join(names)}"


def _without(root: dict[str, Value], paths: set[Path]) -> dict[str, Value]:
    """`root` without the values at `paths`, which are one or two keys long."""
    kept: dict[str, Value] = {}
    for name, value in root.items():
        if (name,) in paths:
            continue
        inner = {path[1] for path in paths if path[0] == name}
        if inner and isinstance(value, dict):
            kept[name] = {key: item for key, item in value.items() if key not in inner}
        elif not inner:
            kept[name] = value
    return kept
