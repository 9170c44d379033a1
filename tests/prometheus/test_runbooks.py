import re

import promql_parser as promql
import pytest
from rulebook import ALERTS, EXPORTED, RECORDINGS, ROOT, series

from prometheus.parameters import DEFAULTS
from prometheus.rule import Alert, runbook_url

TEXT = (ROOT / "docs" / "runbooks.md").read_text(encoding="utf-8")
SECTIONS = {title.strip(): body for title, body in re.findall(r"^## (.+)\n((?:(?!^## ).*\n?)*)", TEXT, re.MULTILINE)}
QUERIES = [query.replace("\n   ", "\n") for query in re.findall(r"```promql\n(.*?)```", TEXT, re.DOTALL)]


def anchor(title: str) -> str:
    """As GitHub makes it: https://docs.github.com/en/get-started/writing-on-github (section links)."""
    return re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-")


@pytest.mark.parametrize("alert", ALERTS, ids=lambda alert: alert.name)
def test_every_alert_leads_to_its_section(alert: Alert) -> None:
    base, _, fragment = runbook_url(alert, DEFAULTS.runbooks_url).partition("#")
    assert base.endswith("/docs/runbooks.md")
    assert {anchor(title): title for title in SECTIONS}[fragment] == alert.name


@pytest.mark.parametrize("alert", ALERTS, ids=lambda alert: alert.name)
def test_every_section_answers_the_same_questions(alert: Alert) -> None:
    section = SECTIONS[alert.name]
    for question in ("**For the business:**", "**Whose fault:**", "**Check, in this order:**", "**Wait"):
        assert section.count(question) == 1, question
    assert re.search(r"^1\. ", section, re.MULTILINE)


def test_no_section_is_left_over() -> None:
    assert SECTIONS.keys() == {alert.name for alert in ALERTS} | {"Whose fault is it?"}


def test_every_link_inside_leads_somewhere() -> None:
    links = set(re.findall(r"\]\(#([^)]+)\)", TEXT))
    assert links <= {anchor(title) for title in SECTIONS}
    assert {alert.name.lower() for alert in ALERTS} <= links


@pytest.mark.parametrize("query", QUERIES)
def test_every_query_parses_and_reads_what_there_is(query: str) -> None:
    assert promql.parse(query)
    assert series(query) <= EXPORTED_SERIES


EXPORTED_SERIES = (
    EXPORTED
    | {f"{name}_bucket" for name in EXPORTED if name.endswith("_duration_seconds")}
    | {rule.record for rule in RECORDINGS}
    | {"up"}
)
