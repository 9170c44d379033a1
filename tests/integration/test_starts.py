"""Starts that cannot work: one clear line on stderr, no traceback, exit code 1; and what flags can be said how."""

import re
import socket
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from real_exporter import call, write_config

from exporter import __version__

CONFIG: dict[str, Any] = {
    "operations": [
        {"name": "acme", "base_url": "http://127.0.0.1:9", "token": "made-up-token", "campaigns": [{"id": "1"}]}
    ]
}

MISTAKEN = """\
timezone: America/Bogata
intervall: 5m
operations:
  - name: acme
    server: 0013
    token_file: missing
    campaigns:
      - id: 0032
        windows: [32d]
  - name: acme
    base_url: http://127.0.0.1:9
    token: ""
    campaigns: [{id: "1"}, {id: "1"}]
"""

Prepare = Callable[[Path], None]


def damaged(folder: Path) -> None:
    (folder / "state.db").write_bytes(b"anything but a database" * 100)


def foreign(folder: Path) -> None:
    with closing(sqlite3.connect(folder / "state.db")) as file:
        file.execute("create table customers (name text)")


def newer(folder: Path) -> None:
    assert call(folder, "once", "--storage.url=sqlite:///state.db").returncode == 2
    with closing(sqlite3.connect(folder / "state.db")) as file, file:
        file.execute("update meta set value = '99' where name = 'schema_version'")


def mistaken_web(folder: Path) -> None:
    (folder / "web.yml").write_text("tls: {}", encoding="utf-8")


def nothing(_: Path) -> None: ...


@pytest.mark.parametrize(
    ("prepare", "arguments", "said"),
    [
        (nothing, ["--config.file=no.yml"], r"no\.yml:1: document: cannot be read: No such file .*--config\.file"),
        (damaged, ["--storage.url=sqlite:///state.db"], r"state\.db: it is damaged or not a SQLite file .*move it"),
        (foreign, ["--storage.url=sqlite:///state.db"], r"state\.db: it is a database of another program; name"),
        (newer, ["--storage.url=sqlite:///state.db"], r"storage state\.db: it is of schema version 99 .*newer program"),
        (nothing, ["--storage.url=sqlite:///no/such/x.db"], r"storage no/such/x\.db: No such file .*--storage\.url"),
        (nothing, ["--storage.url=sqlite:////proc/x.db"], r"storage /proc/x\.db: .*--storage\.url must"),
        (nothing, ["--storage.url=sqlite:///."], r"storage \.: Is a directory; --storage\.url must name a file"),
        (nothing, ["--storage.url=mysql://u:hush@h/d"], r"--storage\.url: 'mysql' .* is not supported;"),
        (nothing, ["--storage.url=nonsense"], r"--storage\.url: not a URL; write sqlite:///FILE"),
        (nothing, ["--web.listen-address=nonsense"], r"--web\.listen-address 'nonsense': is not an address; allowed"),
        (nothing, ["--web.listen-address=203.0.113.7:0"], r"cannot listen on 203\.0\.113\.7:0: this machine has"),
        (nothing, ["--web.telemetry-path=metrics"], r"--web\.telemetry-path 'metrics': is not a path; allowed: a"),
        (nothing, ["--web.telemetry-path=/-/ready"], r"--web\.telemetry-path '/-/ready': /- is taken .*choose another"),
        (nothing, ["--web.config.file=no.yml"], r"no\.yml:1: document: cannot be read: No such file"),
        (mistaken_web, ["--web.config.file=web.yml"], r"web\.yml:1: tls: unknown key.*allowed at the top are .*tls_s"),
        (nothing, ["--nonsense"], r"the command run has no flag '--nonsense'; see wolkvox-exporter run --help"),
        (nothing, ["chek"], r"unknown command 'chek', did you mean 'check'\?; see"),
        (nothing, ["quux"], r"unknown command 'quux', allowed are run, .*; see"),
        (nothing, ["--log.level=loud"], r"argument --log\.level: invalid choice: 'loud' \(choose from .*debug"),
        (nothing, ["--log.format"], r"argument --log\.format: expected one argument"),
    ],
)  # fmt: skip
def test_a_start_that_cannot_work_says_one_line(
    tmp_path: Path, prepare: Prepare, arguments: list[str], said: str
) -> None:
    write_config(tmp_path, CONFIG)
    prepare(tmp_path)
    before = {path: path.read_bytes() for path in tmp_path.glob("state.db")}
    done = call(tmp_path, "--web.listen-address=127.0.0.1:0", "--storage.url=sqlite://", *arguments)
    assert done.returncode == 1
    assert done.stdout == ""
    (line,) = done.stderr.splitlines()
    assert re.search(said, line), line
    assert "hush" not in line
    assert {path: path.read_bytes() for path in before} == before, "what is not ours is never overwritten"


