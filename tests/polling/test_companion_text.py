"""Answers for a whole operation as text for storage, and back."""

import json

import pytest

from exporter.model import LiveAnswer, LiveCampaign, VendorQuota
from exporter.polling.companion_text import live_from_text, live_to_text, quota_from_text, quota_to_text

LIVE = LiveAnswer((LiveCampaign("1", started=True, records=7.0, pending=0.5), LiveCampaign("2", started=False)))


def test_what_is_written_is_read_again() -> None:
    assert live_from_text(live_to_text(LIVE)) == LIVE
    quota = VendorQuota(limit=1000.0, used_by_all=3.0)
    assert quota_from_text(quota_to_text(quota)) == quota


@pytest.mark.parametrize("text", [None, "", "{", "[]", "7", '{"fields": 3, "rows": []}', '{"fields": []}'])
def test_what_nobody_can_read_is_nothing(text: str | None) -> None:
    assert live_from_text(text) is None


@pytest.mark.parametrize("text", [None, "", "{", "[]", "{}"])
def test_a_count_that_nobody_can_read_is_nothing(text: str | None) -> None:
    assert quota_from_text(text) is None


def test_rows_and_figures_that_cannot_be_read_are_left_out() -> None:
    fields = ["id", "started", "records", "of a later version"]
    rows = [["1", True, "many", 3], ["2", True], 7, [3, True, 1.0, 1], ["4", "yes", 1.0, 1], ["5", False, True, 1]]
    found = live_from_text(json.dumps({"fields": fields, "rows": rows}))
    assert found == LiveAnswer((LiveCampaign("1", started=True), LiveCampaign("5", started=False)))
    assert quota_from_text('{"limit": "1000", "available": 5}') == VendorQuota(available=5)
