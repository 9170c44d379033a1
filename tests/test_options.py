import pytest

from exporter import __version__
from exporter.options import COMMANDS, fail, parse


def refused(capsys: pytest.CaptureFixture[str], *argv: str, **environ: str) -> str:
    """What is said on stderr about a command line that cannot be."""
    with pytest.raises(SystemExit) as end:
        parse(argv, environ)
    assert end.value.code == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("wolkvox-exporter: error: ")
    assert err.count("\n") == 1
    return err


def test_run_is_the_default() -> None:
    arguments = parse([], {})
    assert arguments.command == "run"
    assert arguments.config_file == "config.yml"
    assert arguments.storage_url == "sqlite:///wolkvox-exporter.db"
    assert arguments.web_listen_address is None
    assert arguments.web_telemetry_path == "/metrics"
    assert arguments.web_config_file is None
    assert arguments.web_enable_lifecycle is False
    assert (arguments.log_level, arguments.log_format) == ("info", "logfmt")


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("place", ["before", "after"])
def test_a_command_may_stand_anywhere(command: str, place: str) -> None:
    flags = ["--log.level", "debug"]
    arguments = parse([command, *flags] if place == "before" else [*flags, command], {})
    assert arguments.command == command
    assert arguments.log_level == "debug"


def test_a_value_is_no_command() -> None:
    assert parse(["--config.file", "check"], {}).command == "run"
    assert parse(["--config.file", "check"], {}).config_file == "check"
    assert parse(["--web.enable-lifecycle", "run"], {}).command == "run"


@pytest.mark.parametrize("command", ["demo", "simulate"])
def test_a_demo_and_its_past_take_the_same_seed(command: str) -> None:
    assert parse([command], {}).simulator_seed == 1
    assert parse([command, "--simulator.seed=7"], {}).simulator_seed == 7


def test_flags_take_their_value_either_way() -> None:
    assert parse(["--config.file=a.yml"], {}).config_file == "a.yml"
    assert parse(["--config.file", "a.yml"], {}).config_file == "a.yml"


def test_addresses_add_up() -> None:
    argv = ["--web.listen-address=:1", "--web.listen-address=[::1]:2"]
    assert parse(argv, {}).web_listen_address == [":1", "[::1]:2"]


@pytest.mark.parametrize(
    ("name", "value", "dest", "expected"),
    [
        ("CONFIG_FILE", "/etc/w.yml", "config_file", "/etc/w.yml"),
        ("STORAGE_URL", "sqlite://", "storage_url", "sqlite://"),
        ("WEB_LISTEN_ADDRESS", ":1, [::1]:2", "web_listen_address", [":1", "[::1]:2"]),
        ("WEB_TELEMETRY_PATH", "/m", "web_telemetry_path", "/m"),
        ("WEB_CONFIG_FILE", "web.yml", "web_config_file", "web.yml"),
        ("WEB_EXTERNAL_URL", "https://a.example/b", "web_external_url", "https://a.example/b"),
        ("WEB_ROUTE_PREFIX", "/b", "web_route_prefix", "/b"),
        ("WEB_ENABLE_LIFECYCLE", "true", "web_enable_lifecycle", True),
        ("WEB_ENABLE_LIFECYCLE", "Off", "web_enable_lifecycle", False),
        ("LOG_LEVEL", "warn", "log_level", "warn"),
        ("LOG_FORMAT", "json", "log_format", "json"),
        ("LOG_FORMAT", "", "log_format", "logfmt"),
    ],
)
def test_each_flag_by_environment(name: str, value: str, dest: str, expected: object) -> None:
    assert getattr(parse([], {f"WOLKVOX_EXPORTER_{name}": value}), dest) == expected


def test_the_command_line_wins_over_the_environment() -> None:
    environ = {
        "WOLKVOX_EXPORTER_LOG_LEVEL": "debug",
        "WOLKVOX_EXPORTER_WEB_ENABLE_LIFECYCLE": "true",
        "WOLKVOX_EXPORTER_WEB_LISTEN_ADDRESS": ":1",
    }
    argv = ["--log.level=error", "--no-web.enable-lifecycle", "--web.listen-address=:2"]
    arguments = parse(argv, environ)
    assert arguments.log_level == "error"
    assert arguments.web_enable_lifecycle is False
    assert arguments.web_listen_address == [":2"]


