"""Which tests count towards coverage: measuring makes a test half as slow again, or twice as slow.

Random tests do not: what only they reach on a good day must not decide whether a floor holds. Nor do those that live
through hours of a virtual clock or run other programs: shorter ones reach the same lines.
"""

from pathlib import Path

import pytest

_HERE = Path(__file__).parent

UNMEASURED = tuple(
    _HERE / each for each in ("grafana", "prometheus", "polling/test_midnight.py", "polling/test_rules.py")
)


def is_measured(item: pytest.Item) -> bool:
    """Whether the test counts."""
    if item.get_closest_marker("hypothesis") or item.get_closest_marker("unmeasured"):
        return False
    return not any(item.path.is_relative_to(each) for each in UNMEASURED)
