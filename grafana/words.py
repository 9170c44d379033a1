"""Words that several panels use, in both languages; those of results are the status page's."""

from grafana import colour

SHARES = (
    ("answer", "Contact rate", "Contactabilidad", colour.ANSWER),
    ("busy", "Busy", "Ocupado", colour.BUSY),
    ("failed", "Failed", "Fallida", colour.FAILED),
    ("congestion", "Congestion", "Congestión", colour.CONGESTION),
)
"""Result, its heading in both languages, its colour: the shares that are judged."""

CAMPAIGN = ("Campaign", "Campaña")
OPERATION = ("Operation", "Operación")
STATE = ("State", "Estado")
ATTEMPTS = ("Attempts", "Intentos")
AGE = ("Age of data", "Antigüedad")
LATEST_POLL = ("Latest poll", "Última consulta")
WINDOW = ("Window", "Ventana")
NO_POINTS = ("Nothing was recorded in this period", "No hay registros en este período")
AGE_UNIT = "dthms"
"""Hours, minutes and seconds in digits: without words, which Grafana has in English only."""
MOMENT_UNIT = "dateTimeAsIso"
"""The same date in each language."""
