import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.metrics.format import Encoding, Exposition
from exporter.web.negotiation import encode, negotiate

TEXT_004 = "text/plain; version=0.0.4; charset=utf-8"
TEXT_100 = "text/plain; version=1.0.0; charset=utf-8"
OPENMETRICS_001 = "application/openmetrics-text; version=0.0.1; charset=utf-8"
OPENMETRICS_100 = "application/openmetrics-text; version=1.0.0; charset=utf-8"

PROMETHEUS_3 = (
    "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.5,"
    "application/openmetrics-text;version=0.0.1;q=0.4,"
    "text/plain;version=1.0.0;escaping=allow-utf-8;q=0.3,text/plain;version=0.0.4;q=0.2,*/*;q=0.1"
)
PROMETHEUS_3_PROTOBUF = (
    "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited;q=0.6," + PROMETHEUS_3
)
PROMETHEUS_2 = (
    "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,"
    "text/plain;version=0.0.4;q=0.5,*/*;q=0.1"
)
PROMETHEUS_2_TEXT = "text/plain;version=0.0.4;q=1,*/*;q=0.1"
CHROMIUM = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8"


@pytest.mark.parametrize(
    ("accept", "content_type"),
    [
        ("", TEXT_004),
        ("*/*", TEXT_004),
        (CHROMIUM, TEXT_004),
        (PROMETHEUS_3, OPENMETRICS_100 + "; escaping=allow-utf-8"),
        (PROMETHEUS_3_PROTOBUF, OPENMETRICS_100 + "; escaping=allow-utf-8"),
        (PROMETHEUS_2, OPENMETRICS_100),
        (PROMETHEUS_2_TEXT, TEXT_004),
        ("application/openmetrics-text; version=0.0.1,text/plain;version=0.0.4;q=0.5,*/*;q=0.1", OPENMETRICS_001),
        ("application/openmetrics-text", OPENMETRICS_100),
        ("Application/OpenMetrics-Text; Version=1.0.0", OPENMETRICS_100),
        ('application/openmetrics-text; version="1.0.0"', OPENMETRICS_100),
        ('application/openmetrics-text; version="1\\.0.0"', OPENMETRICS_100),
        ("application/openmetrics-text;version=1.0.0; charset=utf-8", OPENMETRICS_100),
        ("application/openmetrics-text;;version=1.0.0;", OPENMETRICS_100),
        (" ,\t, application/openmetrics-text , ,", OPENMETRICS_100),
        ("text/plain", TEXT_004),
        ("text/plain;version=1.0.0;escaping=underscores", TEXT_100 + "; escaping=underscores"),
        ("text/plain;version=1.0.0;escaping=dots", TEXT_100 + "; escaping=dots"),
        ("text/plain;version=1.0.0;escaping=values", TEXT_100 + "; escaping=values"),
        ("text/plain;version=0.0.4;escaping=allow-utf-8", TEXT_004 + "; escaping=allow-utf-8"),
        ("text/plain;version=1.0.0;escaping=runes", TEXT_100),
        ("text/plain;q=0.4, application/openmetrics-text;q=0.6", OPENMETRICS_100),
        ("application/openmetrics-text;q=0.4, text/plain;q=0.6", TEXT_004),
        ("application/openmetrics-text, text/plain", OPENMETRICS_100),
        ("text/plain, application/openmetrics-text", TEXT_004),
        ("*/*, application/openmetrics-text", OPENMETRICS_100),
        ("text/*;q=0.5, */*;q=0.9", OPENMETRICS_100),
        ("text/*;q=0.9, */*;q=0.5", TEXT_004),
        ("application/openmetrics-text;q=0, */*", TEXT_004),
        ("application/openmetrics-text;version=1.0.0;q=0, application/openmetrics-text", OPENMETRICS_001),
    ],
)
def test_the_weights_decide(accept: str, content_type: str) -> None:
    assert negotiate(accept)[1] == content_type


@pytest.mark.parametrize("accept", [PROMETHEUS_3, PROMETHEUS_2, "application/openmetrics-text; version=0.0.1"])
def test_body_and_header_agree_on_openmetrics(accept: str) -> None:
    assert negotiate(accept)[0] is Exposition.OPENMETRICS


@pytest.mark.parametrize("accept", ["text/plain; version=1.0.0", "*/*", "image/png"])
def test_body_and_header_agree_on_text(accept: str) -> None:
    assert negotiate(accept)[0] is Exposition.TEXT


