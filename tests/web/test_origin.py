import pytest

from exporter.web.origin import Origin, is_foreign, local_origins, parse_origin


@pytest.mark.parametrize(
    ("text", "origin"),
    [
        ("http://a.example", Origin("http", "a.example", 80)),
        ("https://a.example", Origin("https", "a.example", 443)),
        ("https://a.example:443", Origin("https", "a.example", 443)),
        ("HTTPS://A.Example:8443", Origin("https", "a.example", 8443)),
        ("http://[::1]:80", Origin("http", "::1", 80)),
        ("http://[0:0:0:0:0:0:0:1]", Origin("http", "::1", 80)),
        ("http://[FE80::1]:9", Origin("http", "fe80::1", 9)),
        ("http://127.0.0.1:65535", Origin("http", "127.0.0.1", 65535)),
        ("http://b\N{LATIN SMALL LETTER U WITH DIAERESIS}cher.example", Origin("http", "xn--bcher-kva.example", 80)),
    ],
)
def test_an_origin_has_one_spelling(text: str, origin: Origin) -> None:
    assert parse_origin(text) == origin


@pytest.mark.parametrize(
    "text",
    [
        "",
        "null",
        "a.example",
        "http://",
        "http://:80",
        "ftp://a.example",
        "file://",
        "http://a.example/",
        "http://a.example/path",
        "http://a.example?q",
        "http://a.example#f",
        "http://user@a.example",
        "http://a.example:",
        "http://a.example:0",
        "http://a.example:080",
        "http://a.example:65536",
        "http://a.example:http",
        "http://[::1",
        "http://::1",
        "http://[::g]",
        "http://[fe80::1%eth0]",
        "http://a b",
        "http://a.example http://b.example",
        "http://a.example\n",
        "http://" + "\N{LATIN SMALL LETTER U WITH DIAERESIS}" * 100,
        "http://..\N{LATIN SMALL LETTER U WITH DIAERESIS}",
    ],
)
def test_what_no_browser_writes_is_no_origin(text: str) -> None:
    assert parse_origin(text) is None


@pytest.mark.parametrize(
    ("address", "hosts"),
    [
        ("127.0.0.1", {"127.0.0.1", "localhost"}),
        ("::ffff:127.0.0.1", {"127.0.0.1", "localhost"}),
        ("::1", {"::1", "localhost"}),
        ("10.1.2.3", {"10.1.2.3"}),
        ("::ffff:10.1.2.3", {"10.1.2.3"}),
        ("2001:0db8::0001", {"2001:db8::1"}),
        ("fe80::1%eth0", {"fe80::1"}),
    ],
)
def test_the_origins_of_an_address(address: str, hosts: set[str]) -> None:
    assert local_origins("http", address, 10965) == {Origin("http", host, 10965) for host in hosts}


OWN = local_origins("http", "127.0.0.1", 10965)
MINE = "http://127.0.0.1:10965"


def foreign(*, origins: tuple[str, ...] = (), sites: tuple[str, ...] = (), hosts: tuple[str, ...] = ()) -> bool:
    return is_foreign(origins=origins, sites=sites, hosts=hosts, scheme="http", own=OWN)


def test_a_program_says_nothing_of_where_it_comes_from() -> None:
    assert not foreign()
    assert not foreign(hosts=("evil.example",))


def test_an_origin_is_believed_over_the_host() -> None:
    assert not foreign(origins=(MINE,), hosts=("evil.example",))
    assert foreign(origins=("http://evil.example:10965",), hosts=("127.0.0.1:10965",))
    assert foreign(origins=("http://evil.example:10965",), hosts=("evil.example:10965",), sites=("same-origin",))


def test_two_origins_are_none() -> None:
    assert foreign(origins=(MINE, MINE))
    assert foreign(origins=(MINE, "null"))


@pytest.mark.parametrize("site", ["cross-site", "same-site", "none", "", "Same-Origin"])
def test_another_site_is_foreign_whatever_the_origin(site: str) -> None:
    assert foreign(origins=(MINE,), sites=(site,))
    assert foreign(origins=(MINE,), sites=("same-origin", site))


def test_without_an_origin_the_host_is_judged() -> None:
    assert not foreign(sites=("same-origin",), hosts=("127.0.0.1:10965",))
    assert not foreign(sites=("same-origin",), hosts=("localhost:10965",))
    assert foreign(sites=("same-origin",), hosts=("evil.example:10965",))
    assert foreign(sites=("same-origin",), hosts=("127.0.0.1",))
    assert foreign(sites=("same-origin",), hosts=())
    assert foreign(sites=("same-origin",), hosts=("127.0.0.1:10965", "evil.example"))
