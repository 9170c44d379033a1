"""The series of list, live figures and the vendor's quota: absent, never 0, where the vendor says nothing."""

import time
from typing import Any

import pytest
from prometheus_client import CollectorRegistry
from scraped_page import Page as Scraped
from scraped_page import plain

from exporter.metrics.build import this_build
from exporter.metrics.format import Exposition
from exporter.metrics.page import Page
from exporter.model import ApiName, ApiStats, CampaignFigures, LiveCampaign, OperationStats, VendorQuota


@pytest.fixture
def page() -> Page:
    page = Page(this_build({}), CollectorRegistry(), dict, time.time)
    page.set_exporter(reload_ok=True, reloaded_at=0.0)
    return page


def scraped(page: Page) -> Scraped:
    return plain(page.render(Exposition.TEXT).decode())


def test_live_figures(page: Page) -> None:
    figures: dict[str, Any] = {"records": 9.0, "pending": 4.0, "dialled": 5.0, "speed": 0.0, "penetration_now": 55.5}
    page.set_figures("acme", "1", CampaignFigures(started=True, live=LiveCampaign("1", started=True, **figures)))
    page.set_figures("acme", "2", CampaignFigures(started=False))
    found = scraped(page)
    assert found.by("campaign", "wolkvox_campaign_started") == {"1": 1, "2": 0}
    assert found.by("campaign", "wolkvox_campaign_list_records") == {"1": 9}
    assert found.by("campaign", "wolkvox_campaign_list_pending_records") == {"1": 4}
    assert found.by("campaign", "wolkvox_campaign_list_dialled_records") == {"1": 5}
    assert found.by("campaign", "wolkvox_campaign_dialling_speed") == {"1": 0}
    assert found.by("period", "wolkvox_campaign_penetration_percent") == {"now": 55.5}
    assert found.find("wolkvox_campaign_calls_per_minute") == []
    assert found.find("wolkvox_campaign_list_recycles") == []
    page.drop_figures("acme", "1")
    page.drop_figures("acme", "2")
    assert scraped(page).find("wolkvox_campaign_started") == []


def test_apis_and_the_vendors_quota(page: Page) -> None:
    apis = (
        ApiStats(ApiName.CAMPAIGNS),
        ApiStats(ApiName.REAL_TIME, requests=3, failures=1, up=False, last_success_at=5.0),
    )
    quota = VendorQuota(limit=100.0, used_by_all=7.0)
    page.set_operation(OperationStats("acme", apis=apis, discovered=4, vendor_quota=quota))
    found = scraped(page)
    assert found.by("api", "wolkvox_api_requests_total") == {
        "campaign_4": 0,
        "campaigns": 0,
        "real_time_campaigns": 3,
    }
    assert found.by("api", "wolkvox_api_up") == {"real_time_campaigns": 0}
    assert found.by("api", "wolkvox_api_last_success_timestamp_seconds") == {"real_time_campaigns": 5}
    assert found.by("api", "wolkvox_api_failures_total") == {"campaigns": 0, "real_time_campaigns": 1}
    assert found.value("wolkvox_discovered_campaigns") == 4
    assert found.value("wolkvox_vendor_quota_limit_requests") == 100
    assert found.find("wolkvox_vendor_quota_available_requests") == []
    assert found.by("by", "wolkvox_vendor_quota_used_requests") == {"all_tokens": 7}
    page.set_operation(OperationStats("acme"))
    assert scraped(page).find("wolkvox_vendor_quota_used_requests") == []
