"""Operations that find their campaigns, and when calling is allowed."""

from collections.abc import Callable
from zoneinfo import ZoneInfo

import pytest

from exporter.config.patterns import check_pattern
from exporter.model import YESTERDAY, CampaignSettings, Config, Discovery, Hours, PollWhich, Span, Window

Read = Callable[[str], Config]

OPERATION = """
operations:
  - name: acme
    server: "0013"
    token_file: token
"""
LAW = """hours:
  mon-fri: 07:00-19:00
  sat: 08:00-15:00
  holidays: CO
"""
OFFICE, SATURDAY = (Span(420, 1_140),), (Span(480, 900),)


def test_discovery_by_its_defaults(read: Read) -> None:
    config = read(f"{OPERATION}    discovery: {{}}\n")
    (acme,) = config.operations
    assert acme.discovery == Discovery(
        refresh_interval=3_600,
        include=(),
        exclude=(),
        types=frozenset({"predictive", "preview"}),
        poll=PollWhich.STARTED,
        max_campaigns=500,
        settings=CampaignSettings(
            (Window("1h", 3_600),), ZoneInfo("America/Bogota"), 300, 0, 60, stale_after=None, hours=None
        ),
    )
    assert (acme.live_interval, acme.quota_interval, acme.targets) == (300, None, ())
    assert config.warnings == ()


def test_discovery_with_every_key_beside_listed_campaigns(read: Read) -> None:
    text = f"""interval: 10m
{LAW}{OPERATION}    live_interval: 2m
    quota_interval: 1h
    discovery:
      refresh_interval: 30m
      include: ["Cobranza.*", 123]
      exclude: [".*prueba.*"]
      types: [preview]
      poll: all
      max_campaigns: 7
      windows: [30m, yesterday]
      timezone: Europe/Madrid
      delay: 1m
      timeout: 59s
      stale_after: 1h
    campaigns: [{{id: "1", name: Own}}]
"""
    (acme,) = read(text).operations
    found = acme.discovery
    assert found is not None
    assert (found.refresh_interval, found.include, found.exclude) == (1_800, ("Cobranza.*", "123"), (".*prueba.*",))
    assert (found.types, found.poll, found.max_campaigns) == (frozenset({"preview"}), PollWhich.ALL, 7)
    hours = Hours((OFFICE,) * 5 + (SATURDAY, ()), "CO", 3_600)
    assert found.settings == CampaignSettings(
        (Window("30m", 1_800), YESTERDAY), ZoneInfo("Europe/Madrid"), 600, 60, 59, 3_600, hours
    )
    assert (acme.live_interval, acme.quota_interval) == (120, 3_600)
    assert [(target.key.campaign, target.name, target.hours) for target in acme.targets] == [("1", "Own", hours)]


def test_live_figures_and_quota_without_discovery(read: Read) -> None:
    (acme,) = read(f'{OPERATION}    live_interval: 5m\n    campaigns: [{{id: "1"}}]\n').operations
    assert (acme.discovery, acme.live_interval, acme.quota_interval) == (None, 300, None)
    (acme,) = read(f'{OPERATION}    campaigns: [{{id: "1"}}]\n').operations
    assert acme.live_interval is None


def test_a_short_refresh_is_doubtful(read: Read) -> None:
    (warning,) = read(f"{OPERATION}    discovery: {{refresh_interval: 4m}}\n").warnings
    assert ":6: operations[0].discovery.refresh_interval: 4m is short: the list of campaigns changes seldom" in warning


def test_discovered_campaigns_that_need_stretching_are_no_mistake(read: Read) -> None:
    (warning,) = read(f"{OPERATION}    discovery: {{}}\n    licenses: 1\n").warnings
    assert "operations[0].discovery: not even one campaign can be asked all day every 5m" in warning
    assert warning.endswith(
        "of the day's budget: intervals will be stretched; set a longer interval, or raise licenses or quota_share"
    )
    assert read(f"{OPERATION}    discovery: {{}}\n    licenses: 2\n").warnings == ()


