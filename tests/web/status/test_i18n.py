import re
import string
from importlib import resources

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.model import RESULTS, Reason
from exporter.web.status.i18n import ENGLISH, LANGUAGES, SPANISH, Language, negotiate
from exporter.web.status.i18n.negotiation import preferred
from exporter.web.status.state import State


def fields(phrase: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(phrase) if name}


def test_both_languages_say_the_same_things() -> None:
    assert list(ENGLISH.words) == list(SPANISH.words)
    assert {key: fields(text) for key, text in ENGLISH.words.items()} == {
        key: fields(text) for key, text in SPANISH.words.items()
    }


@pytest.mark.parametrize("language", LANGUAGES, ids=lambda language: language.code)
def test_every_state_and_reason_has_words(language: Language) -> None:
    assert set(language.states) == set(State)
    assert set(language.reasons) == set(Reason)
    assert all(advice.what and advice.do.endswith(".") for advice in language.reasons.values())
    assert all(language.result(result) for result in RESULTS)


@pytest.mark.parametrize(
    ("label", "english", "spanish"),
    [("today", "today", "hoy"), ("yesterday", "yesterday", "ayer"), ("1h", "1h", "1h"), ("30m", "30m", "30m")],
)
def test_windows_that_have_a_name_are_named_in_each_language(label: str, english: str, spanish: str) -> None:
    assert ENGLISH.window(label) == english
    assert SPANISH.window(label) == spanish


def test_every_phrase_that_a_template_names_is_there() -> None:
    folder = resources.files("exporter.web.status").joinpath("templates")
    text = "".join(each.read_text(encoding="utf-8") for each in folder.iterdir())
    said = set(re.findall(r'\bsay\("(\w+)"', text))
    counted = set(re.findall(r'\bcount\("(\w+)"', text))
    assert said <= set(ENGLISH.words)
    assert {f"{key}_{number}" for key in counted for number in ("one", "many")} <= set(ENGLISH.words)


@pytest.mark.parametrize(
    ("header", "code"),
    [
        ("", "en"),
        ("es", "es"),
        ("es-CO,es;q=0.9,en;q=0.8", "es"),
        ("en-US,en;q=0.9,es;q=0.8", "en"),
        ("fr, es;q=0.5", "es"),
        ("fr", "en"),
        ("en;q=0.1, ES-419;q=0.2", "es"),
        ("*", "en"),
        ("*;q=0.5, es;q=0.4", "en"),
        ("en;q=0, *", "es"),
        ("en;q=0", "en"),
        ("es;q=0, en;q=0", "en"),
        ("es;q=2, en;q=x", "en"),
        ("es;;q=1", "en"),
        ("es, en", "es"),
        ("en, es", "en"),
        (" es ; q = 0.7 ", "es"),
        ("español", "en"),
        (",,,es", "es"),
    ],
)
def test_language_by_header(header: str, code: str) -> None:
    assert negotiate(header).code == code


@given(st.text())
def test_no_header_is_an_error(header: str) -> None:
    assert preferred(header, ("en", "es")) in {"en", "es"}


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0 s"),
        (59.4, "59 s"),
        (59.6, "1 min"),
        (3_599, "59 min"),
        (3_600, "1 h"),
        (7_500, "2 h 5 min"),
        (97_300, "1 d 3 h"),
    ],
)
def test_spans(seconds: float, text: str) -> None:
    assert ENGLISH.span(seconds) == text


def test_numbers() -> None:
    assert (ENGLISH.number(1_234_567), SPANISH.number(1_234_567)) == ("1,234,567", "1.234.567")
    assert (ENGLISH.percent(34.64), SPANISH.percent(34.64)) == ("34.6%", "34,6\N{NO-BREAK SPACE}%")
    assert (ENGLISH.decimal_number(1.25), SPANISH.decimal_number(1.25)) == ("1.2", "1,2")
    assert ENGLISH.count("campaigns", 1) == "1 campaign"
    assert SPANISH.count("campaigns", 1_000) == "1.000 campañas"


@pytest.mark.parametrize(("share", "text"), [(0.0, "0.0%"), (0.001, "0.1%"), (99.999, "99.9%"), (100.0, "100.0%")])
def test_a_share_that_is_not_none_or_all_is_not_written_so(share: float, text: str) -> None:
    assert ENGLISH.percent(share) == text


@pytest.mark.parametrize(
    ("seconds", "ago", "until"),
    [(-5, "just now", "due now"), (0, "just now", "due now"), (90, "1 min ago", "in 1 min")],
)
def test_moments_that_lie_on_the_wrong_side_are_now(seconds: float, ago: str, until: str) -> None:
    assert ENGLISH.ago(seconds) == ago
    assert ENGLISH.until(seconds) == until
