import io
import json
import logging
from collections.abc import Callable, Iterator

import pytest
import structlog

from exporter.log import FORMATS, LEVELS, configure
from exporter.redaction import HIDDEN, Redactor

Setup = Callable[..., io.StringIO]


@pytest.fixture
def log(redactor: Redactor) -> Iterator[Setup]:
    """Set logging up for one test: returns where it writes to."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level

    def setup(form: str = "logfmt", level: str = "debug") -> io.StringIO:
        stream = io.StringIO()
        configure(level, form, redactor, stream)
        return stream

    yield setup
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()


def test_a_line_of_logfmt(log: Setup) -> None:
    stream = log()
    structlog.get_logger().warning("poll failed", reason="auth", status=None, detail='says "no"\nat once', n=3)
    line = stream.getvalue()
    ts, rest = line.split(" ", 1)
    assert ts.startswith("ts=2")
    assert ts.endswith("Z")
    assert rest == 'level=warn msg="poll failed" reason=auth detail="says \\"no\\"\\nat once" n=3\n'


def test_a_line_of_json(log: Setup) -> None:
    stream = log("json")
    structlog.get_logger().info("sé", campaign="32841", odd={1})
    line = stream.getvalue()
    entry = json.loads(line)
    del entry["ts"]
    assert entry == {"level": "info", "msg": "sé", "campaign": "32841", "odd": "{1}"}
    assert list(json.loads(line)) == ["ts", "level", "msg", "campaign", "odd"]
    assert line.count("\n") == 1


@pytest.mark.parametrize("form", FORMATS)
def test_an_entry_is_one_line_whatever_it_holds(log: Setup, form: str) -> None:
    stream = log(form)
    hostile = "a\nb\r\x1b[31mred\u202eesrever\u2028\x00"
    structlog.get_logger().info(hostile, detail=hostile)
    line = stream.getvalue()
    assert line.splitlines() == [line.removesuffix("\n")]
    assert line.removesuffix("\n").isprintable()


@pytest.mark.parametrize("form", FORMATS)
def test_a_traceback_is_one_line_too(log: Setup, form: str) -> None:
    stream = log(form)
    structlog.get_logger().error("worker failed", exc_info=ValueError("bang"))
    line = stream.getvalue()
    assert line.count("\n") == 1
    assert "ValueError: bang" in line
    assert "level=error" in line or '"level": "error"' in line


@pytest.mark.parametrize("form", FORMATS)
def test_libraries_log_alike(log: Setup, form: str) -> None:
    stream = log(form)
    logging.getLogger("asyncio").warning("slow %s", "callback")
    assert "slow callback" in stream.getvalue()
    assert "level=warn " in stream.getvalue() or '"level": "warn"' in stream.getvalue()


def test_access_is_not_logged(log: Setup) -> None:
    stream = log()
    logging.getLogger("aiohttp.access").info("GET /metrics")
    assert stream.getvalue() == ""


@pytest.mark.parametrize("level", LEVELS)
def test_a_level_and_what_is_above_it(log: Setup, level: str) -> None:
    stream = log(level=level)
    logger = structlog.get_logger()
    for name in ("debug", "info", "warning", "error"):
        getattr(logger, name)(name)
    shown = [line.split("level=")[1].split()[0] for line in stream.getvalue().splitlines()]
    assert shown == list(LEVELS)[list(LEVELS).index(level) :]


@pytest.mark.parametrize("form", FORMATS)
def test_secrets_are_struck_out(log: Setup, redactor: Redactor, form: str) -> None:
    stream = log(form)
    redactor.keep(["marked", "marked-and-longer", ""])
    redactor.keep(["later"])
    fault = ValueError("marked")
    structlog.get_logger().error("marked-and-longer", detail=["a", "later"], marked=b"marked", exc_info=fault)
    assert "marked" not in stream.getvalue()
    assert "longer" not in stream.getvalue()
    assert "later" not in stream.getvalue()
    assert HIDDEN in stream.getvalue()


@pytest.mark.parametrize("form", FORMATS)
def test_a_secret_that_the_format_escapes_is_struck_out_too(log: Setup, redactor: Redactor, form: str) -> None:
    stream = log(form)
    redactor.keep(['quo"ted\\back'])
    structlog.get_logger().error("said", detail='it is quo"ted\\back, in parts')
    assert "ted" not in stream.getvalue().replace("<secret>", "")


def test_text_without_secrets_stays(redactor: Redactor) -> None:
    assert redactor.clean("as it was") == "as it was"
