"""The colour and the pattern of each result, on the status page and in the dashboards."""

from types import MappingProxyType

PALETTE = MappingProxyType(
    {
        "answer": "#299c46",
        "no-answer": "#8f8f8f",
        "busy": "#e0752d",
        "failed": "#c4162a",
        "congestion": "#8f3bb8",
        "recall": "#3274d9",
        "do-not-call-clean": "#705da0",
        "answer-machine": "#1f9e9e",
        "other": "#d6c08f",
    },
)
"""Result to colour, in the order in which bars stack them. Any other result is drawn as `other`."""

PATTERNS = MappingProxyType(
    {
        "answer": "",
        "no-answer": "M1 4h1M5 1h1",
        "busy": "M-1 1l2-2M0 6l6-6M5 7l2-2",
        "failed": "M0 0l6 6M6 0l-6 6",
        "congestion": "M0 3h6M3 0v6",
        "recall": "M0 2h6M0 5h6",
        "do-not-call-clean": "M2 0v6M5 0v6",
        "answer-machine": "M-1 5l2 2M0 0l6 6M5 -1l2 2",
        "other": "M2.5 2.5h1v1h-1z",
    },
)
"""Result to the strokes of a tile of 6 x 6 pixels, for eyes that cannot tell the colours apart."""


def shade(result: str) -> str:
    """The key of `PALETTE` under which a result is drawn."""
    return result if result in PALETTE else "other"
