"""How sure a share is: Wilson's score interval, as the alerts use it.

https://doi.org/10.1080/01621459.1927.10502953
"""

from math import sqrt

from exporter.thresholds import CONFIDENCE_Z


def wilson(hits: int, total: int) -> tuple[float, float]:
    """The ends of the interval that holds the true share of 95 % of all samples, 0 to 1. `total` is at least 1."""
    share, square = hits / total, CONFIDENCE_Z**2
    centre = share + square / (2 * total)
    reach = CONFIDENCE_Z * sqrt(share * (1 - share) / total + square / (4 * total**2))
    scale = 1 + square / total
    return max((centre - reach) / scale, 0.0), min((centre + reach) / scale, 1.0)
