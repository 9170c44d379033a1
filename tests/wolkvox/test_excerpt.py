import pytest
from raw_server import TOKEN, operation
from support import target

from exporter.model import Report, Row, TimeRange
from exporter.redaction import hide
from exporter.wolkvox.excerpt import excerpt
from exporter.wolkvox.operation_secrets import secrets, shows
from exporter.wolkvox.request import campaign_4


def test_blanks_are_collapsed_to_one_line() -> None:
    assert excerpt(b'{\n    "code": "404",\r\n\t"msg": "x"\n}') == '{ "code": "404", "msg": "x" }'


@pytest.mark.parametrize(
    ("body", "shown"),
    [
        (b"a\x00\x1b[31mb", r"a\x00\x1b[31mb"),
        ("a\u202eb\u2066".encode(), r"a\u202eb\u2066"),
        (b"\xff\xfe", r"\xff\xfe"),
        ("Señor \U0001f4de".encode(), "Señor \U0001f4de"),
        ("\ufeffx".encode(), r"\ufeffx"),
    ],
)
def test_what_cannot_be_printed_is_escaped(body: bytes, shown: str) -> None:
    assert excerpt(body) == shown


def test_it_is_cut_at_200_characters() -> None:
    assert len(excerpt(b"x" * 200)) == 200
    assert excerpt(b"x" * 10**6) == "x" * 199 + "…"


@pytest.mark.parametrize(
    "form",
    [
        TOKEN,
        TOKEN.upper(),
        TOKEN.replace("/", "\\/"),
        TOKEN.replace("/", "%2F").replace("_", "%5f"),
        "".join(f"\\u{ord(character):04X}" for character in TOKEN),
        "".join(f"&#x{ord(character):x};" for character in TOKEN),
        "".join(f"&#{ord(character)};" for character in TOKEN),
    ],
)
def test_secrets_are_hidden_however_they_are_escaped(form: str) -> None:
    assert hide(f"token {form}!", [TOKEN]) == "token <secret>!"


@pytest.mark.parametrize("length", range(16, len(TOKEN) + 1))
def test_a_secret_that_was_cut_is_hidden_too(length: int) -> None:
    assert hide(f"token {TOKEN[:length].upper()}", [TOKEN]) == "token <secret>"


def test_the_beginning_of_a_short_secret_is_left() -> None:
    assert hide("pass", ["password"]) == "pass"


def test_a_secret_across_the_cut_or_behind_blanks_is_found() -> None:
    assert not excerpt(b"x" * 190 + TOKEN.encode() * 2, [TOKEN])
    assert not excerpt(b" " * 8000 + b"x" * 150 + TOKEN.encode(), [TOKEN])
    assert excerpt(b"x" * 500 + TOKEN.encode(), [TOKEN]) == "x" * 199 + "…"


def test_the_secrets_of_an_operation_hold_the_proxys_too() -> None:
    assert secrets(operation("http://a")) == (TOKEN,)
    assert secrets(operation("http://a", proxy_url="http://p:1")) == (TOKEN,)
    found = secrets(operation("http://a", proxy_url="http://me:p%40ss@p:1"))
    assert found == (TOKEN, "p@ss", "me:p@ss", "bWU6cEBzcw==", "me:p%40ss")
    assert secrets(operation("http://a", proxy_url="http://key@p:1")) == (TOKEN, "key:", "a2V5Og==")
    assert secrets(operation("http://a", proxy_url="http://@p:1")) == (TOKEN,)


@pytest.mark.parametrize(
    ("token", "result", "shown"),
    [
        ("Secret_Token", "invalid-secret-token", True),
        ("Secret_Token" * 10, "secret-tokensecret-to", True),
        ("answer", "no-answer", False),
        ("abc", "abc", False),
        ("another", "busy", False),
    ],
)
def test_a_result_that_holds_the_token_is_noticed(token: str, result: str, shown: bool) -> None:
    asked = campaign_4(target(), TimeRange(0.0, 1.0, "19691231190000", "19691231190001"))
    assert shows(asked.texts(Report((Row(result, 1, 100.0),))), token) is shown
