"""Resident memory of the whole exporter at 10,000 campaigns, all polled and scraped; beside it that at 100."""

import tempfile
from pathlib import Path

import psutil
from whole_exporter import exporter, get, simulator, wait_for, write_config

PORT = 10_973
BOUND = 250


def measure(campaigns: int) -> float:
    """MiB that the process holds once every campaign was asked and the page scraped in both encodings."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with simulator(folder, "--simulator.latency=0s") as api:
            config = write_config(folder, api, campaigns=campaigns, tokens=20, interval="1h")
            with exporter(folder, config, PORT) as process:
                wait_for(f"http://127.0.0.1:{PORT}/-/ready", limit=600.0, pause=1.0)
                for _ in range(3):
                    get(f"http://127.0.0.1:{PORT}/metrics", {"Accept-Encoding": "gzip"})
                return psutil.Process(process.pid).memory_info().rss / 2**20


def main() -> None:
    """Print the figure."""
    few, many = measure(100), measure(10_000)
    print(f"resident memory at 10,000 campaigns: {many:.0f} MiB (bound {BOUND}), {many / few:.2f} times that at 100")


if __name__ == "__main__":
    main()
