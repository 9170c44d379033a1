"""Writes prometheus/rules/wolkvox.yml: `python -m prometheus.generate`."""

from pathlib import Path

from prometheus.dialling import DIALLING
from prometheus.document import document
from prometheus.polling import POLLING
from prometheus.recordings import RECORDINGS

GROUPS = RECORDINGS + DIALLING + POLLING
"""Every group, in the order of the file."""

RULES = Path(__file__).parent / "rules" / "wolkvox.yml"


if __name__ == "__main__":
    RULES.write_text(document(GROUPS), encoding="utf-8")
