"""The keys of the file, what is allowed in each, and what holds where a key is left out.

A new key is a line here; a key that may stand at every level is a line in `InheritedSettings`. A block of keys is a
`Section` of its own and one line where it may stand.
"""

from decimal import Decimal
from typing import Annotated, ClassVar, TypeAlias
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BeforeValidator, ConfigDict, Field, PlainValidator, SecretStr, model_validator
from pydantic.fields import FieldInfo

from exporter.config import hours, values
from exporter.config.patterns import check_pattern
from exporter.duration import format_duration
from exporter.model import AddressFamily, PollWhich, Span, Window
from exporter.yaml import UNQUOTED, Section

_DAY = 86_400.0
LONGEST_INTERVAL = 31 * _DAY


def _span(least: float, most: float) -> FieldInfo:
    bounds = f"{format_duration(least)} to {format_duration(most)}"
    info: FieldInfo = Field(ge=least, le=most, description=bounds)
    return info


_Text: TypeAlias = Annotated[str, BeforeValidator(values.text)]
_Duration: TypeAlias = Annotated[float, BeforeValidator(values.seconds)]
_Zone: TypeAlias = Annotated[ZoneInfo, PlainValidator(values.zone)]
_Windows: TypeAlias = Annotated[
    tuple[Annotated[Window, PlainValidator(values.window)] | None, ...], Field(min_length=1, examples=["[1h, today]"])
]
_Reference: TypeAlias = Annotated[
    str,
    BeforeValidator(values.secret),
    Field(min_length=1, max_length=4_096, description="1 to 4096 printable characters"),
    AfterValidator(values.printable),
    UNQUOTED,
]
"""A path, or the name of an environment variable. Messages do not quote it: a token may stand here by mistake."""


_ID: TypeAlias = Annotated[
    _Text,
    Field(pattern="^[A-Za-z0-9_-]{1,64}$", description="1 to 64 ASCII letters, digits, - and _"),
    AfterValidator(values.campaign),
]
_Name: TypeAlias = Annotated[
    _Text,
    Field(min_length=1, max_length=100, description="1 to 100 printable characters without spaces at the ends"),
    AfterValidator(values.printable),
    AfterValidator(values.trimmed),
]
_Server: TypeAlias = Annotated[
    str,
    BeforeValidator(values.server),
    Field(pattern="^[a-z0-9]([a-z0-9-]{0,30}[a-z0-9])?$", description='1 to 32 letters, digits and -, such as "0013"'),
]
_Address: TypeAlias = Annotated[
    _Text, Field(max_length=100, description="an IPv4 or IPv6 address of this machine"), AfterValidator(values.address)
]
_Licenses: TypeAlias = Annotated[
    int,
    BeforeValidator(values.number),
    Field(ge=1, le=999_999, description="a whole number without quotes, from 1 to 999999"),
]
_Share: TypeAlias = Annotated[
    Decimal,  # exact: as a float 0.29 x 1000 would be less than 290
    BeforeValidator(values.number),
    Field(gt=0, le=1, description="a number without quotes, over 0 and up to 1, such as 0.5 for one half"),
]


_Interval: TypeAlias = Annotated[_Duration, _span(1, LONGEST_INTERVAL)]
_Pattern: TypeAlias = Annotated[_Text, AfterValidator(check_pattern)]
_Patterns: TypeAlias = Annotated[tuple[_Pattern | None, ...], Field(min_length=1, examples=['["Cobranza.*"]'])]
_Type: TypeAlias = Annotated[_Text, AfterValidator(values.campaign_type)]


