import json
import os
import shutil
import ssl
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
import trustme
import yaml

from exporter.config import ConfigError, Depth, load
from exporter.config.secret import is_open_to_others
from exporter.model import TODAY, YESTERDAY, Config, FileVersion, TargetKey, Window
from exporter.polling.description import describe

EXAMPLE = Path(__file__).parents[2] / "config.example.yml"

Read = Callable[[str], Config]
Mistakes = Callable[[str], list[str]]

FULL = """
timezone: America/Lima
interval: 10m
windows: [1h]
delay: 1m
timeout: 50s
stale_after: 20m
operations:
  - name: acme
    base_url: HTTPS://API.Example.org:8443/wolkvox/
    token_file: token
    proxy_url: http://user:made-up-password@proxy.example:3128
    licenses: 12
    quota_share: 0.29
    timezone: Europe/Madrid
    campaigns:
      - id: "0032841"
        name: Cobranza
        windows: [30m, today]
        interval: 15m
      - id: 32842
        delay: 0
        timezone: UTC
        timeout: 1500ms
        stale_after: 1h
  - name: globex
    server: "0013"
    token: made-up-token-2
    interval: 7m
    campaigns: [{id: a-B_9}]
"""

REST = """
operations:
  - name: acme
    server: "0013"
    token_file: token
    campaigns: [{id: "1"}]
"""


NOT_SUBSTITUTED = (
    "a variable such as ${NAME} is not substituted here, it is taken as written; a token comes from the environment"
    " with token_env: NAME"
)


def test_nearest_value_wins(read: Read) -> None:
    acme, globex = read(FULL).operations
    rolling, today, other = acme.targets
    assert rolling.key == TargetKey("acme", "0032841", "30m")
    assert rolling.window == Window("30m", 1_800)
    assert today.key == TargetKey("acme", "0032841", "today")
    assert today.window == Window("today", None)
    assert {(target.interval, target.delay, target.timeout, target.stale_after) for target in (rolling, today)} == {
        (900, 60, 50, 1_200)
    }
    assert rolling.name == "Cobranza"
    assert rolling.zone == ZoneInfo("Europe/Madrid") == acme.zone
    assert other.key == TargetKey("acme", "32842", "1h")
    assert (other.name, other.zone, other.delay, other.timeout) == ("", ZoneInfo("UTC"), 0, 1.5)
    assert (other.interval, other.stale_after) == (600, 3_600)
    assert [(target.key, target.interval) for target in globex.targets] == [(TargetKey("globex", "a-B_9", "1h"), 420)]
    assert globex.zone == ZoneInfo("America/Lima")


def test_connection_of_an_operation(read: Read) -> None:
    acme, globex = read(FULL).operations
    assert acme.base_url == "https://api.example.org:8443/wolkvox"
    assert acme.token.get_secret_value() == "made-up-token"
    assert acme.proxy_url is not None
    assert acme.proxy_url.get_secret_value() == "http://user:made-up-password@proxy.example:3128"
    assert globex.base_url == "https://wv0013.wolkvox.com"
    assert globex.token.get_secret_value() == "made-up-token-2"
    assert (globex.proxy_url, globex.ca_file) == (None, None)


def test_budget_is_exact(read: Read) -> None:
    acme, globex = read(FULL).operations
    assert acme.budget == 3_480  # as floats, 12 x 1000 x 0.29 is less
    assert globex.budget is None


def test_defaults(read: Read) -> None:
    config = read(REST)
    (target,) = config.operations[0].targets
    assert target.zone == ZoneInfo("America/Bogota")
    assert target.window == Window("1h", 3_600)
    assert (target.interval, target.delay, target.timeout, target.stale_after) == (300, 0, 60, None)
    assert config.warnings == ()


def test_half_the_quota_is_the_default(read: Read) -> None:
    assert read(REST.replace("server:", "licenses: 3\n    server:")).operations[0].budget == 1_500


def test_a_plan_that_uses_the_whole_budget_is_valid(read: Read) -> None:
    text = REST.replace("server:", "licenses: 1\n    quota_share: 0.288\n    server:")
    assert read(text).operations[0].budget == 288


