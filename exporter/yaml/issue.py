"""What is wrong or doubtful in a file, each with its place and none with a secret."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from exporter.redaction import Redactor

Path = tuple[str | int, ...]
"""The way from the root of the document to a value: keys and positions in lists."""

SECRET_KEYS = frozenset({"token", "proxy_url", "key"})
"""Keys whose values are secret. What stands below them, wrongly, is taken for a part of the secret."""

_SPEAKABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_-]{0,39}")
_SHOWN = 60


class ConfigError(Exception):
    """A file that cannot be used. One line for each mistake, none of them with a secret."""

    def __init__(self, mistakes: tuple[str, ...]) -> None:
        super().__init__("\n".join(mistakes))
        self.mistakes = mistakes


class ParseError(Exception):
    """A text of which nothing can be used, with the line that says why."""

    def __init__(self, line: int, text: str) -> None:
        super().__init__(text)
        self.line = line
        self.text = text


@dataclass(frozen=True, slots=True)
class ConfigIssue:
    """Something wrong or doubtful."""

    line: int
    path: Path
    text: str
    """What is wrong with the value and what is allowed."""


class Issues:
    """What was found in one file, all of it, so that one mistake hides no other."""

    def __init__(
        self, file: str, lines: Mapping[Path, int], found: Iterable[ConfigIssue] = (), secrets: Iterable[str] = ()
    ) -> None:
        """`secrets` are struck out of every message: a token may stand a second time where it does not belong."""
        self._file = file
        self._redactor = Redactor(secrets)
        self._lines = lines
        self._errors: dict[ConfigIssue, None] = {}
        self._warnings: dict[ConfigIssue, None] = {}
        self._wrong: set[Path] = set()
        for issue in found:
            self._add(issue)

    def add(self, path: Path, text: str) -> None:
        """Note a mistake: `text` says what is wrong with the value at `path` and what is allowed."""
        self._add(ConfigIssue(self.line(path), path, text))

    def misspelt(self, path: Path) -> None:
        """Take the key at `path`, which is not there, for given and wrong: a mistake says so about another key."""
        self._wrong.add(path)

    def warn(self, path: Path, text: str) -> None:
        """Note something doubtful that can still be run with."""
        self._warnings[ConfigIssue(self.line(path), path, text)] = None

    @property
    def errors(self) -> tuple[str, ...]:
        """`FILE:LINE: key: text`, in the order of the lines."""
        return self._rendered(self._errors)

    @property
    def warnings(self) -> tuple[str, ...]:
        """`FILE:LINE: key: text`, in the order of the lines."""
        return self._rendered(self._warnings)

    def line(self, path: Path) -> int:
        """Where `path` stands, or what it would stand in; the first line is 1."""
        while path and path not in self._lines:
            path = path[:-1]
        return self._lines.get(path, 1)

    def wrong(self, path: Path) -> bool:
        """Whether a mistake was found in the value at `path` or below it."""
        return path in self._wrong

    def _add(self, issue: ConfigIssue) -> None:
        self._errors[issue] = None
        self._wrong.update(issue.path[:length] for length in range(len(issue.path) + 1))

    def _rendered(self, issues: Iterable[ConfigIssue]) -> tuple[str, ...]:
        ordered = sorted(issues, key=lambda issue: issue.line)
        lines = (f"{self._file}:{issue.line}: {dotted(issue.path)}: {issue.text}" for issue in ordered)
        return tuple(dict.fromkeys(map(self._redactor.clean, lines)))


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
