from datetime import date

import pytest

from exporter.public_holidays import check_holidays, public_holidays


@pytest.mark.parametrize("code", ["CO", "CO-DC", "NO", "US-CA", "GB-ENG", "ES-MD", "MX"])
def test_known_codes(code: str) -> None:
    assert check_holidays(code) == code
    assert date(2026, 1, 1) in public_holidays(code, 2026)
    assert all(day.year == 2026 for day in public_holidays(code, 2026))


def test_a_part_of_a_country_has_holidays_of_its_own() -> None:
    assert date(2026, 5, 2) in public_holidays("ES-MD", 2026)
    assert date(2026, 5, 2) not in public_holidays("ES", 2026)
    assert public_holidays("CO-DC", 2026) == public_holidays("CO", 2026)


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("co", "(did you mean CO?)"),
        ("COL", "(did you mean CO?)"),
        ("Colombia", "(did you mean CO?)"),
        ("United States", "(did you mean US?)"),
        ("UK", "(did you mean GB?)"),
        ("CO_DC", "allowed are codes of ISO 3166"),
        ("", "is not a country"),
        ("XX", "known, allowed"),
        ("US-CAL", "names a part of US that is not known (did you mean US-CA?)"),
        ("US-99", "names a part of US that is not known, allowed are US and, after US-, one of AK,"),
    ],
)
def test_unknown_codes(code: str, expected: str) -> None:
    with pytest.raises(ValueError, match=r"^(is not|names)") as caught:
        check_holidays(code)
    assert expected in str(caught.value)