def test_the_simulators_flags_by_environment_are_typed() -> None:
    environ = {"WOLKVOX_EXPORTER_SIMULATOR_LATENCY": "2s", "WOLKVOX_EXPORTER_SIMULATOR_TOKEN": "a,b"}
    arguments = parse(["simulate"], environ)
    assert arguments.simulator_latency == 2.0
    assert arguments.simulator_token == ["a", "b"]


@pytest.mark.parametrize(("value", "expected"), [("true", True), ("false", False)])
def test_switches_by_environment_are_typed(value: str, expected: bool) -> None:
    assert parse(["check"], {"WOLKVOX_EXPORTER_SYNTAX_ONLY": value}).syntax_only is expected


def test_flags_of_other_commands_are_not_read_from_the_environment() -> None:
    assert parse(["once"], {"WOLKVOX_EXPORTER_WEB_ENABLE_LIFECYCLE": "nonsense"}).command == "once"


@pytest.mark.parametrize(
    ("argv", "words"),
    [
        (["--config.fil=a"], ["--config.fil'", "--config.file", "--help"]),
        (["frobnicate"], ["unknown command", "frobnicate"]),
        (["quux"], ["unknown command", "quux", "allowed are run, check"]),
        (["--log.level=loud"], ["--log.level", "loud", "debug", "info", "warn", "error"]),
        (["--log.format=xml"], ["--log.format", "xml", "logfmt", "json"]),
        (["--config.file"], ["--config.file"]),
        (["once", "--web.listen-address=:1"], ["once", "--web.listen-address"]),
        (["simulate", "--simulator.latency=2"], ["--simulator.latency", "2"]),
    ],
)
def test_a_mistake_is_one_line_that_names_it(
    capsys: pytest.CaptureFixture[str], argv: list[str], words: list[str]
) -> None:
    said = refused(capsys, *argv)
    assert all(word in said for word in words), said


@pytest.mark.parametrize(
    ("environ", "words"),
    [
        ({"WOLKVOX_EXPORTER_LOG_LEVEL": "loud"}, ["--log.level", "loud", "debug"]),
        ({"WOLKVOX_EXPORTER_WEB_ENABLE_LIFECYCLE": "maybe"}, ["--web.enable-lifecycle", "maybe", "true"]),
    ],
)
def test_a_mistake_in_the_environment_names_the_flag(
    capsys: pytest.CaptureFixture[str], environ: dict[str, str], words: list[str]
) -> None:
    said = refused(capsys, **environ)
    assert all(word in said for word in words), said


def test_a_value_with_line_feeds_makes_no_second_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert "level=error" in refused(capsys, "--log.level=a\nlevel=error")


def test_version_and_help(capsys: pytest.CaptureFixture[str]) -> None:
    for flag, words in (("--version", [__version__]), ("--help", [*COMMANDS, "--storage.url", "WOLKVOX_EXPORTER_"])):
        with pytest.raises(SystemExit) as end:
            parse([flag], {})
        assert end.value.code == 0
        said = capsys.readouterr().out
        assert all(word in said for word in words)


def test_failures_are_said_on_stderr(capsys: pytest.CaptureFixture[str]) -> None:
    assert fail(["one", "two"]) == 1
    assert capsys.readouterr().err == "one\ntwo\n"


def test_the_interval_of_looks_at_the_configuration_is_a_duration() -> None:
    assert parse([], {}).config_auto_reload_interval == 0
    assert parse(["--config.auto-reload-interval=1m30s"], {}).config_auto_reload_interval == 90
    assert parse(["check"], {"WOLKVOX_EXPORTER_CONFIG_AUTO_RELOAD_INTERVAL": "30s"}).config_auto_reload_interval == 30


@pytest.mark.parametrize("text", ["30", "-1s", "soon", "10ms"])
def test_what_is_no_interval_is_refused(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    said = refused(capsys, f"--config.auto-reload-interval={text}")
    assert "--config.auto-reload-interval" in said
    assert f"{text!r}" in said
