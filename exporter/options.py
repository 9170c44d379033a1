"""Flags in Prometheus' style, `--name.part=value`, each also by environment, `WOLKVOX_EXPORTER_NAME_PART`."""

import argparse
import difflib
import sys
from collections.abc import Mapping, Sequence
from typing import NoReturn

from exporter import __version__
from exporter.duration import parse_duration
from exporter.log import FORMATS, LEVELS

PREFIX = "WOLKVOX_EXPORTER_"

COMMANDS = {
    "run": "run the exporter (the default)",
    "check": "validate the configuration and print how many requests it takes",
    "once": "poll every campaign that is due once, and write the metrics to stdout or a file",
    "backfill": "ask for days that have passed and write them for promtool",
    "demo": "run on a simulated Wolkvox API, without a configuration",
    "simulate": "run only the simulated Wolkvox API, or write its history for Prometheus",
}

_TRUE, _FALSE = {"1", "true", "yes", "on"}, {"0", "false", "no", "off", ""}


class _Parser(argparse.ArgumentParser):
    """Ends with 1 and one line, argparse with 2 and several."""

    def flags(self) -> list[str]:
        """Every flag it knows, long form."""
        return [option for action in self._actions for option in action.option_strings if option.startswith("--")]

    def error(self, message: str) -> NoReturn:
        self.exit(1, f"wolkvox-exporter: error: {message}; see {self.prog} --help\n")


def parse(argv: Sequence[str], environ: Mapping[str, str]) -> argparse.Namespace:
    """The command and its flags; ends the program with one line and exit code 1 if they are wrong."""
    command, rest = _command(argv)
    parser = parser_of(command)
    lists = _default_from(parser, environ)
    arguments, strange = parser.parse_known_args(rest)
    if strange:
        parser.error(_unknown(strange[0], command, parser.flags()))
    arguments.command = command
    for dest, values in lists.items():
        setattr(arguments, dest, getattr(arguments, dest) or values)
    return arguments


def _unknown(argument: str, command: str, flags: Sequence[str]) -> str:
    name = argument.partition("=")[0]
    if not argument.startswith("-"):
        kind, allowed = f"unknown command {argument!r}", list(COMMANDS)
    else:
        kind, allowed = f"the command {command} has no flag {name!r}", list(flags)
    close = difflib.get_close_matches(name, allowed, n=1, cutoff=0.5)
    if close:
        return f"{kind}, did you mean {close[0]!r}?"
    return kind if argument.startswith("-") else f"{kind}, allowed are {', '.join(allowed)}"


def _command(argv: Sequence[str]) -> tuple[str, list[str]]:
    """The command, which may stand anywhere among the flags, and the rest."""
    for index, argument in enumerate(argv):
        before = argv[index - 1] if index else ""
        is_value = before.startswith("--") and "=" not in before and before not in _SWITCHES
        if argument in COMMANDS and not is_value:
            return argument, [*argv[:index], *argv[index + 1 :]]
    return "run", list(argv)


_SWITCHES = {
    "--plan",
    "--no-plan",
    "--syntax-only",
    "--no-syntax-only",
    "--web.enable-lifecycle",
    "--no-web.enable-lifecycle",
    "--help",
    "--version",
}


