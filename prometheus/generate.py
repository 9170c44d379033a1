"""Writes prometheus/rules, in both languages: `python -m prometheus.generate`; `--help` names what can be set.

Without any parameter it also writes what the Helm chart takes its rules from.
"""

import argparse
import sys
from collections.abc import Sequence
from dataclasses import fields
from functools import partial
from pathlib import Path

from prometheus import chart
from prometheus.activity import activity
from prometheus.dialling import dialling, suspects
from prometheus.document import document
from prometheus.parameters import DEFAULTS, ParameterError, Parameters, flag
from prometheus.polling import polling
from prometheus.recordings import RECORDINGS
from prometheus.refusals import refusals
from prometheus.rule import Group, Language
from prometheus.trouble import troubles


def groups(parameters: Parameters) -> tuple[Group, ...]:
    """Every group, in the order of the file."""
    p = parameters
    return (*RECORDINGS, troubles(p), suspects(p), dialling(p), activity(p), refusals(p), *polling(p))


GROUPS = groups(DEFAULTS)
"""Those of the committed file."""

RULES = Path(__file__).parent / "rules" / "wolkvox.yml"
SPANISH_RULES = RULES.parent / "es" / RULES.name
"""In a folder of its own, so that `rules/*.yml` loads one language."""

FILES = {Language.ENGLISH: RULES, Language.SPANISH: SPANISH_RULES}


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m prometheus.generate", description="Write the recording and alerting rules.", allow_abbrev=False
    )
    parser.add_argument(
        "--output",
        type=Path,
        help="the file to write (default: rules/wolkvox.yml and rules/es/wolkvox.yml of the repository, "
        "one for each language)",
    )
    for each in fields(Parameters):
        shown = "" if each.default == "" else " (default: %(default)s)"
        is_language = each.name == "language"
        parser.add_argument(
            flag(each.name),
            type=str if is_language else type(each.default),
            default=each.default,
            choices=[language.value for language in Language] if is_language else None,
            help=each.metadata["help"].replace("%", "%%") + shown,
        )
    return parser


def _rules(parameters: Parameters, language: Language = Language.ENGLISH) -> str:
    spoken = parameters.in_language(language)
    return document(groups(spoken), spoken)


def main(arguments: Sequence[str]) -> None:
    """Write the rule files. What cannot be used ends the program with one line on stderr and exit code 2."""
    parser = _parser()
    values = vars(parser.parse_args(arguments))
    output: Path | None = values.pop("output")
    values["language"] = Language(values["language"])
    try:
        parameters = Parameters(**values)
        for language, path in ({parameters.language: output} if output else FILES).items():
            path.write_text(_rules(parameters, language), encoding="utf-8")
        if not output and parameters == DEFAULTS:
            chart.write({language.value: partial(_rules, language=language) for language in Language})
    except (ParameterError, OSError) as error:
        parser.error(str(error))


if __name__ == "__main__":
    main(sys.argv[1:])
