import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.web.status.text import encodable, visible


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain ñ \N{ARABIC LETTER ALEF} \N{PILE OF POO}", "plain ñ \N{ARABIC LETTER ALEF} \N{PILE OF POO}"),
        ("a\x00b\nc", "a\N{SYMBOL FOR NULL}b\N{SYMBOL FOR LINE FEED}c"),
        ("\x7f\x9b", "«U+007F»«U+009B»"),
        ("\N{RIGHT-TO-LEFT OVERRIDE}x", "«U+202E»x"),
        ("\ud800", "«U+D800»"),
        ("\U000e0041", "«U+E0041»"),
        ("abcdef", "abcd…"),
    ],
)
def test_what_the_eye_cannot_see_is_named(text: str, shown: str) -> None:
    assert visible(text, 5 if text == "abcdef" else 200) == shown


@given(st.text(st.characters()))
def test_no_control_remains(text: str) -> None:
    shown = visible(text)
    assert not {unicodedata.category(char) for char in shown} & {"Cc", "Cs", "Zl", "Zp"}
    assert not set(shown) & set("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f\u061c")
    shown.encode()


@given(st.text(st.characters()))
def test_everything_can_be_encoded(text: str) -> None:
    assert encodable(text).encode().decode() == encodable(text)
    if not any("\ud800" <= char <= "\udfff" for char in text):
        assert encodable(text) == text