def test_without_a_budget_only_the_tokens_time_is_scarce(read: Read) -> None:
    _, warning = read(f"{OPERATION}    discovery: {{interval: 1s}}\n").warnings
    assert warning.endswith("with what is left of the token's time: polls will come late; set a longer interval")


def test_the_nearest_hours_win_whole(read: Read) -> None:
    text = f"""{LAW}{OPERATION}    hours: {{mon-sun: 00:00-24:00, off_interval: 2h}}
    campaigns:
      - id: "1"
      - id: "2"
        interval: 90m
        windows: [1h, yesterday]
        hours: {{sat-mon: "14:00-18:00, 08:00-12:00,12:00-13:00"}}
      - id: "3"
        interval: 10m
        windows: [1h, yesterday]
        hours: {{fri: 9:00 - 10:30, off_interval: 10m}}
"""
    (acme,) = read(text).operations
    whole, *others = [target.hours for target in acme.targets]
    assert whole == Hours(((Span(0, 1_440),),) * 7, None, 7_200)
    weekend = (Span(480, 720), Span(720, 780), Span(840, 1_080))
    long = Hours((weekend, (), (), (), (), weekend, weekend), None, 5_400)  # at least the interval
    friday = ((), (), (), (), (Span(540, 630),), (), ())
    assert others == [long, long, Hours(friday, None, 600), Hours(friday, None, 3_600)]


@pytest.mark.parametrize("code", ["CO", '"NO"', "US-CA", "CO-DC"])
def test_holidays(read: Read, code: str) -> None:
    text = f'{OPERATION}    hours: {{mon: 00:00-24:00, holidays: {code}}}\n    campaigns: [{{id: "1"}}]\n'
    hours = read(text).operations[0].targets[0].hours
    assert hours is not None
    assert hours.holidays == code.strip('"')


def test_hours_and_discovery_can_be_aliased_and_merged(read: Read) -> None:
    text = f"""{OPERATION}    discovery:
      hours: &office {{mon-fri: 07:00-19:00}}
    campaigns:
      - id: "1"
        hours: {{<<: *office, sat: 08:00-15:00}}
"""
    (acme,) = read(text).operations
    assert acme.targets[0].hours == Hours((OFFICE,) * 5 + (SATURDAY, ()), None, 3_600)


@pytest.mark.parametrize(
    ("pattern", "problem"),
    [
        ("(?<=a)b", "it has no lookahead or lookbehind (?<=...), put what must not match into exclude"),
        ("(?>a)", "it does not know the group (?>"),
        ("(?P<x>a)(?P=x)", "it has no back references such as (?P=name)"),
        (r"\k<x>", r"it has no back references such as \k"),
        (r"\h", r"it does not know the escape \h"),
        ("a)", "a ) has no opening (, at 'a)'"),
        ("[a", "a closing ] is missing, at '[a'"),
        ("a\\", r"it ends with a single \, write \\ for a backslash"),
        ("a**", "two of *, + and ? follow one another, at '**'"),
        ("[z-a]", "a class or range in [...] does not exist, at 'z-a'"),
        ("(?P<n", "a named group is not written as (?P<name>...), at '(?P<n'"),
        (r"\pL{1000}|\pL{1000}|\pL{1000}|\pL{1000}", "it is too large once its repetitions are written out"),
        ("\ud800", "it holds half a character, which is not UTF-8"),
    ],
)
def test_expressions_that_re2_refuses(pattern: str, problem: str) -> None:
    with pytest.raises(ValueError, match="is not a regular expression that RE2 can compile: ") as caught:
        check_pattern(pattern)
    assert problem in str(caught.value)


def test_expressions_that_others_choke_on() -> None:
    assert check_pattern("(a+)+b") == "(a+)+b"
    assert check_pattern("x" * 1_000)
    with pytest.raises(ValueError, match="is longer than 1000 characters"):
        check_pattern("x" * 1_001)
