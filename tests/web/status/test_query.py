from urllib.parse import parse_qsl, urlsplit

import made_up_status as made_up
import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.model import TargetKey
from exporter.web.status.query import COLUMNS, Query, campaign_url, ordered, parse
from exporter.web.status.state import CampaignSummary, digest

DIGESTS = [digest(each) for each in made_up.troubled().targets]


def names(query: Query) -> list[str]:
    return [each.target.key.campaign for each in ordered(filter(query.matches, DIGESTS), query.sort)]


def test_trouble_comes_first() -> None:
    found = [each.state.value for each in ordered(DIGESTS, "")]
    assert found == ["stale", *["failing"] * 3, *["spike"] * 2, *["ok"] * 6, "no_data", "waiting"]


def test_a_campaign_that_never_answered_comes_before_one_whose_data_still_shows() -> None:
    assert names(Query(state="auth")) == ["51002", "51001"]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        (Query(operation="initech", sort="id"), ["51001", "51002", "51003"]),
        (Query(state="stale"), ["51003"]),
        (Query(state="server_error"), ["32852"]),
        (Query(text="VENTAS s"), ["51002"]),
        (Query(text="3285", sort="-id"), ["32853", "32852", "32851", "32850"]),
        (Query(state="spike", sort="busy"), ["32850", "32851"]),
        (Query(state="spike", sort="-busy"), ["32851", "32850"]),
        (Query(text="no such"), []),
    ],
)
def test_filters_and_orders(query: Query, expected: list[str]) -> None:
    assert names(query) == expected


@pytest.mark.parametrize("column", COLUMNS)
@pytest.mark.parametrize("sign", ["", "-"])
def test_every_column_sorts_all_rows(column: str, sign: str) -> None:
    assert sorted(names(Query(sort=sign + column))) == sorted(each.target.key.campaign for each in DIGESTS)


@pytest.mark.parametrize("sort", ["attempts", "-attempts", "age", "-age", "contact", "-contact"])
def test_what_is_not_known_comes_last_in_both_directions(sort: str) -> None:
    assert set(names(Query(sort=sort))[-3:]) <= {"51002", "51003", "32853", "40100"}


def test_a_heading_turns_its_order_round() -> None:
    first = Query(page=3).sorted_by("attempts")
    assert (first.sort, first.page) == ("-attempts", 1)
    assert first.sorted_by("attempts").sort == "attempts"
    assert Query().sorted_by("name").sort == "name"
    assert Query(sort="name").sorted_by("name").sort == "-name"


@pytest.mark.parametrize(
    "parameters",
    [
        {"state": "no such", "sort": "no such", "page": "0"},
        {"page": "-1"},
        {"page": "9" * 500},
        {"page": "\N{ARABIC-INDIC DIGIT THREE}"},
        {"sort": "--name"},
    ],
)
def test_nonsense_is_the_default(parameters: dict[str, str]) -> None:
    assert parse(parameters) == Query()


TEXTS = st.text(st.characters(codec="utf-8"), max_size=50).map(str.strip)


@given(
    st.builds(
        Query,
        operation=TEXTS,
        state=st.sampled_from(["", "trouble", "ok", "auth"]),
        text=TEXTS,
        sort=st.sampled_from(["", "name", "-attempts"]),
        page=st.integers(1, 999_999),
    ),
)
def test_an_address_leads_back_to_its_query(query: Query) -> None:
    assert parse(dict(parse_qsl(urlsplit(query.url()).query))) == query


@given(st.builds(TargetKey, TEXTS, TEXTS, TEXTS))
def test_a_campaigns_address_names_it(key: TargetKey) -> None:
    address = campaign_url(key)
    assert address.isascii()
    found = dict(parse_qsl(urlsplit(address).query, keep_blank_values=True))
    assert found == {"operation": key.operation, "campaign": key.campaign, "window": key.window}


def test_filters_hold_for_every_digest() -> None:
    def is_trouble(each: CampaignSummary) -> bool:
        return each.state in {"stale", "failing", "spike"}

    assert {each.target.key for each in DIGESTS if Query(state="trouble").matches(each)} == {
        each.target.key for each in DIGESTS if is_trouble(each)
    }