@pytest.mark.parametrize("interval", ["11s", "1m", "7m", "2h50m"])
def test_the_smallest_interval_that_is_named_fits_and_one_second_less_does_not(
    read: Read, mistakes: Mistakes, interval: str
) -> None:
    text = REST.replace("server:", "licenses: 1\n    quota_share: 0.005\n    interval: INTERVAL\n    server:")
    (mistake,) = mistakes(text.replace("INTERVAL", interval))
    assert mistake.endswith("the smallest interval that fits is 4h48m")
    assert read(text.replace("INTERVAL", "4h48m")).operations[0].budget == 5
    assert "budget is 5" in mistakes(text.replace("INTERVAL", "4h47m59s"))[0]


def test_a_wrong_setting_does_not_lead_to_a_wrong_reckoning(mistakes: Mistakes) -> None:
    (mistake,) = mistakes(
        "interval: 1f\n" + REST.replace("server:", "licenses: 1\n    quota_share: 0.001\n    server:")
    )
    assert "interval: '1f' is not a duration" in mistake


WARNINGS = {
    "interval: 1m": "1: interval: 1m is short: the vendor advises one request every 5m, use 5m or more",
    "timeout: 59s": (
        "1: timeout: 59s is short: the vendor may work on a request for 60s, and goes on with one that is given up"
        " earlier; use 60s"
    ),
    "timeout: 2m": "1: timeout: 2m is long: the vendor ends each call after 60s, use 60s or less",
    "stale_after: 4m": (
        "1: stale_after: 4m is shorter than the interval of 5m: the series would be gone before each poll;"
        " leave it out for 3 x interval + 1m"
    ),
}


@pytest.mark.parametrize("setting", WARNINGS)
def test_doubtful_settings_are_warned_of(write: Callable[[str], Path], setting: str) -> None:
    path = write(setting + REST)
    assert load(path, {}).warnings == (f"{path}:{WARNINGS[setting]}",)


PROXY = "http://me:made%20up@proxy.example:3128"


@pytest.mark.parametrize("key", ["proxy_url_file: proxy", "proxy_url_env: PROXY"])
def test_a_proxy_comes_from_a_file_or_the_environment(write: Callable[[str], Path], key: str) -> None:
    path = write(REST.replace("token_file: token", f"token_file: token\n    {key}"))
    (path.parent / "proxy").write_text(f"\ufeff{PROXY}\n", encoding="utf-8")
    (operation,) = load(path, {"PROXY": f" {PROXY} "}).operations
    assert operation.proxy_url is not None
    assert operation.proxy_url.get_secret_value() == PROXY
    assert operation.token_file == path.parent / "token"
    assert operation.proxy_url_file == (path.parent / "proxy" if "file" in key else None)
    assert load(path, {}, Depth.SYNTAX).operations[0].proxy_url is None


PROXY_MISTAKES = {
    "proxy_url_file: nowhere": "cannot be read: No such file or directory; a file with the proxy's URL alone is needed",
    "proxy_url_file: token": "'token' cannot be used: the proxy's URL is not an HTTP URL",
    "proxy_url_env: NOWHERE": "is not set, set it or use proxy_url_file",
    "proxy_url_env: COLON": "cannot be used: the proxy's URL holds a user name with a colon",
    "proxy_url_env: ''": "1 to 4096 printable characters",
    "proxy_url: http://a:1\n    proxy_url_env: GOOD": (
        "is given in addition to proxy_url, exactly one of proxy_url, proxy_url_file, proxy_url_env is needed"
    ),
    "proxy_url_file: proxy\n    proxy_url_env: GOOD": "is given in addition to proxy_url_file",
}


