"""The command `check`: all that a start would find wrong, or what it comes to."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from exporter.cli import main

CONFIG = """
operations:
  - name: acme
    server: "0013"
    token: made-up-token
    campaigns: [{id: "1"}]
"""

Check = Callable[..., int]


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "config.yml"
    path.write_text(CONFIG, encoding="utf-8")
    return path


@pytest.fixture
def check(config: Path) -> Check:
    return lambda *flags: main(["check", f"--config.file={config}", *flags])


@pytest.mark.parametrize(
    ("flags", "where"),
    [
        ([], "{folder}/wolkvox-exporter.db"),
        (["--storage.url=sqlite:///state/a.db"], "{folder}/state/a.db"),
        (["--storage.url=sqlite:////var/lib/a.db"], "/var/lib/a.db"),
        (["--storage.url=sqlite://"], "nothing is kept over a restart"),
    ],
)
def test_it_says_where_the_storage_lies(
    check: Check, tmp_path: Path, flags: list[str], where: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert check(*flags) == 0
    assert f"storage     {where.format(folder=tmp_path)}\n" in capsys.readouterr().out


def test_it_says_what_the_next_request_asks(check: Check, capsys: pytest.CaptureFixture[str]) -> None:
    assert check() == 0
    printed = capsys.readouterr().out
    assert re.search(r"local time now +\d{4}-\d\d-\d\d \d\d:\d\d:\d\d, UTC-05:00 \(America/Bogota\)\n", printed)
    assert re.search(r"a request for 1h +date_ini=\d{14} date_end=\d{14}\n", printed)
    assert "made-up" not in printed


def test_warnings_come_last(check: Check, config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config.write_text(f"timezone: Etc/GMT-5\n{CONFIG}", encoding="utf-8")
    assert check() == 0
    assert capsys.readouterr().out.splitlines()[-1].startswith(f"warning: {config}:1: timezone: Etc/GMT-5 is 5 h ahead")


def test_it_takes_the_flags_of_run(check: Check, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    web = tmp_path / "web.yml"
    web.write_text("http_server_config: {http2: false}\n", encoding="utf-8")
    flags = [
        f"--web.config.file={web}",
        "--web.listen-address=:0",
        "--web.telemetry-path=/m",
        "--web.enable-lifecycle",
        "--web.external-url=https://monitor.example/wolkvox",
        "--web.route-prefix=/",
        "--log.level=debug",
    ]
    assert check(*flags) == 0
    assert f"web config  {web}\n" in capsys.readouterr().out


def test_every_mistake_of_files_and_flags_is_told_at_once(
    check: Check, config: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config.write_text("interval: 1x\n" + CONFIG, encoding="utf-8")
    web = tmp_path / "web.yml"
    web.write_text("tls_server_config: {cert_fil: x}\n", encoding="utf-8")
    flags = [
        f"--web.config.file={web}",
        "--web.listen-address=nonsense",
        "--web.listen-address=[",
        "--web.telemetry-path=/api/x",
        "--storage.url=mysql://made-up@host/x",
    ]
    assert check(*flags) == 1
    printed = capsys.readouterr()
    assert printed.out == ""
    assert "made-up" not in printed.err
    lines = printed.err.splitlines()
    assert lines[0].startswith(f"{config}:1: interval: ")
    assert any(line.startswith(f"{web}:1: tls_server_config.cert_fil: unknown key") for line in lines)
    assert [re.findall(r"--[a-z.-]+", line)[0] for line in lines if line.startswith("wolkvox-exporter: error: ")] == [
        "--web.listen-address",
        "--web.listen-address",
        "--web.telemetry-path",
        "--storage.url",
    ]


def test_syntax_only_reads_nothing_that_the_files_name(
    check: Check, config: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = CONFIG.replace("token: made-up-token", "token_file: /nowhere/token\n    ca_file: /nowhere/ca.pem")
    config.write_text(text, encoding="utf-8")
    web = tmp_path / "web.yml"
    web.write_text("tls_server_config: {cert_file: nowhere.crt, key_file: nowhere.key}\n", encoding="utf-8")
    assert check(f"--web.config.file={web}") == 1
    assert len(capsys.readouterr().err.splitlines()) == 4
    assert check(f"--web.config.file={web}", "--syntax-only") == 0
    assert capsys.readouterr().out.startswith("operation acme\n")
    web.write_text("tls_server_config: {cert_fil: nowhere.crt}\n", encoding="utf-8")
    assert check(f"--web.config.file={web}", "--syntax-only") == 1


def test_only_check_can_do_without_the_other_files(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["run", "--syntax-only"])
    assert "the command run has no flag '--syntax-only'" in capsys.readouterr().err


def test_what_is_doubtful_in_the_web_configuration_is_a_warning(
    check: Check, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    web = tmp_path / "web.yml"
    web.write_text("rate_limit: {interval: 1s}\n", encoding="utf-8")
    assert check(f"--web.config.file={web}") == 0
    assert f"warning: {web}:1: rate_limit.burst: is 0: every request is refused" in capsys.readouterr().out
