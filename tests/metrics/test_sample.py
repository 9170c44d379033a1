from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_openmetrics
from prometheus_client.parser import text_string_to_metric_families as parse_text

from exporter.metrics.sample import Sample, lines, number, pair, pairs, readable


def test_lines_of_a_subject() -> None:
    samples = [Sample(1, pair("result", "busy")), Sample(2.5), Sample(3, suffix="_sum")]
    assert lines("x", pairs(("a", "b"), ("1", "2")), samples) == (
        b'x{a="1",b="2",result="busy"} 1.0\nx{a="1",b="2"} 2.5\nx_sum{a="1",b="2"} 3.0\n'
    )


def test_lines_without_labels() -> None:
    assert lines("x", "", [Sample(1)]) == b"x 1.0\n"
    assert lines("x", "", [Sample(1, suffix="_count")]) == b"x_count 1.0\n"
    assert lines("x", "", [Sample(1, pair("v", "1"))]) == b'x{v="1"} 1.0\n'


def test_no_samples_no_lines() -> None:
    assert lines("x", pair("a", "1"), []) == b""


def test_numbers_read_as_the_client_library_writes_them() -> None:
    assert [number(value) for value in (0, True, 34.64, 1_700_000_000, 10**15)] == [
        "0.0",
        "1.0",
        "34.64",
        "1.7e+09",
        "1e+15",
    ]


def test_values_that_read_the_same_are_summed() -> None:
    samples = [Sample(1, pair("result", "\ud800")), Sample(2, pair("result", "\\ud800"))]
    assert lines("x", "", samples) == b'x{result="\\\\ud800"} 3.0\n'


def test_half_a_surrogate_pair_is_spelled_out() -> None:
    assert readable("a\udcffé") == "a\\udcffé"


@given(st.text(st.characters(exclude_categories=["Cs"])), st.text(st.characters(exclude_categories=["Cs"])))
def test_any_label_comes_back_from_both_parsers(subject: str, extra: str) -> None:
    text = lines("x", pair("subject", subject), [Sample(1, pair("extra", extra))]).decode()
    (family,) = parse_text(text)
    assert family.samples[0].labels == {"subject": subject, "extra": extra}
    (family,) = parse_openmetrics(f"{text}# EOF\n")  # type: ignore[no-untyped-call]
    assert family.samples[0].labels == {"subject": subject, "extra": extra}


@given(st.text(st.characters()))
def test_any_label_gives_one_line_of_utf8(value: str) -> None:
    text = lines("x", pair("label", value), [Sample(1)]).decode("utf-8")
    assert text.count("\n") == 1
    (family,) = parse_text(text)
    assert family.samples[0].labels == {"label": readable(value)}
