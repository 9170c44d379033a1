"""One colour for one result, the same in every panel. Red is kept for what is wrong: a failed call is."""

from exporter.palette import PALETTE

ANSWER = PALETTE["answer"]
NO_ANSWER = PALETTE["no-answer"]
FAILED = PALETTE["failed"]
BUSY = PALETTE["busy"]
CONGESTION = PALETTE["congestion"]
OTHER = PALETTE["other"]

_FIRST = ("answer", "no-answer", "busy", "congestion", "failed")

RESULTS = {result: PALETTE[result] for result in (*_FIRST, *PALETTE)} | {"unknown": OTHER}
"""By result, in the order in which stacked panels pile them up. Any other result has the colour of `other`."""

WRONG = FAILED
DOUBTFUL = BUSY
PLAIN = "text"
"""Grafana's name for the theme's own text colour: a figure that says neither good nor bad."""
NEUTRAL = "#5f7d95"
"""Lines that are no result: volumes, ages, requests."""
