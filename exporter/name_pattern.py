"""Regular expressions over whole names, by RE2: their time grows with the name only, whatever is written."""

from functools import lru_cache
from typing import Any

import re2

_OPTIONS = re2.Options()
_OPTIONS.dot_nl = True  # `.*` is any name, whatever characters are in it
_OPTIONS.log_errors = False  # they go into our own messages


@lru_cache(maxsize=1024)
def compile_pattern(pattern: str) -> Any:
    """The expression, compiled; the library has no types.

    Raises:
        re2.error: RE2 cannot compile it.
        UnicodeEncodeError: it holds half a character.
    """
    return re2.compile(pattern, _OPTIONS)
