import pytest

from exporter.web.origin import Origin
from exporter.web.paths import RouteError, parse_paths

HOST = Origin("https", "monitor.example", 443)


@pytest.mark.parametrize(
    ("url", "prefix", "served", "links", "origin"),
    [
        (None, None, "", "", None),
        ("", "", "", "", None),
        ("https://monitor.example", None, "", "/", HOST),
        ("https://monitor.example/", None, "", "/", HOST),
        ("https://Monitor.Example:443/wolkvox/", None, "/wolkvox", "/wolkvox/", HOST),
        ("https://monitor.example/a/b", None, "/a/b", "/a/b/", HOST),
        ("https://monitor.example/wolkvox", "/", "", "/wolkvox/", HOST),
        ("https://monitor.example/wolkvox", "/inside/", "/inside", "/wolkvox/", HOST),
        ("https://monitor.example/wolkvox", "inside", "/inside", "/wolkvox/", HOST),
        (None, "/inside", "/inside", "", None),
        (None, "/", "", "", None),
        ("/wolkvox/", None, "/wolkvox", "/wolkvox/", None),
        ("/", None, "", "/", None),
    ],
)
def test_the_flags_as_prometheus_reads_them(
    url: str | None, prefix: str | None, served: str, links: str, origin: Origin | None
) -> None:
    found = parse_paths(url, prefix)
    assert (found.prefix, found.links, found.origin) == (served, links, origin)


def test_where_the_overview_is() -> None:
    assert parse_paths(None, None).home == "./"
    assert parse_paths(None, "/inside").home == "./"
    assert parse_paths(None, "/inside").entrance == "/inside/"
    assert parse_paths("https://monitor.example/wolkvox", "/inside").home == "/wolkvox/"
    assert parse_paths("https://monitor.example/wolkvox", "/inside").entrance == "/wolkvox/"


@pytest.mark.parametrize(
    "url",
    [
        "monitor.example",
        "monitor.example/wolkvox",
        "ftp://monitor.example/",
        "https://",
        "https:///wolkvox",
        "https://user:secret@monitor.example/",
        "https://monitor.example:99999/",
        "https://monitor.example?a=b",
        "https://monitor.example/wolkvox?a=b",
        "https://monitor.example/wolkvox#a",
        "https://monitor.example/a//b",
        "https://monitor.example/../b",
        "https://monitor.example/a b",
        "https://monitor.example/%41",
        "/a\nb",
        '"https://monitor.example/"',
    ],
)
def test_an_external_url_that_is_none(url: str) -> None:
    with pytest.raises(RouteError, match=r"^--web\.external-url .* allowed: ") as caught:
        parse_paths(url, None)
    assert "\n" not in str(caught.value)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    "prefix", ["/a//b", "/a/../b", "/a b", "/%41", "/a?b", "/{a}", "/\N{LATIN SMALL LETTER N WITH TILDE}"]
)
def test_a_prefix_that_is_none(prefix: str) -> None:
    with pytest.raises(RouteError, match=r"^--web\.route-prefix .* allowed: "):
        parse_paths(None, prefix)