def test_a_port_that_is_taken(tmp_path: Path) -> None:
    write_config(tmp_path, CONFIG)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        done = call(tmp_path, "run", f"--web.listen-address={address}")
    assert done.returncode == 1
    assert done.stderr == (
        f"wolkvox-exporter: error: cannot listen on {address}: the port is in use; "
        "stop the other program or choose another --web.listen-address\n"
    )


@pytest.mark.parametrize("command", ["run", "check", "once"])
def test_every_mistake_of_a_configuration_is_told_at_once(tmp_path: Path, command: str) -> None:
    (tmp_path / "config.yml").write_text(MISTAKEN, encoding="utf-8")
    done = call(tmp_path, command)
    assert done.returncode == 1
    assert done.stdout == ""
    assert [line.split(": ")[0:2] for line in done.stderr.splitlines()] == [
        ["config.yml:1", "timezone"],
        ["config.yml:2", "intervall"],
        ["config.yml:5", "operations[0].server"],
        ["config.yml:6", "operations[0].token_file"],
        ["config.yml:8", "operations[0].campaigns[0].id"],
        ["config.yml:9", "operations[0].campaigns[0].windows[0]"],
        ["config.yml:10", "operations[1].name"],
        ["config.yml:12", "operations[1].token"],
        ["config.yml:13", "operations[1].campaigns[1].id"],
    ]
    assert list(tmp_path.glob("*.db")) == []


def test_check_prints_the_plan(tmp_path: Path) -> None:
    acme = CONFIG["operations"][0] | {"licenses": 1, "windows": ["30m", "today"]}
    write_config(tmp_path, {"operations": [acme]})
    done = call(tmp_path, "check", "--config.file=config.yml")
    assert done.returncode == 1
    assert re.fullmatch(
        r"config\.yml:\d+: operations\[0\]\.licenses: the plan needs 576 requests a day and the budget is 500: "
        r"the smallest interval that fits is 5m46s\n",
        done.stderr,
    )
    write_config(tmp_path, {"interval": "6m", "operations": [acme]})
    done = call(tmp_path, "check", "--config.file=config.yml")
    assert (done.returncode, done.stderr) == (0, "")
    plan = dict(re.split(r"\s{2,}", line.strip(), maxsplit=1) for line in done.stdout.splitlines()[1:] if line)
    assert done.stdout.splitlines()[0] == "operation acme"
    assert plan["campaigns"] == "1"
    assert plan["windows"] == "30m, today"
    assert plan["requests per cycle"] == "2"
    assert plan["requests per day"].startswith("480,")
    assert plan["budget per day"].startswith("500,")
    assert plan["time per cycle"].startswith("2s,")
    assert plan["resulting interval"] == "6m"
    assert plan["storage"] == f"{tmp_path}/wolkvox-exporter.db"
    assert list(tmp_path.glob("*.db")) == []


@pytest.mark.parametrize(
    ("environ", "arguments", "code", "said"),
    [
        ({"CONFIG_FILE": "other.yml"}, ["check"], 0, "operation acme"),
        ({"CONFIG_FILE": "other.yml"}, ["check", "--config.file=no.yml"], 1, "no.yml:1: "),
        ({"LOG_LEVEL": "loud"}, ["run"], 1, "environment for --log.level: 'loud', allowed are debug, info, warn"),
        ({"WEB_ENABLE_LIFECYCLE": "maybe"}, ["run"], 1, "--web.enable-lifecycle: 'maybe' is neither true nor false"),
        ({"WEB_LISTEN_ADDRESS": "a b"}, ["--config.file=other.yml"], 1, "--web.listen-address 'a': is not an address"),
        ({"STORAGE_URL": "nonsense"}, ["--config.file=other.yml"], 1, "--storage.url: not a URL"),
    ],
)  # fmt: skip
def test_flags_by_environment(
    tmp_path: Path, environ: dict[str, str], arguments: list[str], code: int, said: str
) -> None:
    write_config(tmp_path, CONFIG).rename(tmp_path / "other.yml")
    done = call(tmp_path, *arguments, environ={f"WOLKVOX_EXPORTER_{name}": text for name, text in environ.items()})
    assert done.returncode == code
    assert said in done.stdout + done.stderr


@pytest.mark.parametrize("command", [[], ["once"], ["simulate"]])
def test_version_and_help(tmp_path: Path, command: list[str]) -> None:
    version = call(tmp_path, *command, "--version")
    assert (version.returncode, version.stdout) == (0, f"wolkvox-exporter {__version__}\n")
    told = call(tmp_path, *command, "--help")
    assert told.returncode == 0
    assert "--log.level {debug,info,warn,error}" in told.stdout
    assert list(tmp_path.iterdir()) == []
