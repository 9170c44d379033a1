"""What stands in the file -> the value of one key, or a ValueError that says what is allowed."""

import re
from collections.abc import Callable
from fractions import Fraction
from zoneinfo import ZoneInfo

from pydantic import SecretStr

from exporter.config.mistake import quoted
from exporter.config.scalar import Plain
from exporter.config.url import check_proxy_url, parse_base_url
from exporter.config.zone import find_zone
from exporter.duration import format_duration, parse_duration
from exporter.model import Window

_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")
_SERVER = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,30}[A-Za-z0-9])?")
_LICENSES = re.compile(r"[1-9][0-9]{0,5}")
_SHARE = re.compile(r"[0-9]{1,3}(?:\.[0-9]{1,18})?|\.[0-9]{1,18}")
_LONGEST_OPERATION = 100
_LONGEST_CAMPAIGN = 1_000
_LONGEST_PATH = 4_096
_LONGEST_WINDOW = 31 * 86_400
"""The vendor answers for 31 days at most."""


def text(value: object) -> str:
    """A text, or a number that everybody reads as it is written."""
    if isinstance(value, str):
        return value
    plain = _plain(value)
    if not plain.decimal:
        source = plain.source[:40]
        raise ValueError(f'YAML reads {source} without quotes as {plain.reading}, write "{source}" in quotes')
    return plain.source


def secret(value: object) -> SecretStr:
    """A text that no message quotes."""
    if isinstance(value, str):
        return SecretStr(value)
    plain = _plain(value)
    if not plain.decimal:
        raise ValueError("YAML does not read it as a text, write it in quotes")
    return SecretStr(plain.source)


def zone(value: object) -> ZoneInfo:
    """The name of a time zone."""
    return find_zone(text(value))


def duration(least: float, most: float) -> Callable[[object], float]:
    """A reader of durations from `least` to `most` seconds."""

    def read(value: object) -> float:
        source, seconds = _seconds(value)
        if not least <= seconds <= most:
            bounds = f"{format_duration(least)} to {format_duration(most)}"
            raise ValueError(f"{quoted(source)} is out of range, allowed is {bounds}")
        return seconds

    return read


def window(value: object) -> Window:
    """A rolling length in whole seconds, or `today`."""
    if value == "today":
        return Window("today", None)
    source, seconds = _seconds(value)
    if seconds > _LONGEST_WINDOW:
        raise ValueError(f"{quoted(source)} is longer than 31d, the most that the vendor answers for; or write today")
    if seconds < 1 or seconds % 1:
        raise ValueError(
            f"{quoted(source)} is not of whole seconds, allowed is 1s to 31d; the vendor's dates end at seconds"
        )
    return Window(source, int(seconds))


def campaign_id(value: object) -> str:
    """The vendor's number of a campaign, kept as text."""
    identity = text(value)
    if not _ID.fullmatch(identity):
        raise ValueError(f"{quoted(identity)} is no campaign id, allowed are 1 to 64 ASCII letters, digits, - and _")
    return identity


def campaign_name(value: object) -> str:
    """A name for people; whoever shows it must expect any character."""
    name = text(value)
    if len(name) > _LONGEST_CAMPAIGN:
        raise ValueError(f"is longer than {_LONGEST_CAMPAIGN} characters, shorten it")
    return name


def operation_name(value: object) -> str:
    """A name for people and for the label `operation`."""
    name = text(value)
    if not name or name != name.strip() or not name.isprintable() or len(name) > _LONGEST_OPERATION:
        raise ValueError(
            f"{quoted(name)} is no name for an operation, allowed are 1 to {_LONGEST_OPERATION} printable characters"
            " without spaces at the ends"
        )
    return name


def server(value: object) -> str:
    """What follows `wv` in the name of the operation's server."""
    number = text(value)
    if number.lower().startswith("wv"):
        raise ValueError(
            f'{quoted(number)} is more than the number, write what follows wv, such as "0013"; or use base_url'
        )
    if not _SERVER.fullmatch(number):
        raise ValueError(f'{quoted(number)} is no server, allowed are 1 to 32 letters, digits and -, such as "0013"')
    return number.lower()


def base_url(value: object) -> str:
    """Scheme, host, port and path of the API."""
    return parse_base_url(secret(value).get_secret_value())


def proxy_url(value: object) -> SecretStr:
    """Scheme, credentials, host and port of a proxy."""
    return SecretStr(check_proxy_url(secret(value).get_secret_value()))


def reference(value: object) -> str:
    """A path, or the name of an environment variable. Messages do not quote it: a token may stand here by mistake."""
    name = secret(value).get_secret_value()
    if not name or not name.isprintable() or len(name) > _LONGEST_PATH:
        raise ValueError(f"names nothing, allowed are 1 to {_LONGEST_PATH} printable characters")
    return name


def entries(form: str) -> Callable[[object], object]:
    """A check that there is a list with something in it, of the `form` that its message shows."""

    def check(value: object) -> object:
        if not isinstance(value, list) or not value:
            raise ValueError(f"must be a list of at least one entry, {form}")
        return value

    return check


def licenses(value: object) -> int:
    """Licences of an operation."""
    if isinstance(value, Plain) and _LICENSES.fullmatch(value.source):
        return int(value.source)
    raise ValueError("must be a whole number without quotes, from 1 to 999999")


def quota_share(value: object) -> Fraction:
    """A share of the quota, exact: as a float 0.29 x 1000 would be less than 290."""
    if isinstance(value, Plain) and _SHARE.fullmatch(value.source) and 0 < Fraction(value.source) <= 1:
        return Fraction(value.source)
    raise ValueError("must be a number without quotes, over 0 and up to 1, such as 0.5 for one half")


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