class HoursSettings(Section):
    """When calling is allowed: holidays, how often to ask outside, and any other key is a day or a range of days."""

    model_config = ConfigDict(extra="allow")
    __pydantic_extra__: dict[str, Annotated[tuple[Span, ...], PlainValidator(hours.spans)]] = Field(init=False)

    place: ClassVar[str] = "in hours"
    example: ClassVar[str] = "mon-fri: 07:00-19:00"

    holidays: Annotated[str, PlainValidator(hours.holidays)] | None = None
    off_interval: Annotated[_Duration, _span(1, LONGEST_INTERVAL)] | None = None

    @model_validator(mode="before")
    @classmethod
    def _check_keys(cls, written: object) -> object:
        if not isinstance(written, dict):
            return written
        return {
            key: value if key in cls.model_fields else hours.check_key(key, value) for key, value in written.items()
        }

    @property
    def days(self) -> dict[str, tuple[Span, ...]]:
        """The spans by the key under which they stand."""
        return self.__pydantic_extra__


class InheritedSettings(Section):
    """What may stand at the top, in an operation and in a campaign; the nearest wins."""

    timezone: _Zone = ZoneInfo("America/Bogota")
    interval: Annotated[_Duration, _span(1, LONGEST_INTERVAL)] = 300.0
    windows: _Windows = (Window("1h", 3_600),)
    delay: Annotated[_Duration, _span(0, 31 * _DAY)] = 0.0
    timeout: Annotated[_Duration, _span(0.1, 600)] = 60.0
    stale_after: Annotated[_Duration, _span(1, 365 * _DAY)] | None = None
    hours: HoursSettings | None = None


class ListedSettings(InheritedSettings):
    """One entry of `campaigns`."""

    place: ClassVar[str] = "in a campaign"
    example: ClassVar[str] = 'id: "32841"'

    id: _ID | None = None
    name: Annotated[_Text, Field(max_length=1_000, description="at most 1000 characters")] | None = None
    """For people; any character may stand in it."""


class DiscoverySettings(InheritedSettings):
    """How an operation finds its campaigns, and the settings of those that are found."""

    place: ClassVar[str] = "in discovery"
    example: ClassVar[str] = "refresh_interval: 1h, or {} for the defaults"

    refresh_interval: Annotated[_Duration, _span(1, LONGEST_INTERVAL)] = 3_600.0
    include: _Patterns | None = None
    exclude: _Patterns | None = None
    types: Annotated[tuple[_Type | None, ...], Field(min_length=1, examples=["[predictive]"])] | None = None
    poll: Annotated[PollWhich, BeforeValidator(values.text), Field(description="started or all")] = PollWhich.STARTED
    max_campaigns: Annotated[
        int,
        BeforeValidator(values.number),
        Field(ge=1, le=100_000, description="a whole number without quotes, from 1 to 100000"),
    ] = 500


class OperationSettings(InheritedSettings):
    """One entry of `operations`."""

    place: ClassVar[str] = "in an operation"
    example: ClassVar[str] = "name: acme"

    name: _Name | None = None
    server: _Server | None = None
    base_url: Annotated[str, PlainValidator(values.base_url)] | None = None
    token_file: _Reference | None = None
    token_env: _Reference | None = None
    token: Annotated[SecretStr, BeforeValidator(values.secret)] | None = None
    proxy_url: Annotated[SecretStr, PlainValidator(values.proxy_url)] | None = None
    proxy_url_file: _Reference | None = None
    proxy_url_env: _Reference | None = None
    ca_file: _Reference | None = None
    address_family: Annotated[AddressFamily, BeforeValidator(values.text), Field(description="any, ipv4 or ipv6")] = (
        AddressFamily.ANY
    )
    source_address: _Address | None = None
    licenses: _Licenses | None = None
    quota_share: _Share = Decimal("0.5")
    discovery: DiscoverySettings | None = None
    live_interval: _Interval | None = None
    quota_interval: _Interval | None = None
    campaigns: Annotated[tuple[ListedSettings | None, ...], Field(min_length=1, examples=['- id: "32841"'])] | None = (
        None
    )


_Operations: TypeAlias = Annotated[tuple[OperationSettings | None, ...], Field(min_length=1, examples=["- name: acme"])]


class File(InheritedSettings):
    """The whole file."""

    place: ClassVar[str] = "at the top"

    operations: _Operations | None = None
