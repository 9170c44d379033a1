"""Peak memory of `backfill` that writes 15 days of 50 campaigns from stored answers; exit code 1 beyond the bound."""

import asyncio
import json
import os
import random
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from sqlalchemy import Connection

from exporter.backfill.choice import Choice, past_targets
from exporter.backfill.run import Period
from exporter.backfill.windows import past_windows
from exporter.clock import SystemClock
from exporter.config import load
from exporter.discovery.state import DiscoveryState
from exporter.model import Report, Row
from exporter.storage.ledger import Ledger
from exporter.storage.location import storage
from exporter.storage.owner import this_process
from exporter.storage.past import place_of, to_text
from exporter.storage.schema import past

BOUND = 100
CAMPAIGNS = 50
DAYS = 15
STEP = 3_600
URL = "sqlite:///state.db"
RESULTS = ("ANSWER", "AMD", "NO ANSWER", "BUSY", "FAIL", "REJECTED", "CONGESTION", "ABANDON")


def write_config(folder: Path, windows: Sequence[str]) -> Path:
    """A configuration of one operation."""
    campaigns = [{"id": str(1_000 + number), "name": f"Campaign {number}"} for number in range(CAMPAIGNS)]
    operation = {"name": "acme", "base_url": "http://127.0.0.1:9", "token": "a-made-up-token", "campaigns": campaigns}
    file = folder / "config.yml"
    file.write_text(json.dumps({"windows": windows, "operations": [operation]}), encoding="utf-8")
    return file


async def fill(file: Path) -> int:
    """Store an answer to every window; how many."""
    config = load(file, os.environ)
    database = storage(URL, file.parent)
    clock = database.clock(SystemClock())
    ledger = Ledger(database, clock, this_process(clock.boot))
    await ledger.open()
    dice = random.Random(1)

    def work(connection: Connection) -> int:
        (operation,), stored = config.operations, clock.now()
        count = 0
        for target in past_targets(operation, DiscoveryState(), Choice(), STEP):
            place = place_of(target)
            rows = [
                {
                    "operation": operation.name,
                    "server": operation.base_url,
                    "campaign": place.campaign,
                    "span": place.span,
                    "zone": place.zone,
                    "ending": window.end,
                    "answer": to_text(Report(tuple(Row(result, dice.randrange(500), 12.5) for result in RESULTS))),
                    "stored": stored,
                }
                for window in past_windows(target, Period(stored, DAYS, None, None).days(target.zone), STEP)
            ]
            connection.execute(past.insert(), rows)
            count += len(rows)
        return count

    count = await database.run(work)
    await ledger.close()
    return count


def peak(folder: Path, file: Path, *flags: str) -> tuple[float, float, str]:
    """MiB and seconds of work of the command, and what it said."""
    arguments = ("backfill", f"--config.file={file}", f"--storage.url={URL}", f"--days={DAYS}", *flags)
    with (folder / "said").open("wb") as said:
        process = subprocess.Popen([sys.executable, "-m", "exporter", *arguments], stdout=said, stderr=said)
        _, status, usage = os.wait4(process.pid, 0)
    text = (folder / "said").read_text(encoding="utf-8")
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(text)
    return usage.ru_maxrss / 1_024, usage.ru_utime + usage.ru_stime, text


def measure(windows: Sequence[str], scrape_interval: str) -> bool:
    """Print a figure beside that of the plan alone; whether it is within the bound."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        file = write_config(folder, windows)
        count = asyncio.run(fill(file))
        least, _, _ = peak(folder, file, "--plan")
        output = folder / "past.om"
        most, seconds, _ = peak(folder, file, f"--output={output}", f"--scrape-interval={scrape_interval}")
        size = output.stat().st_size / 1e9
    print(
        f"backfill of {DAYS} days, {CAMPAIGNS} campaigns, {len(windows)} windows ({count:,} answers), a sample each"
        f" {scrape_interval}: peak {most:.0f} MiB (bound {BOUND}), {most / least:.2f} times that of --plan;"
        f" {size:.1f} GB in {seconds:.0f} s of work",
        flush=True,
    )
    return most < BOUND


def main() -> None:
    """Many windows, then one: written sparsely, so that it takes minutes and not all of the disk."""
    held = [measure(["1h", "30m", "2h", "today", "yesterday"], "4m"), measure(["1h"], "1m")]
    sys.exit(0 if all(held) else 1)


if __name__ == "__main__":
    main()
