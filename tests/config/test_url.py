import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from yarl import URL

from exporter.config.url import check_proxy_url, parse_base_url, travels_in_clear


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("http://127.0.0.1:8081", "http://127.0.0.1:8081"),
        ("HTTPS://WV0013.Wolkvox.com/", "https://wv0013.wolkvox.com"),
        ("https://example.org/Path/x//", "https://example.org/Path/x"),
        ("http://[::1]:8081/", "http://[::1]:8081"),
        ("http://simulator_1:65535", "http://simulator_1:65535"),
    ],
)
def test_addresses_of_the_api(text: str, url: str) -> None:
    assert parse_base_url(text) == url


@pytest.mark.parametrize(
    "text",
    [
        "",
        "example.org",
        "ftp://example.org",
        "http:example.org",
        "https://",
        "https://:80",
        "https://example.org:",
        "https://example.org:0",
        "https://example.org:65536",
        "https://example.org:x",
        "http://0",
        "http://127.1",
        "http://127.0.0.01",
        "http://256.1.1.1",
        "http://1.2.3.4.5",
        "https://[::1",
        "https://[127.0.0.1]",
        "https://[v1.x]",
        "https://[fe80::1%eth0]",
        "https://example..org",
        "https://x[::1]",
        "https://[::1]x:80",
        "https://xn--a",
        "https://xn---1x.example",
        "https://-example.org",
        "https://exa%20mple.org",
        "https://exa\tmple.org",
        "https://exämple.org",
        "https://example.org\\@evil.example",
        "https://example.org/?",
        "https://example.org/#",
        "https://example.org?x=made-up",
        "https://user@example.org",
        "https://:made-up@example.org",
        "https://" + "x" * 3_000,
    ],
)
def test_what_is_no_address(text: str) -> None:
    with pytest.raises(ValueError, match=r"^(is|has|holds) ") as caught:
        parse_base_url(text)
    assert "made-up" not in str(caught.value)
    assert caught.value.__cause__ is None


@settings(deadline=None, max_examples=60)
@given(
    st.text(alphabet="htps:/.@[]?#%\\a1:- é", max_size=30) | st.text(max_size=20).map(lambda rest: f"https://{rest}")
)
def test_what_is_taken_is_an_address_to_the_client_too(text: str) -> None:
    try:
        url = URL(parse_base_url(text))
    except ValueError:
        return
    assert url.scheme in {"http", "https"}
    assert url.host
    assert (url.user, url.password, url.query_string, url.fragment) == (None, None, "", "")


@pytest.mark.parametrize(
    "text", ["http://proxy.example:3128", "http://user:p%40ss@proxy.example:3128/", "https://user@[::1]:3128"]
)
def test_addresses_of_proxies_stay_as_they_are(text: str) -> None:
    assert check_proxy_url(text) == text


@pytest.mark.parametrize(
    "text", ["socks5://proxy.example", "http://proxy.example/x", "http://u:made-up#x@proxy.example", "proxy:3128"]
)
def test_what_is_no_proxy(text: str) -> None:
    with pytest.raises(ValueError, match=r"is not an? (HTTP )?URL|continues after the port|no usable host") as caught:
        check_proxy_url(text)
    assert "made-up" not in str(caught.value)


@pytest.mark.parametrize(
    ("url", "clear"),
    [
        ("https://example.org", False),
        ("http://example.org", True),
        ("http://10.0.0.1", True),
        ("http://127.0.0.2:80", False),
        ("http://[::1]", False),
        ("http://[fe80::1]", True),
        ("http://localhost:8081", False),
        ("http://api.localhost", False),
        ("http://localhost.example.org", True),
    ],
)
def test_what_can_be_read_on_the_way(url: str, clear: bool) -> None:
    assert travels_in_clear(url) is clear


@pytest.mark.parametrize("text", ["http://p%E2%82%AC:%C3%B1@proxy.example", "http://a:b%3Ac@proxy.example"])
def test_credentials_in_utf_8_can_be_sent(text: str) -> None:
    assert check_proxy_url(text) == text


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("http://made%3Aup:x@proxy.example", "a colon"),
        ("http://made-up:%FF@proxy.example", "not UTF-8"),
        ("http://%F1:made-up@proxy.example", "not UTF-8"),
        ("http://made-up:%00@proxy.example", "a control character"),
        ("http://made%0D%0Aup:x@proxy.example", "a control character"),
        ("http://made-up:%C2%85@proxy.example", "a control character"),
    ],
)
def test_credentials_that_cannot_be_sent_are_a_mistake(text: str, problem: str) -> None:
    with pytest.raises(ValueError, match=problem) as caught:
        check_proxy_url(text)
    assert "made" not in str(caught.value)
    assert caught.value.__cause__ is None
