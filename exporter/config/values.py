"""What stands in the file -> the value of a key. A ValueError without words leaves them to the field's description."""

import re
from ipaddress import ip_address
from zoneinfo import ZoneInfo

from pydantic import SecretStr

from exporter.config.url import check_proxy_url, parse_base_url
from exporter.config.zone import find_zone
from exporter.duration import parse_duration
from exporter.model import LONGEST_WINDOW, TODAY, YESTERDAY, Window
from exporter.yaml import Plain, did_you_mean, quoted

_TYPES = ("predictive", "preview")
_NUMBER = re.compile(r"(?:0|[1-9][0-9]{0,17})?(?:\.[0-9]{1,18})?")


def text(value: object) -> str:
    """A text, or a number that everybody reads as it is written."""
    if isinstance(value, str):
        return value
    plain = _plain(value)
    if not plain.decimal:
        source = plain.source[:40]
        raise ValueError(f'YAML reads {source} without quotes as {plain.reading}, write "{source}" in quotes')
    return plain.source


def secret(value: object) -> str:
    """A text that no message quotes."""
    if isinstance(value, str):
        return value
    plain = _plain(value)
    if not plain.decimal:
        raise ValueError("YAML does not read it as a text, write it in quotes")
    return plain.source


def printable(value: str) -> str:
    """A text of one line without signs that cannot be seen."""
    if not value.isprintable():
        raise ValueError
    return value


def trimmed(value: str) -> str:
    """A text that does not begin or end with a space."""
    if value != value.strip():
        raise ValueError
    return value


def address(value: str) -> str:
    """An IP address that one machine can have, in its usual spelling."""
    try:
        found = ip_address(value)
    except ValueError:
        raise ValueError from None
    if found.is_unspecified or found.is_multicast or getattr(found, "ipv4_mapped", None):
        raise ValueError
    return str(found)


def number(value: object) -> str:
    """A number without quotes, written as a program would write it."""
    if isinstance(value, Plain) and _NUMBER.fullmatch(value.source):
        return value.source
    raise ValueError


def seconds(value: object) -> float:
    """A duration."""
    return _seconds(value)[1]


def zone(value: object) -> ZoneInfo:
    """The name of a time zone."""
    return find_zone(text(value))


def window(value: object) -> Window:
    """A rolling length in whole seconds, `today` or `yesterday`."""
    if value in (TODAY.label, YESTERDAY.label):
        return TODAY if value == TODAY.label else YESTERDAY
    try:
        source, length = _seconds(value)
    except ValueError as error:
        problem = f"{error}; or write today or yesterday"
        raise ValueError(problem) from None
    if length > LONGEST_WINDOW:
        raise ValueError(
            f"{quoted(source)} is longer than 31d, the most that the vendor answers for; or write today or yesterday"
        )
    if length < 1 or length % 1:
        raise ValueError(
            f"{quoted(source)} is not of whole seconds, allowed is 1s to 31d; the vendor's dates end at seconds"
        )
    return Window(source, int(length))


def server(value: object) -> str:
    """What follows `wv` in the name of the operation's server."""
    name = text(value)
    if name.lower().startswith("wv"):
        raise ValueError(
            f'{quoted(name)} is more than the number, write what follows wv, such as "0013"; or use base_url'
        )
    return name.lower()


def base_url(value: object) -> str:
    """Scheme, host, port and path of the API."""
    return parse_base_url(secret(value))


def proxy_url(value: object) -> SecretStr:
    """Scheme, credentials, host and port of a proxy."""
    return SecretStr(check_proxy_url(secret(value)))


def campaign(value: str) -> str:
    """The vendor's id of one campaign."""
    if value.lower() == "all":
        raise ValueError(
            f"{quoted(value)} is the vendor's word for every campaign together, so sums over campaigns would count each"
            " attempt twice; list each campaign, or leave it to discovery to find them"
        )
    return value


def campaign_type(value: str) -> str:
    """A type of campaign as the list of campaigns names it."""
    if value not in _TYPES:
        raise ValueError(f"unknown type {quoted(value)}{did_you_mean(value, _TYPES)}, allowed: {', '.join(_TYPES)}")
    return value


def _plain(value: object) -> Plain:
    if not isinstance(value, Plain):
        raise ValueError("must be a text, not a list or a mapping")  # noqa: TRY004  # pydantic lets a TypeError through
    if not value.reading:
        raise ValueError("is empty, give a value or leave the key out")
    return value


def _seconds(value: object) -> tuple[str, float]:
    if isinstance(value, Plain) and value.source and not value.decimal:
        raise ValueError(f"{quoted(value.source)} is not a duration, write one with a unit such as 30s, 5m or 1h30m")
    source = text(value)
    try:
        return source, parse_duration(source)
    except ValueError as error:
        problem = str(error)
    raise ValueError(f"{quoted(source)} {problem}")
