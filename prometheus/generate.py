"""Writes prometheus/rules/wolkvox.yml: `python -m prometheus.generate`; `--help` names what can be set.

Without any parameter it also writes what the Helm chart takes its rules from.
"""

import argparse
import sys
from collections.abc import Sequence
from dataclasses import fields
from pathlib import Path

from prometheus import chart
from prometheus.dialling import dialling
from prometheus.document import document
from prometheus.parameters import DEFAULTS, ParameterError, Parameters, flag
from prometheus.polling import polling
from prometheus.recordings import RECORDINGS
from prometheus.rule import Group
from prometheus.trouble import TROUBLE


def groups(parameters: Parameters) -> tuple[Group, ...]:
    """Every group, in the order of the file."""
    return (*RECORDINGS, TROUBLE, *dialling(parameters), *polling(parameters))


GROUPS = groups(DEFAULTS)
"""Those of the committed file."""

RULES = Path(__file__).parent / "rules" / "wolkvox.yml"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m prometheus.generate", description="Write the recording and alerting rules.", allow_abbrev=False
    )
    parser.add_argument("--output", type=Path, default=RULES, help="the file to write (default: %(default)s)")
    for each in fields(Parameters):
        shown = "" if each.default == "" else " (default: %(default)s)"
        parser.add_argument(
            flag(each.name),
            type=type(each.default),
            default=each.default,
            help=each.metadata["help"].replace("%", "%%") + shown,
        )
    return parser


def main(arguments: Sequence[str]) -> None:
    """Write the rule file. What cannot be used ends the program with one line on stderr and exit code 2."""
    parser = _parser()
    values = vars(parser.parse_args(arguments))
    output: Path = values.pop("output")

    def rules(parameters: Parameters) -> str:
        return document(groups(parameters), parameters)

    try:
        parameters = Parameters(**values)
        output.write_text(rules(parameters), encoding="utf-8")
        if output == RULES and parameters == DEFAULTS:
            chart.write({"en": rules})
    except (ParameterError, OSError) as error:
        parser.error(str(error))


if __name__ == "__main__":
    main(sys.argv[1:])
