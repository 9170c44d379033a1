"""What tests do hundreds of times and a process of the program once, done once here too."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache, partial
from types import CodeType

import prometheus_client.openmetrics.parser
import prometheus_client.parser
import pytest
from jinja2 import BytecodeCache, Environment
from jinja2.bccache import Bucket

from exporter.web.status import page


class Compiled(BytecodeCache):
    """Keeps what Jinja2 compiled; a template that changed is compiled again."""

    def __init__(self) -> None:
        self._kept: dict[str, tuple[str, CodeType]] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        checksum, code = self._kept.get(bucket.key, ("", None))
        if checksum == bucket.checksum:
            bucket.code = code

    def dump_bytecode(self, bucket: Bucket) -> None:
        assert bucket.code is not None
        self._kept[bucket.key] = (bucket.checksum, bucket.code)


_read = lru_cache(maxsize=20_000)(prometheus_client.parser.parse_labels)


def parse_labels(labels_string: str, openmetrics: bool = False) -> dict[str, str]:
    """The parser's own, which goes through each line character by character, and reads the same labels all day."""
    return dict(_read(labels_string, openmetrics))


@contextmanager
def kept() -> Iterator[None]:
    """Keep compiled templates, and labels that were read."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(page, "Environment", partial(Environment, bytecode_cache=Compiled()))
        for module in (prometheus_client.parser, prometheus_client.openmetrics.parser):
            patch.setattr(module, "parse_labels", parse_labels)
        yield
