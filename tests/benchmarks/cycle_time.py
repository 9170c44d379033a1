"""Wall time of a whole cycle over the sum of the API's latencies of the busiest token.

The real command asks the simulator, which answers after a second, give or take a half, as the vendor does. Times are
the simulator's own: from the first request of the first cycle to the last answer, over the sum of answer times of the
token with the most campaigns. The reference is 1: asking without any pause.
"""

import tempfile
from pathlib import Path

from whole_exporter import exporter, requests, simulator, wait_for, write_config

CAMPAIGNS = 30
PORT = 10_971
BOUND = 1.05


def main() -> None:
    """Print the figure."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with simulator(folder, "--simulator.latency=1s") as api:
            config = write_config(folder, api, campaigns=CAMPAIGNS, tokens=1, interval="10m")
            with exporter(folder, config, PORT):
                wait_for(f"http://127.0.0.1:{PORT}/-/ready", limit=CAMPAIGNS * 3.0, pause=0.2)
        asked = requests(folder)
    if len(asked) != CAMPAIGNS:
        raise RuntimeError(f"{len(asked)} requests instead of {CAMPAIGNS}")
    wall = max(one["ended_monotonic"] for one in asked) - min(one["arrived_monotonic"] for one in asked)
    latencies = sum(one["ended_monotonic"] - one["arrived_monotonic"] for one in asked)
    print(
        f"cycle of {CAMPAIGNS} campaigns: {wall / latencies:.3f} times the sum of the API's latencies "
        f"({wall:.2f} s over {latencies:.2f} s; bound {BOUND})"
    )


if __name__ == "__main__":
    main()
