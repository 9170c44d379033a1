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