def parser_of(command: str) -> _Parser:
    """The parser of one command's flags, without the defaults from the environment."""
    commands = "\n".join(f"  {name:<9} {what}" for name, what in COMMANDS.items())
    parser = _Parser(
        prog=f"wolkvox-exporter {command}",
        usage=f"wolkvox-exporter [{'|'.join(COMMANDS)}] [--flag=value ...]",
        description=f"Prometheus exporter for Wolkvox dialler campaigns: {COMMANDS[command]}.\n\ncommands:\n{commands}",
        epilog=f"Each flag can also be set in the environment: --log.level is {PREFIX}LOG_LEVEL.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"wolkvox-exporter {__version__}")
    if command in {"run", "check", "once", "backfill"}:
        _add_config_flags(parser)
        _add_storage_flags(parser)
    if command in {"run", "check"}:
        _add_reload_flags(parser)
    if command in {"run", "check", "demo"}:
        _add_web_flags(parser)
    if command == "once":
        parser.add_argument(
            "--output", dest="output", metavar="FILE", default=None,
            help="write to this file instead of stdout; it is renamed into place, so readers see all of it",
        )  # fmt: skip
    if command == "check":
        parser.add_argument(
            "--syntax-only", dest="syntax_only", action=argparse.BooleanOptionalAction, default=False,
            help="do not read the secrets, certificates and other files that the configuration names, for use in CI",
        )  # fmt: skip
    if command == "backfill":
        from exporter.commands import backfill  # noqa: PLC0415 (as below)

        backfill.add_flags(parser)
    if command == "demo":
        from exporter.commands import demo  # noqa: PLC0415 (as below)

        demo.add_flags(parser)
    if command == "simulate":
        from exporter.commands import simulate  # noqa: PLC0415 (a tenth of a second that other starts save)

        simulate.add_flags(parser)
    _add_log_flags(parser)
    return parser


def _add_config_flags(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--config.file", dest="config_file", metavar="FILE", default="config.yml",
        help="the configuration (default %(default)s)",
    )  # fmt: skip


def _add_reload_flags(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--config.auto-reload-interval", dest="config_auto_reload_interval", metavar="DURATION", default="0s",
        type=_reload_interval,
        help="how often to look whether the configuration has changed, and to reload it then; 0s: never"
        " (default %(default)s)",
    )  # fmt: skip


def _reload_interval(text: str) -> float:
    """Seconds between two looks; 0 for none."""
    try:
        seconds = parse_duration(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r} {error}") from None
    if 0 < seconds < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is less than 1s; use 0s for never, or 1s and more")
    return seconds


def _add_storage_flags(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--storage.url", dest="storage_url", metavar="URL", default="sqlite:///wolkvox-exporter.db",
        help="where state is stored across restarts; a relative path starts at the folder of --config.file,"
        " sqlite:// stores nothing (default %(default)s)",
    )  # fmt: skip


def _add_web_flags(parser: argparse.ArgumentParser) -> None:
    web = parser.add_argument_group("web")
    web.add_argument(
        "--web.listen-address", dest="web_listen_address", metavar="HOST:PORT", action="append", default=None,
        help="where to listen, repeatable: host:port, [::1]:port or :port (default :10965, the demo 127.0.0.1:10965)",
    )  # fmt: skip
    web.add_argument(
        "--web.telemetry-path", dest="web_telemetry_path", metavar="PATH", default="/metrics",
        help="path of the metrics (default %(default)s)",
    )  # fmt: skip
    web.add_argument(
        "--web.config.file", dest="web_config_file", metavar="FILE", default=None,
        help="TLS and basic authentication, in the format of Prometheus' exporter-toolkit",
    )  # fmt: skip
    web.add_argument(
        "--web.external-url", dest="web_external_url", metavar="URL", default=None,
        help="the address at which people reach the exporter, for a reverse proxy; every link begins with its path"
        " and so does the path of every page, unless --web.route-prefix is given",
    )  # fmt: skip
    web.add_argument(
        "--web.route-prefix", dest="web_route_prefix", metavar="PATH", default=None,
        help="prefix of every path; / if the proxy strips it"
        " (default: the path of --web.external-url)",
    )  # fmt: skip
    web.add_argument(
        "--web.enable-lifecycle", dest="web_enable_lifecycle", action=argparse.BooleanOptionalAction, default=False,
        help="allow reloads with POST or PUT to /-/reload",
    )  # fmt: skip


def _add_log_flags(parser: argparse.ArgumentParser) -> None:
    log = parser.add_argument_group("log")
    log.add_argument(
        "--log.level", dest="log_level", choices=tuple(LEVELS), default="info", help="(default %(default)s)"
    )
    log.add_argument("--log.format", dest="log_format", choices=FORMATS, default="logfmt", help="(default %(default)s)")


def _default_from(parser: argparse.ArgumentParser, environ: Mapping[str, str]) -> dict[str, list[str]]:
    """Let the environment give defaults; a flag on the command line wins.

    Defaults of repeatable flags are returned: argparse would add to them what the command line says.
    """
    lists = {}
    for action in parser._actions:  # noqa: SLF001 (argparse has no public list of its flags)
        flag = next((option for option in action.option_strings if option.startswith("--")), "")
        value = environ.get(PREFIX + flag.removeprefix("--").replace(".", "_").replace("-", "_").upper(), "")
        if not value or action.dest in {"help", "version"}:
            continue
        if isinstance(action.default, list) or action.dest == "web_listen_address":
            lists[action.dest] = value.replace(",", " ").split()
        else:
            action.default = _typed(parser, action, value)
    return lists


def _typed(parser: argparse.ArgumentParser, action: argparse.Action, value: str) -> object:
    name = action.option_strings[0]
    if isinstance(action, argparse.BooleanOptionalAction):
        if value.lower() not in _TRUE | _FALSE:
            parser.error(f"environment for {name}: {value!r} is neither true nor false")
        return value.lower() in _TRUE
    if action.choices is not None and value not in {str(choice) for choice in action.choices}:
        parser.error(f"environment for {name}: {value!r}, allowed are {', '.join(map(str, action.choices))}")
    return value  # argparse applies the flag's type to a default that is text


def fail(lines: Sequence[str]) -> int:
    """Say on stderr why the program cannot start; the exit code."""
    for line in lines:
        sys.stderr.write(f"{line}\n")
    return 1
