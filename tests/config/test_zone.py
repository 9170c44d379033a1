import re
from zoneinfo import ZoneInfo, available_timezones

import pytest

from exporter.config.zone import find_zone


def test_iana_names_are_found() -> None:
    assert find_zone("America/Bogota") == ZoneInfo("America/Bogota")
    assert find_zone("UTC") == ZoneInfo("UTC")
    assert find_zone("Etc/GMT+5") == ZoneInfo("Etc/GMT+5")


def test_every_zone_of_the_machine_has_a_name_that_is_taken() -> None:
    names = available_timezones() - {"localtime", "Factory", "posixrules"}
    assert [name for name in sorted(names) if find_zone(name).key != name] == []


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("America/Bogata", "America/Bogota"),
        ("america/bogota", "America/Bogota"),
        ("Bogota", "America/Bogota"),
        ("America/New York", "America/New_York"),
        ("Europe/Madird", "Europe/Madrid"),
    ],
)
def test_near_names_are_suggested(name: str, meant: str) -> None:
    with pytest.raises(ValueError, match=rf"unknown zone '{name}' \(did you mean {meant}\?\), allowed are IANA names"):
        find_zone(name)


@pytest.mark.parametrize(
    "name",
    ["", "America", "../etc/passwd", "/etc/passwd", "localtime", "right/UTC", "posix/UTC", "x" * 5_000, "a\0b", "COT5"],
)
def test_what_is_no_zone(name: str) -> None:
    with pytest.raises(
        ValueError, match=r"unknown zone [^(]*, allowed are IANA names such as America/Bogota"
    ) as caught:
        find_zone(name)
    assert len(str(caught.value)) < 150


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("GMT-5", "Etc/GMT+5, which is UTC-5"),
        ("UTC-5", "Etc/GMT+5, which is UTC-5"),
        ("Etc/UTC-05:00", "Etc/GMT+5, which is UTC-5"),
        ("-05:00", "Etc/GMT+5, which is UTC-5"),
        ("gmt +3", "Etc/GMT-3, which is UTC+3"),
        ("UTC+0200", "Etc/GMT-2, which is UTC+2"),
        ("UTC+00:00", "UTC, which is UTC+0"),
    ],
)
def test_offsets_are_told_their_zone(name: str, meant: str) -> None:
    with pytest.raises(ValueError, match=rf"\(did you mean {re.escape(meant)}\?\), allowed are IANA names"):
        find_zone(name)


@pytest.mark.parametrize("name", ["UTC-13", "GMT+15", "UTC+5:30", "UTC-99"])
def test_offsets_that_no_zone_has(name: str) -> None:
    with pytest.raises(ValueError, match=rf"unknown zone '{re.escape(name)}', allowed are IANA names"):
        find_zone(name)
