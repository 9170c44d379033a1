"""A bar for a terminal."""

from typing import TextIO

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    Task,
    TaskProgressColumn,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.text import Text


class RateColumn(ProgressColumn):
    """How many a second; nothing until that is known."""

    def render(self, task: Task) -> Text:
        """As `3.1/s`."""
        speed = task.finished_speed or task.speed
        return Text("" if speed is None else f"{speed:.1f}/s", style="progress.data.speed", no_wrap=True)


class BarDisplay:
    """A bar with rate and remaining time; the library redraws it in a thread of its own."""

    def __init__(self, total: int, what: str, stream: TextIO) -> None:
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            TaskProgressColumn(),
            MofNCompleteColumn(),
            RateColumn(),
            TimeElapsedColumn(),
            TextColumn("left"),
            TimeRemainingColumn(),
            console=Console(file=stream),
        )
        self._task = self._progress.add_task(what, total=total)

    def step(self) -> None:
        """One more is done."""
        self._progress.advance(self._task)

    def reach(self, done: int) -> None:
        """So many are done."""
        self._progress.update(self._task, completed=done)

    def start(self) -> None:
        """Draw it."""
        self._progress.start()

    def stop(self) -> None:
        """Leave it as it is."""
        self._progress.stop()
