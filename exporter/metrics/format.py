"""The two bodies a page has and the encodings it is sent in."""

from enum import StrEnum


class Exposition(StrEnum):
    """Which text format."""

    TEXT = "text"
    OPENMETRICS = "openmetrics"


class Encoding(StrEnum):
    """Which content coding (RFC 9110, 8.4.1)."""

    IDENTITY = "identity"
    GZIP = "gzip"
