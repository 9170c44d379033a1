"""From the start of the process to the first answered scrape, with 1,000 campaigns in storage.

The reference is what no program on these libraries can avoid: a Python that imports them and ends.
"""

import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from whole_exporter import environment, exporter, get, simulator, wait_for, write_config

CAMPAIGNS = 1_000
PORT = 10_972
ROUNDS = 5
BOUND = 1.5

IMPORTS = "import aiohttp.web, bcrypt, jinja2, prometheus_client, pydantic, sqlalchemy, structlog, yaml"


def main() -> None:
    """Print the figure."""
    ours, least = [], []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with simulator(folder, "--simulator.latency=0s") as api:
            config = write_config(folder, api, campaigns=CAMPAIGNS, tokens=10, interval="1h")
            with exporter(folder, config, PORT):
                wait_for(f"http://127.0.0.1:{PORT}/-/ready", limit=120.0, pause=0.5)
            for _ in range(ROUNDS):
                began = time.perf_counter()
                with exporter(folder, config, PORT):
                    wait_for(f"http://127.0.0.1:{PORT}/metrics")
                    ours.append(time.perf_counter() - began)
                    page = get(f"http://127.0.0.1:{PORT}/metrics").decode()
                if page.count("\nwolkvox_campaign_no_data{") != CAMPAIGNS:
                    raise RuntimeError("the first page does not show every campaign")
                began = time.perf_counter()
                subprocess.run([sys.executable, "-c", IMPORTS], check=True, env=environment())
                least.append(time.perf_counter() - began)
    print(
        f"start to first scrape, {CAMPAIGNS} campaigns in storage: {statistics.median(ours):.2f} s (bound {BOUND} s), "
        f"{statistics.median(ours) / statistics.median(least):.2f} times the import of the libraries "
        f"({statistics.median(least):.2f} s)"
    )


if __name__ == "__main__":
    main()
