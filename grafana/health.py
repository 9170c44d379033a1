"""The words and the colour of what is wrong with a campaign; the rules record it as one number, troubles added up."""

from collections.abc import Iterator
from itertools import product

from grafana import colour
from grafana.language import Translate
from prometheus.trouble import Trouble

_WORDS = {
    Trouble.WITHDRAWN: ("Data too old, withdrawn", "Datos viejos, retirados", colour.WRONG),
    Trouble.UNANSWERED: ("Polls are failing", "Consultas con fallas", colour.WRONG),
    Trouble.FAILED: ("Many failed calls", "Muchas fallidas", colour.FAILED),
    Trouble.BUSY: ("Many busy lines", "Muchas ocupadas", colour.BUSY),
    Trouble.CONGESTION: ("Congestion", "Congestión", colour.CONGESTION),
    Trouble.SILENT: ("Not dialling", "Sin marcación", colour.WRONG),
    Trouble.CONTACT: ("Contact rate collapsed", "Contacto desplomado", colour.WRONG),
}
"""In English and in Spanish; the cause before its consequence."""

IDLE = Trouble.IDLE.value
WELL = 0

_SHARES = (Trouble.FAILED, Trouble.BUSY, Trouble.CONGESTION, Trouble.CONTACT)


def _together() -> Iterator[Trouble]:
    """What can hold at once: a campaign without attempts has no shares, and one without data has neither."""
    polls = (Trouble(0), Trouble.UNANSWERED)
    for poll, *shares in product(polls, *((Trouble(0), share) for share in _SHARES)):
        found = poll
        for share in shares:
            found |= share
        yield found
    for poll, silent in product(polls, (Trouble.SILENT, Trouble.SILENT | Trouble.IDLE, Trouble.IDLE)):
        yield poll | silent
    for poll in polls:
        yield Trouble.WITHDRAWN | poll


def words(trouble: Trouble, translate: Translate) -> str:
    """All that is wrong, causes first."""
    found = [translate(english, spanish) for each, (english, spanish, _) in _WORDS.items() if each in trouble]
    if Trouble.WITHDRAWN in trouble:
        found = found[:1]
    calm = translate("No calls", "Sin llamadas") if trouble & Trouble.IDLE else translate("OK", "Bien")
    return " · ".join(found) or calm


def _shade(trouble: Trouble) -> str:
    found = [shade for each, (_, _, shade) in _WORDS.items() if each in trouble]
    return found[0] if found else {WELL: colour.WELL, IDLE: colour.QUIET}[trouble.value]


def texts(translate: Translate) -> dict[str, tuple[str, str]]:
    """Text and colour by state, the number written out, the worst first."""
    every = sorted(set(_together()), reverse=True)
    return {str(each.value): (words(each, translate), _shade(each)) for each in every}
