import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.model import RESULTS, Report, Row
from exporter.wolkvox.results import publish, share, spell


@pytest.mark.parametrize(
    ("result", "published"),
    [
        ("NO-ANSWER", "no-answer"),
        ("noanswer", "no-answer"),
        ("No_Answer", "no-answer"),
        (" N O ANSWER ", "no-answer"),
        ("do-not-call_clean", "do-not-call-clean"),
        ("DO NOT CALL CLEAN", "do-not-call-clean"),
        ("DONOTCALLCLEAN", "do-not-call-clean"),
        ("ANSWER MACHINE", "answer-machine"),
        ("ANSWER_MACHINE", "answer-machine"),
        ("WRONG NUMBER", "wrong-number"),
        ("DO-NOT-CALL", "do-not-call"),
        ("CHANUNAVAIL", "chanunavail"),
        ("BUSY\t", "busy"),
        ("a\nb", "a-b"),
        ("a\x00b", "a\ufffdb"),
        ("\ud800", "\ufffd"),
        ("", ""),
        (" ", ""),
        ("-", ""),
        ("_ -", ""),
        ("Y" * 65, "y" * 64),
    ],
)
def test_spelling(result: str, published: str) -> None:
    assert spell(result) == published


@pytest.mark.parametrize("result", RESULTS)
def test_documented_results_are_spelt_as_documented(result: str) -> None:
    assert (
        spell(result)
        == spell(result.upper())
        == spell(result.replace("-", "_"))
        == spell(result.replace("-", ""))
        == result
    )


@given(st.text(max_size=200))
def test_a_spelling_is_final_short_and_can_be_encoded(result: str) -> None:
    once = spell(result)
    assert spell(once) == once
    assert len(once) <= 64
    assert once.encode("utf-8").decode("utf-8") == once


def report(**attempts: int) -> Report:
    total = sum(attempts.values())
    return Report(tuple(Row(name.replace("_", "-"), count, share(count, total)) for name, count in attempts.items()))


def test_the_seven_are_always_there() -> None:
    rows, seen = publish(report(busy=3), ())
    assert [row.result for row in rows] == list(RESULTS)
    assert {row.result: row.attempts for row in rows}["busy"] == 3
    assert seen == ()


def test_an_empty_window_publishes_zeros_for_all_that_was_ever_seen() -> None:
    rows, seen = publish(Report(no_data=True), ("mailbox",))
    assert rows == tuple(Row(name, 0, 0.0) for name in (*RESULTS, "mailbox"))
    assert seen == ("mailbox",)


def test_new_results_come_after_those_seen_before() -> None:
    rows, seen = publish(report(fax=1, busy=1, abandon=2), ("mailbox",))
    assert seen == ("mailbox", "fax", "abandon")
    assert [row.result for row in rows] == [*RESULTS, *seen]


def test_32_results_are_all_published() -> None:
    rows, seen = publish(Report(tuple(Row(f"x{number}", 1, 4.0) for number in range(25))), ())
    assert [row.result for row in rows] == [*RESULTS, *seen]
    assert len(rows) == 32


def test_the_33rd_makes_the_last_ones_other() -> None:
    rows, seen = publish(Report(tuple(Row(f"x{number}", 1, 4.0) for number in range(30))), ())
    assert len(rows) == 32
    assert rows[-1] == Row("other", 6, 24.0)
    assert [row.result for row in rows[7:-1]] == [f"x{number}" for number in range(24)]
    assert len(seen) == 26


def test_other_stays_once_the_campaign_has_overflowed() -> None:
    _, seen = publish(Report(tuple(Row(f"x{number}", 1, 4.0) for number in range(30))), ())
    rows, again = publish(report(x0=1, x29=2), seen)
    assert rows[7] == Row("x0", 1, 33.333333)
    assert rows[-1] == Row("other", 2, 66.666667)
    assert again == seen


def test_a_result_called_other_joins_the_rest() -> None:
    rows, _ = publish(Report((Row("other", 5, 5.0), *(Row(f"x{number}", 1, 1.0) for number in range(30)))), ())
    assert len(rows) == 32
    assert [row.result for row in rows].count("other") == 1
    assert rows[-1] == Row("other", 11, 11.0)


def test_the_percent_of_other_is_computed_where_the_vendors_exceed_100() -> None:
    rows, _ = publish(Report(tuple(Row(f"x{number}", 1, 90.0) for number in range(30))), ())
    assert rows[-1] == Row("other", 6, 20.0)


NAMES = st.sampled_from([*RESULTS, "other", "unknown", *(f"x{number}" for number in range(60))])


@given(
    reports=st.lists(st.dictionaries(NAMES, st.integers(0, 10**6), max_size=40), min_size=1, max_size=4),
    stored=st.lists(NAMES, max_size=30),
)
def test_publishing_keeps_every_attempt_within_32_results(reports: list[dict[str, int]], stored: list[str]) -> None:
    seen = tuple(stored)
    shown: list[str] = []
    for counts in reports:
        total = sum(counts.values())
        rows, seen = publish(
            Report(tuple(Row(name, count, share(count, total)) for name, count in counts.items())), seen
        )
        names = [row.result for row in rows]
        assert len(set(names)) == len(names) <= 32
        assert names[:7] == list(RESULTS)
        assert sum(row.attempts for row in rows) == total
        assert all(0 <= row.percent <= 100 for row in rows)
        kept = [name for name in names[7:] if name != "other"][:24]
        assert kept[: len(shown)] == shown
        shown = kept
        assert len(seen) <= 26