@pytest.mark.parametrize("keys", PROXY_MISTAKES)
def test_what_is_wrong_with_a_proxys_place_is_named_without_it(write: Callable[[str], Path], keys: str) -> None:
    path = write(REST.replace("token_file: token", f"token_file: token\n    {keys}"))
    (path.parent / "proxy").write_text(PROXY, encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        load(path, {"GOOD": PROXY, "COLON": "http://made%3Aup:x@a:1"})
    [mistake] = caught.value.mistakes
    assert PROXY_MISTAKES[keys] in mistake
    assert "operations[0].proxy_url" in mistake
    assert "made" not in mistake.removeprefix(str(path))


def test_a_proxy_in_a_file_excludes_addresses_too(write: Callable[[str], Path]) -> None:
    keys = "token_file: token\n    proxy_url_file: proxy\n    address_family: ipv4"
    path = write(REST.replace("token_file: token", keys))
    (path.parent / "proxy").write_text("http://[::1]:3128", encoding="utf-8")
    with pytest.raises(ConfigError, match=r"proxy_url_file: is an IPv6 address"):
        load(path, {})


def test_doubts_about_authorities_are_warned_of(write: Callable[[str], Path]) -> None:
    path = write(REST.replace("token_file: token", "token_file: token\n    ca_file: ca.pem"))
    authority = trustme.CA()
    content = authority.cert_pem.bytes() + authority.private_key_pem.bytes()
    (path.parent / "ca.pem").write_bytes(content)
    (warning,) = load(path, {}).warnings
    assert "operations[0].ca_file: the file holds a private key" in warning
    assert load(path, {}, Depth.SYNTAX).warnings == ()


def test_doubtful_operations_are_warned_of(read: Read) -> None:
    windows = ", ".join(f"{minutes}m" for minutes in range(1, 302))
    text = f"""
operations:
  - name: acme
    base_url: http://10.0.0.1
    token_file: token
    quota_share: 0.3
    windows: [{windows}]
    campaigns: [{{id: 1}}]
"""
    assert [warning.partition(".yml:")[2] for warning in read(text).warnings] == [
        "4: operations[0].base_url: the token is sent unencrypted, use https:// for any other machine than this one",
        "6: operations[0].quota_share: has no effect without licenses, by which the quota is known",
        (
            "8: operations[0].campaigns: 301 requests of 1 s each take 5m1s a cycle,"
            " so polls will come every 5m1s instead of 5m; set a longer interval"
        ),
    ]


@pytest.mark.parametrize("place", ["timezone: Etc/GMT-5\n", "", "    timezone: Etc/GMT-5\n"])
def test_zones_whose_sign_misleads_are_warned_of(read: Read, place: str) -> None:
    text = REST if place else REST.replace('{id: "1"}', '{id: "1", timezone: Etc/GMT-14}')
    text = f"{text}{place}" if place.startswith(" ") else f"{place}{text}"
    (warning,) = read(text).warnings
    hours = 14 if not place else 5
    assert f"timezone: Etc/GMT-{hours} is {hours} h ahead of UTC (UTC+{hours})" in warning
    assert f"write Etc/GMT+{hours}, or better" in warning


@pytest.mark.parametrize("zone", ["Etc/GMT+5", "Etc/GMT", "Etc/GMT-0", "GMT-0", "UTC", "EST"])
def test_zones_that_mislead_nobody_are_not_warned_of(read: Read, zone: str) -> None:
    assert read(f"timezone: {zone}\n{REST}").warnings == ()


def test_what_is_not_substituted_is_warned_of(read: Read) -> None:
    text = REST.replace('id: "1"', 'id: "1", name: "${NAME}"').replace("token_file: token", "token: a${made_up}b")
    assert [warning.partition(".yml:")[2] for warning in read(text).warnings] == [
        f"5: operations[0].token: {NOT_SUBSTITUTED}",
        f"6: operations[0].campaigns[0].name: {NOT_SUBSTITUTED}",
    ]


def test_beside_a_mistake_what_is_not_substituted_is_one_too(mistakes: Mistakes) -> None:
    text = REST.replace('"0013"', '"${SERVER}"').replace("token_file: token", 'token_file: "${made_up}"')
    found = mistakes(text)
    assert len(found) == 4
    assert found[1] == f"4: operations[0].server: {NOT_SUBSTITUTED}"
    assert found[3] == f"5: operations[0].token_file: {NOT_SUBSTITUTED}"


@pytest.mark.parametrize("text", ["$5", "${", "${}", "100 %", "$NAME", "a$b"])
def test_other_signs_are_nobodys_business(read: Read, text: str) -> None:
    assert read(REST.replace('id: "1"', f'id: "1", name: "{text}"')).warnings == ()


def test_syntax_alone_reads_no_other_file(write: Callable[[str], Path]) -> None:
    for token in ("token_file: nowhere", "token_env: MADE_UP_UNSET"):
        path = write(REST.replace("token_file: token", f"{token}\n    ca_file: nowhere.pem"))
        assert load(path, {}, Depth.SYNTAX).operations[0].base_url == "https://wv0013.wolkvox.com"
        with pytest.raises(ConfigError):
            load(path, {})


def test_syntax_alone_still_finds_every_mistake_of_the_file(write: Callable[[str], Path]) -> None:
    path = write(REST.replace("token_file: token", 'token: "made up"').replace('id: "1"', "id: 01"))
    with pytest.raises(ConfigError) as caught:
        load(path, {}, Depth.SYNTAX)
    assert len(caught.value.mistakes) == 2


def test_a_token_file_that_every_user_can_read_is_warned_of(write: Callable[[str], Path]) -> None:
    path = write(REST)
    token = path.parent / "token"
    folder = Path(tempfile.mkdtemp())  # pytest's own folders are closed to others
    shutil.move(token, folder / "real")
    token.symlink_to(folder / "real")
    folder.chmod(0o755)
    (folder / "real").chmod(0o604)
    (warning,) = load(path, {}, Depth.CHECK).warnings
    assert warning.endswith(
        "5: operations[0].token_file: every user of this machine can read the file, allow only the exporter's user:"
        " chmod 400"
    )
    assert load(path, {}).warnings == ()
    (folder / "real").chmod(0o640)
    assert load(path, {}, Depth.CHECK).warnings == ()
    (folder / "real").chmod(0o604)
    folder.chmod(0o750)
    assert load(path, {}, Depth.CHECK).warnings == ()
    shutil.rmtree(folder)


def test_a_file_that_is_gone_is_open_to_nobody(tmp_path: Path) -> None:
    assert not is_open_to_others(tmp_path / "nothing")


def test_intervals_of_a_second_work(read: Read) -> None:
    text = "interval: 1s\ntimeout: 200ms\nstale_after: 3s\n" + REST
    assert read(text).operations[0].targets[0].interval == 1


def test_the_content_that_was_read_is_named(write: Callable[[str], Path]) -> None:
    path = write(REST)
    os.utime(path, (1_790_000_000, 1_790_000_000))
    printed = subprocess.run(["sha256sum", path], capture_output=True, text=True, check=True).stdout
    assert load(path, {}).file == FileVersion("config.yml", 1_790_000_000, printed[:8])


def test_the_token_is_read_again(write: Callable[[str], Path]) -> None:
    path = write(REST)
    before = load(path, {})
    (path.parent / "token").write_text("\ufeff\n rotated \r\n", encoding="utf-8")
    assert load(path, {}).operations[0].token.get_secret_value() == "rotated"
    assert before.operations[0].token.get_secret_value() == "made-up-token"


def test_the_token_may_come_from_the_environment(write: Callable[[str], Path]) -> None:
    path = write(REST.replace("token_file: token", "token_env: WOLKVOX_TOKEN"))
    assert load(path, {"WOLKVOX_TOKEN": " from-there\n"}).operations[0].token.get_secret_value() == "from-there"


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"\xff\xfe", "is not text"),
        (b"x" * 5_000, "is longer than 4096 characters"),
        (b"x" * 70_000, "is larger than 65536 bytes"),
        ("tökén".encode(), "cannot go into an HTTP header"),
        (b"made\x00up", "cannot go into an HTTP header"),
    ],
)
def test_files_that_hold_no_token(write: Callable[[str], Path], content: bytes, problem: str) -> None:
    path = write(REST)
    (path.parent / "token").write_bytes(content)
    with pytest.raises(ConfigError, match=rf"config\.yml:5: operations\[0\]\.token_file: 'token' .*{problem}"):
        load(path, {})