@pytest.mark.parametrize(
    "accept",
    [
        "image/png",
        "application/openmetrics-text;version=2.0.0",
        "text/plain;version=0.0.5",
        "text/plain;format=flowed",
        "text/plain;charset=us-ascii",
        "*/*;q=0",
        "*;q=0",
        "text/plain;q=0",
        "application/openmetrics-text;q=",
        "application/openmetrics-text;q=high",
        "application/openmetrics-text;q=2",
        "application/openmetrics-text;q=-1",
        "application/openmetrics-text;q=nan",
        "application/openmetrics-text;q=1e0",
        "application/openmetrics-text;q=0.\u0665",
        "application/openmetrics-text;version",
        'application/openmetrics-text;version="1.0.0',
        "application/openmetrics-text version=1.0.0",
        "application/openmetrics-text/1.0.0",
        ";;;",
        "/",
        "\x00",
        "ñ",
    ],
)
def test_malformed_and_unsatisfiable_get_text(accept: str) -> None:
    assert negotiate(accept) == (Exposition.TEXT, TEXT_004)


@pytest.mark.parametrize(
    ("accept_encoding", "encoding"),
    [
        ("", Encoding.IDENTITY),
        ("gzip", Encoding.GZIP),
        ("GZip", Encoding.GZIP),
        ("x-gzip", Encoding.GZIP),
        ("deflate, gzip, br, zstd", Encoding.GZIP),
        ("gzip;q=0.1", Encoding.GZIP),
        ("gzip;q=1.0, identity; q=0.5, *;q=0", Encoding.GZIP),
        ("gzip;q=0.5, identity;q=0.5", Encoding.GZIP),
        ("gzip;q=0.4, identity;q=0.5", Encoding.IDENTITY),
        ("gzip;q=0", Encoding.IDENTITY),
        ("gzip;q=0.000", Encoding.IDENTITY),
        ("gzip;q=0, *", Encoding.IDENTITY),
        ("*;q=0", Encoding.IDENTITY),
        ("*", Encoding.IDENTITY),
        ("identity", Encoding.IDENTITY),
        ("br", Encoding.IDENTITY),
        ("identity;q=0", Encoding.GZIP),
        ("identity;q=0, *", Encoding.GZIP),
        ("identity;q=0.5, *;q=1", Encoding.GZIP),
        ("identity;q=0, gzip;q=0", Encoding.IDENTITY),
        ("identity;q=0, *;q=0", Encoding.IDENTITY),
        ("gzip;q=high", Encoding.IDENTITY),
        ("gzip gzip", Encoding.IDENTITY),
        (";", Encoding.IDENTITY),
    ],
)
def test_gzip_where_it_is_wanted(accept_encoding: str, encoding: Encoding) -> None:
    assert encode(accept_encoding) is encoding


RANGES = ["text/plain", "application/openmetrics-text", "*/*", "text/*", "gzip", "identity", "*"]
PARAMETERS = ["version=1.0.0", "q=0.5", "q=0", "q=1", 'version="', "escaping=allow-utf-8"]
PUNCTUATION = [";", ",", "=", " ", "\t", '"', "\\", "/", "é", "\x7f"]
PIECES = st.sampled_from([*RANGES, *PARAMETERS, *PUNCTUATION])
HEADERS = st.lists(PIECES, max_size=30).map("".join) | st.text(max_size=100)


@given(HEADERS)
def test_whatever_accept_says_there_is_a_page(accept: str) -> None:
    exposition, content_type = negotiate(accept)
    media_type = {Exposition.TEXT: "text/plain", Exposition.OPENMETRICS: "application/openmetrics-text"}[exposition]
    assert content_type.startswith(f"{media_type}; version=")
    assert content_type.isascii()
    assert "\n" not in content_type


@given(HEADERS)
def test_whatever_accept_encoding_says_there_is_a_coding(accept_encoding: str) -> None:
    assert encode(accept_encoding) in Encoding


@given(st.integers(0, 1000), st.integers(0, 1000))
def test_the_greater_weight_wins(text: int, openmetrics: int) -> None:
    header = f"text/plain;q={text / 1000:.3f}, application/openmetrics-text;q={openmetrics / 1000:.3f}"
    chosen = Exposition.OPENMETRICS if openmetrics > text else Exposition.TEXT
    assert negotiate(header)[0] is chosen


def test_a_header_of_any_length_is_read_in_linear_time() -> None:
    assert negotiate('text/plain;a="' + "\\" * 8000)[0] is Exposition.TEXT
    assert negotiate("a" + " \t;" * 2700 + "!/")[0] is Exposition.TEXT
