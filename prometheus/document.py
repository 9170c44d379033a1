"""Groups of rules -> the YAML that Prometheus reads, comments included."""

import re
import shlex
import textwrap
from typing import Any

import yaml

from prometheus.parameters import DEFAULTS, Parameters, flag
from prometheus.rule import Alert, Group, Language, Recording, runbook_url

_HEAD = """\
# Written by `{command}`: change prometheus/*.py and run it again, or edit this file if it is all
# that you use. Check it with: promtool check rules, promtool test rules.
# Groups are evaluated in parallel: an alert may see what was recorded one evaluation earlier.
# The same rules exist with annotations in English and in Spanish. Load one of the two files, never both.
"""

_SPANISH = re.compile(r"^/d/(wolkvox-(?:campaign|exporter))\?")
"""Dashboards that have a Spanish twin."""

_UNITS = ((24 * 60 * 60, "d"), (60 * 60, "h"), (60, "m"), (1, "s"))


class _Dumper(yaml.SafeDumper):
    """Writes expressions as people do: as literal blocks."""


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)


_Dumper.add_representer(str, _text)


def duration(seconds: int) -> str:
    """A span as Prometheus writes it, in the largest unit that divides it: 600 is `10m`."""
    size, unit = next((size, unit) for size, unit in _UNITS if seconds % size == 0)
    return f"{seconds // size}{unit}"


def _dashboard(alert: Alert, parameters: Parameters) -> str:
    twin = alert.dashboard
    if parameters.language is Language.SPANISH:
        twin = _SPANISH.sub(r"/d/\1-es?", twin)
    return parameters.grafana_url.rstrip("/") + twin


def _fields(rule: Recording | Alert, parameters: Parameters) -> dict[str, Any]:
    if isinstance(rule, Recording):
        return {"record": rule.record, "expr": rule.expr}
    return {
        "alert": rule.name,
        "expr": rule.expr,
        "for": duration(rule.wait),
        **({"keep_firing_for": duration(rule.linger)} if rule.linger else {}),
        "labels": {"severity": rule.severity.value},
        "annotations": {
            "summary": rule.summary.in_language(parameters.language),
            "description": rule.description.in_language(parameters.language),
            "runbook_url": runbook_url(rule, parameters.runbooks_url),
            "dashboard_url": _dashboard(rule, parameters),
        },
    }


def _comment(text: str, indent: str) -> str:
    return textwrap.fill(text, width=120, initial_indent=f"{indent}# ", subsequent_indent=f"{indent}# ") + "\n"


def _rule(rule: Recording | Alert, parameters: Parameters) -> str:
    fields = yaml.dump([_fields(rule, parameters)], Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=10_000)
    return _comment(rule.comment, " " * 6) + textwrap.indent(fields, " " * 6)


def _group(group: Group, parameters: Parameters) -> str:
    rules = "\n".join(_rule(rule, parameters) for rule in group.rules)
    return f"{_comment(group.comment, '  ')}  - name: {group.name}\n    rules:\n{rules}"


def _command(parameters: Parameters) -> str:
    changed = (f"{flag(name)}={value}" for name, value in parameters.changed.items())
    return shlex.join(("python", "-m", "prometheus.generate", *changed))


def document(groups: tuple[Group, ...], parameters: Parameters = DEFAULTS) -> str:
    """The rule file, with the addresses of these parameters."""
    head = _HEAD.format(command=_command(parameters))
    return f"{head}\ngroups:\n" + "\n".join(_group(group, parameters) for group in groups)
