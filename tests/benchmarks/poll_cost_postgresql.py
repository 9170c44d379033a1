"""CPU of one poll on PostgreSQL over the CPU of one on SQLite: that of the exporter, not of the server.

Both ask the same API, see poll_cost.py; rounds of both take turns, and the median round counts.
"""

import asyncio
import tempfile
from pathlib import Path

from poll_cost import Whole, in_turns, server
from real_postgresql import postgresql

from exporter.log import configure
from exporter.redaction import Redactor
from exporter.storage.database import Database
from exporter.storage.postgresql import PostgresDatabase

BOUND = 2.0


async def measure(url: str, file: Path, database: str) -> tuple[float, float]:
    """CPU seconds of a poll on SQLite and on PostgreSQL: medians over the rounds."""
    kinds = (Whole(url, Database(f"sqlite:///{file}")), Whole(url, PostgresDatabase(database)))
    for kind in kinds:
        await kind.open()
    sqlite, postgres = await in_turns(*kinds)
    for kind in kinds:
        await kind.close()
    return sqlite, postgres


def main() -> None:
    """Print the figure."""
    configure("error", "logfmt", Redactor())
    with server() as url, tempfile.TemporaryDirectory() as folder, postgresql() as database:
        file = Path(folder) / "kept.db"
        sqlite, postgres = asyncio.run(measure(url, file, database.url(database.database())))
    print(
        f"CPU per poll on PostgreSQL: {postgres / sqlite:.2f} times that on SQLite "
        f"({postgres * 1e6:.0f} us over {sqlite * 1e6:.0f} us; bound {BOUND:g})"
    )


if __name__ == "__main__":
    main()
