"""From which figure on something counts as trouble: for the status page, the alert rules and the dashboards alike.

Shares are ratios, 0 to 1. After a change run `make docs`, which writes rules, dashboards and documentation again.
"""

from types import MappingProxyType

SPIKE_SHARE = 0.25
"""Failed or busy calls above this share are a spike, whatever is usual. Healthy campaigns stay near 0.08."""

CONGESTION_SHARE = 0.1
"""Congestion is the carrier's own refusal: it is rare, so less of it is too much."""

SPIKE_SHARES = MappingProxyType({"busy": SPIKE_SHARE, "failed": SPIKE_SHARE, "congestion": CONGESTION_SHARE})
"""Result to the share above which it is a spike: the results that depend on lines and numbers, not on people."""

CONFIDENCE_Z = 1.96
"""Standard errors on each side of a share that its interval spans: 95 % of all samples (Wilson's score interval)."""

SPIKE_LOW_SHARES = MappingProxyType({"busy": 0.18, "failed": 0.18, "congestion": 0.06})
"""Result to the share that the low end of the interval has to exceed as well: 5 of 15 may be chance, 8 of 15 is not."""

JUDGED_ATTEMPTS = 10
"""Attempts below which no share is judged, however sure its interval seems."""

USUAL_ATTEMPTS = 20
"""Attempts that the same hour of both weeks before must have together to say what is usual."""

UNUSUAL_MARGIN = 1.25
"""Times the high end of the usual share that the low end of a share has to exceed to be unusual."""

CARRIER_CAMPAIGNS = 3
"""Campaigns of an operation that have to be in trouble at once before it is the carrier's."""

CARRIER_FRACTION = 0.5
"""Fraction of the operation's campaigns with volume that have to be in trouble at once."""

CARRIER_ATTEMPTS = 20
"""Attempts from which on a campaign counts in that fraction."""

UNUSUAL_FACTOR = 2
"""Times the usual share that make a spike, where the usual hour had its volume too."""

UNUSUAL_FLOOR = 0.1
"""Up to this share, a multiple of the usual is still little."""

COLLAPSED_FRACTION = 0.5
"""A contact rate below this fraction of the usual one is a collapse."""

FINISHED_DAYS = 3
"""Days without attempts after which a campaign is over, not silent. They span a weekend."""

MISSED_POLLS = 2
"""Polls that may fail before a campaign counts as unanswered: one failed poll is everyday life."""

MISSED_GRACE = 60
"""Seconds that the last of them may take."""

QUOTA_SHARE = 0.9
"""Share of the daily budget, or of the vendor's quota, above which its end is near."""

STRETCH = 1.5
"""Times the configured interval above which polls are too rare to be what was asked for."""

MISSED_ANSWERS = 3
"""Intervals for which a list, live or quota API may fail: its last answer is shown that long."""

DRY_SECONDS = 30 * 60
"""Seconds of dialling below which a list is about to run dry: time to load another one."""
