"""One colour for one result, the same in every panel. Red is kept for what is wrong: a failed call is."""

ANSWER = "#299c46"
NO_ANSWER = "#8f8f8f"
FAILED = "#c4162a"
BUSY = "#e0752d"
CONGESTION = "#8f3bb8"
RECALL = "#3274d9"
DO_NOT_CALL_CLEAN = "#705da0"
ANSWER_MACHINE = "#1f9e9e"
OTHER = "#b5b5b5"

RESULTS = {
    "answer": ANSWER,
    "no-answer": NO_ANSWER,
    "busy": BUSY,
    "congestion": CONGESTION,
    "failed": FAILED,
    "recall": RECALL,
    "do-not-call-clean": DO_NOT_CALL_CLEAN,
    "answer-machine": ANSWER_MACHINE,
    "other": OTHER,
    "unknown": OTHER,
}
"""By result, in the order in which stacked panels pile them up. Any other result has the colour of `other`."""

WRONG = FAILED
DOUBTFUL = BUSY
PLAIN = "text"
"""Grafana's name for the theme's own text colour: a figure that says neither good nor bad."""
NEUTRAL = "#5f7d95"
"""Lines that are no result: volumes, ages, requests."""
