"""Each `bad/*.yml` is refused with exactly the lines of the `.txt` beside it."""

import contextlib
import traceback
from pathlib import Path

import pytest

from exporter.config import ConfigError, load

BAD = Path(__file__).parent / "bad"
NAMES = sorted(path.stem for path in BAD.glob("*.yml"))


@pytest.fixture(params=NAMES, scope="module")
def refusal(request: pytest.FixtureRequest) -> tuple[str, ConfigError]:
    # from their folder, so that the messages name the file as its user would
    with contextlib.chdir(BAD), pytest.raises(ConfigError) as caught:
        load(Path(f"{request.param}.yml"), {"MADE_UP_BLANK": " "})
    return request.param, caught.value


def test_every_mistake_is_named_at_once(refusal: tuple[str, ConfigError]) -> None:
    name, error = refusal
    assert list(error.mistakes) == (BAD / f"{name}.txt").read_text(encoding="utf-8").splitlines()


def test_no_secret_is_quoted(refusal: tuple[str, ConfigError]) -> None:
    _, error = refusal
    shown = str(error) + repr(error) + "".join(traceback.format_exception(error))
    assert "made-up" not in shown
    assert "made up" not in shown


def test_every_list_of_mistakes_has_its_configuration() -> None:
    assert sorted(path.stem for path in BAD.glob("*.txt")) == NAMES