def test_no_secret_is_in_the_repr(read: Read) -> None:
    config = read(FULL)
    assert "made-up" not in repr(config) + str(config) + "".join(
        describe(operation, 0.0) for operation in config.operations
    )


def test_authorities_are_loaded(write: Callable[[str], Path]) -> None:
    path = write(REST.replace("token_file:", "ca_file: authority.pem\n    token_file:"))
    trustme.CA().cert_pem.write_to_path(str(path.parent / "authority.pem"))
    ca_file = load(path, {}).operations[0].ca_file
    assert ca_file == path.parent / "authority.pem"
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(ca_file)
    assert context.cert_store_stats()["x509_ca"] == 1


def test_anchors_and_merge_keys(read: Read) -> None:
    text = """
operations:
  - &base
    name: acme
    server: "0013"
    token_file: token
    campaigns: &campaigns
      - &first {id: 1, interval: 10m, name: one}
      - {<<: *first, id: 2}
  - <<: *base
    name: globex
    token_file: other
"""
    first = text.partition("  - <<")[0]
    assert [(target.key.campaign, target.interval, target.name) for target in read(first).operations[0].targets] == [
        ("1", 600, "one"),
        ("2", 600, "one"),
    ]
    with pytest.raises(ConfigError, match=r"config\.yml:12: operations\[1\]\.token_file: .* cannot be read"):
        read(text)


