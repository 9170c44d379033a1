import re
from collections.abc import Mapping

Path = tuple[str | int, ...]
"""The way from the root of the document to a value: keys and positions in lists."""

SECRET_KEYS = frozenset({"token", "proxy_url"})
"""Keys whose values are secret. What stands below them, wrongly, is taken for a part of the secret."""

_SPEAKABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_-]{0,39}")
_SHOWN = 60


class ConfigError(Exception):
    """A configuration that cannot be used. One line for each mistake, none of them with a secret."""

    def __init__(self, mistakes: tuple[str, ...]) -> None:
        super().__init__("\n".join(mistakes))
        self.mistakes = mistakes


class Mistakes:
    """What was found wrong or doubtful in one file, each with its place."""

    def __init__(self, file: str, lines: Mapping[Path, int]) -> None:
        self._file = file
        self._lines = lines
        self._errors: dict[tuple[int, str], None] = {}
        self._warnings: dict[tuple[int, str], None] = {}

    def add(self, path: Path, text: str) -> None:
        """Note a mistake: `text` says what is wrong with the value at `path` and what is allowed."""
        self.add_at(self.line(path), path, text)

    def add_at(self, line: int, path: Path, text: str) -> None:
        """Note a mistake on a line of its own, as of a key that is there twice."""
        self._errors[line, self._render(line, path, text)] = None

    def warn(self, path: Path, text: str) -> None:
        """Note something doubtful that can still be run with."""
        line = self.line(path)
        self._warnings[line, self._render(line, path, text)] = None

    @property
    def errors(self) -> tuple[str, ...]:
        """`FILE:LINE: key: text`, in the order of the lines."""
        return tuple(line for _, line in sorted(self._errors, key=lambda found: found[0]))

    @property
    def warnings(self) -> tuple[str, ...]:
        """`FILE:LINE: key: text`, in the order of the lines."""
        return tuple(line for _, line in sorted(self._warnings, key=lambda found: found[0]))

    def line(self, path: Path) -> int:
        """Where `path` stands, or what it would stand in; the first line is 1."""
        while path and path not in self._lines:
            path = path[:-1]
        return self._lines.get(path, 1)

    def _render(self, line: int, path: Path, text: str) -> str:
        return f"{self._file}:{line}: {dotted(path)}: {text}"


def dotted(path: Path) -> str:
    """`operations[0].campaigns[1].id`; the root is `document`. A key that is not a plain word is shown as `?`."""
    text = ""
    for part in path:
        if isinstance(part, int):
            text += f"[{part}]"
        else:
            text += f".{part if _SPEAKABLE.fullmatch(part) else '?'}"
            if part in SECRET_KEYS:
                break
    return text.removeprefix(".") or "document"


def quoted(text: str) -> str:
    """`text` fit to stand in a message: in quotes, on one line, printable, short. Never for what may be a secret."""
    return repr(text if len(text) <= _SHOWN else f"{text[:_SHOWN]}...")
