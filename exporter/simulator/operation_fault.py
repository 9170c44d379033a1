"""A fault's answer in place of that of an API of a whole operation (pure)."""

import json
from collections.abc import Callable, Mapping, Sequence

from exporter.model import ApiName
from exporter.simulator import answer
from exporter.simulator.answer import SimulatedAnswer
from exporter.simulator.fault import Fault, Rule
from exporter.simulator.operation_apis import ApiRow
from exporter.simulator.render_fault import fixed

FLOOD = 10_000
"""Rows that a flood adds."""

LONG_NAME = 300_000
"""Characters of one name; the others have a thousand."""

HOSTILE = '\x00\x1b[31m<script>alert(1)</script>\u202e"\n{evil="1"} - x'
"""A name with what logs, pages and metrics may stumble over."""

Rows = Sequence[ApiRow]


def render(api: ApiName, rows: Rows, rule: Rule | None, limit: int) -> SimulatedAnswer:
    """Answer with these rows, as the fault wants it if there is one; those that only a report knows change nothing."""
    if rule is None or (api is ApiName.TOKEN_INFO and rule.fault in _EMPTY):
        return answer.listing(rows)
    return fixed(rule, "", limit) or _ODD.get(rule.fault, _plain)(api, rows)


def _plain(_: ApiName, rows: Rows) -> SimulatedAnswer:
    return answer.listing(rows)


_EMPTY = {Fault.ODD_EMPTY, Fault.ODD_EMPTY_LIST, Fault.ODD_EMPTY_CODE}
"""A token always has a quota."""


def _bare(api: ApiName, rows: Rows) -> SimulatedAnswer:
    return SimulatedAnswer(200, json.dumps(rows[0] if api is ApiName.TOKEN_INFO else rows).encode())


def _numbers(_: ApiName, rows: Rows) -> SimulatedAnswer:
    data = [{key: _number(value) for key, value in row.items()} for row in rows]
    content = {"code": 200, "error": None, "msg": "", "data": data}
    return SimulatedAnswer(200, json.dumps(content).encode())


def _number(value: object) -> object:
    try:
        return float(str(value)) if "." in str(value) else int(str(value))
    except ValueError:
        return value


def _fields(_: ApiName, rows: Rows) -> SimulatedAnswer:
    """Of each row a third of its fields odd in another way, but the first, which names it."""
    odd = ("", "-", None, "n/a", "-5", "1e3", ["7"], {"a": "b"}, True)
    data = []
    for place, row in enumerate(rows):
        changed = dict(row)
        for number, key in enumerate(list(row)[1:]):
            if (number + place) % 6 == 0:
                del changed[key]
            elif (number + place) % 6 == 1:
                changed[key] = odd[(number + place) % len(odd)]
        data.append(changed | {"surprise": {"nested": [1]}})
    return answer.listing(data)


def _long(_: ApiName, rows: Rows) -> SimulatedAnswer:
    return answer.listing([_renamed(row, "X" * (1_000 if place else LONG_NAME)) for place, row in enumerate(rows)])


def _renamed(row: ApiRow, name: str) -> ApiRow:
    """The name in the field that has it, after the id where that stands in the same."""
    if "campaign" in row:
        return {**row, "campaign": f"{str(row['campaign']).partition(' - ')[0]} - {name}"}
    return {**row, "campaign_name": name} if "campaign_name" in row else row


def _flood(api: ApiName, rows: Rows) -> SimulatedAnswer:
    made = [
        {"campaign_id": str(900_000 + number), "campaign_name": f"Flood {number}", "status": "Stopped"}
        for number in range(FLOOD)
    ]
    live = [{"campaign": f"{row['campaign_id']} - Flood", "status": "stopped"} for row in made]
    return answer.listing([*rows, *(made if api is ApiName.CAMPAIGNS else live if api is ApiName.REAL_TIME else ())])


def _cased(change: Callable[[str], str]) -> Callable[[ApiName, Rows], SimulatedAnswer]:
    def render(_: ApiName, rows: Rows) -> SimulatedAnswer:
        return answer.listing(
            [{key: change(str(value)) if key == "status" else value for key, value in row.items()} for row in rows]
        )

    return render


_ODD: Mapping[Fault, Callable[[ApiName, Rows], SimulatedAnswer]] = {
    Fault.ODD_BARE: _bare,
    Fault.ODD_OBJECT: lambda api, rows: answer.listing(
        rows[0] if api is ApiName.TOKEN_INFO else {str(number): row for number, row in enumerate(rows)}
    ),
    Fault.ODD_NUMBERS: _numbers,
    Fault.ODD_FIELDS: _fields,
    Fault.ODD_BLANK: lambda _, rows: answer.listing(
        [dict.fromkeys(row, "") for row in rows[:1]] + [{}, None, 7, *rows]
    ),
    Fault.ODD_TWICE: lambda _, rows: answer.listing([*rows, *rows]),
    Fault.ODD_FLOOD: _flood,
    Fault.ODD_LONG: _long,
    Fault.ODD_NAMES: lambda _, rows: answer.listing([_renamed(row, HOSTILE) for row in rows]),
    Fault.ODD_LOWER: _cased(str.lower),
    Fault.ODD_SPELLING: _cased(lambda text: f" {'DETENIDA' if text.lower() == 'stopped' else text.upper()} "),
    Fault.ODD_PERCENT: lambda _, rows: answer.listing(
        [{key: str(value).replace(".", ",") for key, value in row.items()} for row in rows]
    ),
}
