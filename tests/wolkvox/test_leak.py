"""Any eight characters of a secret are found in whatever form an answer repeats them."""

import base64
import html
import json
import quopri
from collections.abc import Callable
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from raw_server import TOKEN

from exporter.wolkvox.excerpt import excerpt
from exporter.wolkvox.leak import PART, repeats

UUID = "3f2c77e0-9b1d-4c2a-8f57-0a1b2c3d4e5f"
SIGNS = 'Aa<&>"/+=9%#~'
PASSWORD = "contraseña€ más larga"

FORMS: dict[str, Callable[[str], bytes]] = {
    "plain": lambda text: text.encode(),
    "upper case": lambda text: text.upper().encode(),
    "lower case": lambda text: text.lower().encode(),
    "HTML": lambda text: html.escape(text).encode(),
    "HTML, decimal": lambda text: "".join(f"&#{ord(one)};" for one in text).encode(),
    "HTML, hexadecimal": lambda text: "".join(f"&#x{ord(one):X};" for one in text).encode(),
    "HTML, padded": lambda text: "".join(f"&#000{ord(one)};" for one in text).encode(),
    "HTML of HTML": lambda text: html.escape("".join(f"&#{ord(one)};" for one in text)).encode(),
    "HTML tags": lambda text: "<wbr>".join(text).encode(),
    "HTML, soft hyphens": lambda text: "&shy;".join(text).encode(),
    "line ends": lambda text: "\r\n".join(text).encode(),
    "one line end": lambda text: f"{text[:4]}\n{text[4:]}".encode(),
    "blanks": lambda text: " \t".join(text).encode(),
    "no-break spaces": lambda text: "\u00a0".join(text).encode(),
    "zero-width spaces": lambda text: "\u200b".join(text).encode(),
    "URL": lambda text: quote(text, safe="").encode(),
    "URL, each": lambda text: "".join(f"%{byte:02x}" for byte in text.encode()).encode(),
    "URL of URL": lambda text: "".join(f"%25{byte:02x}" for byte in text.encode()).encode(),
    "JSON": lambda text: json.dumps(text).replace("/", "\\/").encode(),
    "JSON, each": lambda text: "".join(f"\\u{ord(one):04X}" for one in text).encode(),
    "JSON of JSON": lambda text: json.dumps("".join(f"\\u{ord(one):04x}" for one in text)).encode(),
    "JavaScript": lambda text: "".join(f"\\u{{{ord(one):x}}}" for one in text).encode(),
    "C": lambda text: "".join(f"\\x{byte:02x}" for byte in text.encode()).encode(),
    "mail": lambda text: quopri.encodestring(text.encode()),
    "mail, each": lambda text: "".join(f"={byte:02X}" for byte in text.encode()).encode(),
    "Latin-1": lambda text: text.encode("latin-1", "replace"),
    "UTF-16": lambda text: text.encode("utf-16"),
    "UTF-16-LE": lambda text: text.encode("utf-16-le"),
    "UTF-16-BE": lambda text: text.encode("utf-16-be"),
    "UTF-16, odd": lambda text: b"x" + text.encode("utf-16-le"),
    "UTF-16, broken": lambda text: "\r\n".join(text).encode("utf-16-be"),
    "UTF-32": lambda text: text.encode("utf-32"),
    "Base64": lambda text: base64.b64encode(text.encode()),
    "Base64, shifted by one": lambda text: base64.b64encode(b"!" + text.encode() + b"!"),
    "Base64, shifted by two": lambda text: base64.b64encode(b"?!" + text.encode() + b"?!"),
    "Base64 for URLs": lambda text: base64.urlsafe_b64encode(b'{"t":"' + text.encode()),
    "Base64, upper case": lambda text: base64.b64encode(text.encode()).upper(),
    "Base64, broken": lambda text: b"\r\n".join(bytes([one]) for one in base64.b64encode(text.encode())),
    "Base64 of UTF-16": lambda text: base64.b64encode(b"!" + text.encode("utf-16-le")),
    "hexadecimal": lambda text: text.encode().hex().encode(),
    "HEXADECIMAL": lambda text: text.encode().hex().upper().encode(),
    "hexadecimal, divided": lambda text: text.encode().hex(":").encode(),
    "hexadecimal, prefixed": lambda text: ", ".join(f"0x{byte:02x}" for byte in text.encode()).encode(),
    "hexadecimal of UTF-16": lambda text: text.encode("utf-16-be").hex().encode(),
    "numbers": lambda text: json.dumps([ord(one) for one in text]).encode(),
}


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
@pytest.mark.parametrize("secret", [TOKEN, UUID, SIGNS, "x" * 40, "hunter2", "12345678"])
def test_every_eight_characters_are_found_in_every_form(secret: str, form: Callable[[str], bytes]) -> None:
    for start in range(max(1, len(secret) - PART + 1)):
        body = b"The token " + form(secret[start : start + PART]) + b" was refused."
        assert repeats(body, [secret]), body
        assert not excerpt(body, ["another-secret", secret])


@pytest.mark.parametrize("form", [pytest.param(form, id=name) for name, form in FORMS.items() if name != "Latin-1"])
def test_a_password_beyond_ascii_is_found_too(form: Callable[[str], bytes]) -> None:
    for start in range(len(PASSWORD) - PART + 1):
        assert repeats(b"<p>" + form(PASSWORD[start : start + PART]), [PASSWORD])


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b'{"code": "403", "error": "FORBIDDEN", "msg": "YOUR IP IS NOT ALLOWED - VALIDATE TOKEN"}',
        b"<html><head><title>502 Bad Gateway</title></head><body><center>nginx/1.22.1</center></body></html>",
        b'{"code":"404","error":"Not Found","msg":"Validate dates entered","data":[],"time":"20260121075320"}',
        bytes(range(256)),
        TOKEN[: PART - 1].encode(),
        base64.b64encode(TOKEN[: PART - 2].encode()),
        b"%2525252525252541",
        b"&#99999999999; \\u{ffffff} 1114112",
        b'{"id": "4d1a2b", "hash": "0123456789abcdef0123456789abcdef"}',
    ],
)
def test_answers_without_one_are_shown(body: bytes) -> None:
    assert not repeats(body, [TOKEN, UUID, SIGNS, PASSWORD, "hunter2", "   ", ""])


def test_without_secrets_nothing_is_found() -> None:
    assert not repeats(b"anything", [])
    assert not repeats(b"anything", [""])


@settings(deadline=None, max_examples=50)
@given(st.binary(max_size=600), st.lists(st.text(max_size=30), max_size=3))
def test_any_bytes_can_be_searched_for_any_secret(body: bytes, secrets: list[str]) -> None:
    repeats(body, secrets)
    assert len(excerpt(body, secrets)) <= 200
