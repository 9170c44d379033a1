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
"""By result, in the order in which stacked panels pile them up. Any other result has a tint of the colour of "
"`other`."""

DASHES = {"busy": (8, 4), "failed": (2, 3), "answer-machine": (10, 3), "recall": (6, 2)}
"""Dashes of the lines of results that eyes which see no red or no green take for another: those stay solid."""

WRONG = FAILED
DOUBTFUL = BUSY
WELL = ANSWER
PLAIN = "text"
"""Grafana's name for the theme's own text colour: a figure that says neither good nor bad."""
QUIET = "#5a6068"
"""What rests."""
NEUTRAL = "#7d9cb5"
"""Lines that are no result: volumes, ages, requests."""

RANKS = ("#56b4e9", "#f0e442", "#cc79a7", "#e6e9ec", "#a48bff")
"""Lines of different campaigns, best told apart: no result's colour, no red, and different to all eyes."""