def test_the_first_of_several_merged_mappings_wins(read: Read) -> None:
    text = """
operations:
  - name: acme
    server: "0013"
    token_file: token
    campaigns:
      - &a {id: 1, interval: 10m}
      - &b {id: 2, interval: 20m, delay: 1m, <<: *a}
      - {<<: [*a, *b], id: 3}
"""
    targets = read(text).operations[0].targets
    assert [(target.interval, target.delay) for target in targets] == [(600, 0), (1_200, 60), (600, 60)]


def test_json_is_yaml_too(read: Read) -> None:
    text = json.dumps(yaml.safe_load(REST), indent=2)
    assert read(text).operations[0].name == "acme"


def test_names_of_campaigns_may_be_hostile(read: Read) -> None:
    text = REST.replace('id: "1"', r'id: "1", name: "<b>\u202e\0\e[31m"')
    assert read(text).operations[0].targets[0].name == "<b>\u202e\0\x1b[31m"


def test_names_of_campaigns_have_an_end(mistakes: Mistakes) -> None:
    text = REST.replace('id: "1"', f'id: "1", name: {"x" * 1_001}')
    assert mistakes(text) == [
        "6: operations[0].campaigns[0].name: '" + "x" * 60 + "...' is not valid, allowed: at most 1000 characters"
    ]


def test_the_example_is_valid_and_complete(tmp_path: Path) -> None:
    token = tmp_path / "wolkvox-token"
    token.write_text("made-up-token", encoding="utf-8")
    text = EXAMPLE.read_text(encoding="utf-8")
    path = tmp_path / "config.yml"
    path.write_text(text.replace("/run/secrets/wolkvox-token", str(token)), encoding="utf-8")
    config = load(path, {})
    assert [operation.name for operation in config.operations] == ["acme"]
    assert config.warnings == ()
    keys = (
        "timezone interval windows delay timeout stale_after operations name server base_url token_file token_env token"
        " proxy_url proxy_url_file proxy_url_env ca_file address_family source_address licenses quota_share"
        " campaigns id hours mon-fri holidays off_interval discovery refresh_interval include exclude types poll"
        " max_campaigns live_interval quota_interval"
    )
    assert [key for key in keys.split() if f"{key}:" not in text] == []


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("nowhere.yml", "cannot be read: No such file or directory"),
        (".", "cannot be read: Is a directory"),
        ("x\0y", "cannot be read: its name is not a path"),
        ("x" * 300, "cannot be read: File name too long"),
    ],
)
def test_files_that_cannot_be_read(tmp_path: Path, name: str, problem: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load(tmp_path / name, {})
    assert caught.value.mistakes == (
        f"{tmp_path / name}:1: document: {problem}; name a readable YAML file with --config.file",
    )


def test_a_file_without_end_is_refused() -> None:
    with pytest.raises(ConfigError, match="document: is larger than 16 MiB"):
        load(Path("/dev/zero"), {})


def test_the_same_paths_from_another_folder(write: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(REST)
    folder = path.parent / "folder"
    folder.mkdir()
    shutil.move(path, folder / "config.yml")
    shutil.move(path.parent / "token", folder / "token")
    monkeypatch.chdir(path.parent)
    assert load(Path("folder/config.yml"), {}).operations[0].token.get_secret_value() == "made-up-token"


def test_days_of_the_calendar(read: Read) -> None:
    text = FULL.replace("[30m, today]", "[30m, today, yesterday]")
    windows = {target.key.window: target for operation in read(text).operations for target in operation.targets}
    assert windows["today"].window == TODAY
    assert windows["yesterday"].window == YESTERDAY
    assert (windows["today"].interval, windows["yesterday"].interval) == (900.0, 3600.0)
    slow = read(text.replace("interval: 15m", "interval: 2h"))
    assert {one.interval for one in slow.operations[0].targets if one.key.window == "yesterday"} == {7200.0}
