"""Holds the coverage of the fast tests to its floors: `python tests/coverage_floor.py`, after `coverage combine`.

Those of the real command are not measured: it starts hundreds of times, and measuring would double what that takes.
What only they run is the little that the floor of the whole leaves out. `measured.py` has which fast tests count.

Lines and branches count. A pure function has no excuse; what talks to disks and networks has a little.
"""

import json
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import coverage
from coverage.exceptions import CoverageException

ROOT = Path(__file__).parents[1]

PURE = (
    "exporter/backfill/choice.py",
    "exporter/backfill/cost.py",
    "exporter/backfill/series.py",
    "exporter/backfill/summary.py",
    "exporter/backfill/timeline.py",
    "exporter/backfill/windows.py",
    "exporter/calling_hours.py",
    "exporter/confidence.py",
    "exporter/config/hours.py",
    "exporter/config/inherited.py",
    "exporter/config/patterns.py",
    "exporter/config/resolve.py",
    "exporter/config/schema.py",
    "exporter/config/url.py",
    "exporter/config/values.py",
    "exporter/config/zone.py",
    "exporter/discovery/life.py",
    "exporter/discovery/selection.py",
    "exporter/discovery/state.py",
    "exporter/discovery/text.py",
    "exporter/duration.py",
    "exporter/metrics/catalogue/apis.py",
    "exporter/metrics/catalogue/campaigns.py",
    "exporter/metrics/catalogue/figures.py",
    "exporter/metrics/catalogue/metric.py",
    "exporter/metrics/catalogue/operations.py",
    "exporter/metrics/catalogue/process.py",
    "exporter/metrics/catalogue/targets.py",
    "exporter/metrics/checksum.py",
    "exporter/metrics/chunk.py",
    "exporter/metrics/document.py",
    "exporter/metrics/family_table.py",
    "exporter/metrics/format.py",
    "exporter/metrics/gzip_member.py",
    "exporter/metrics/past.py",
    "exporter/metrics/sample.py",
    "exporter/model/apis.py",
    "exporter/model/config.py",
    "exporter/model/hours.py",
    "exporter/model/report.py",
    "exporter/model/state.py",
    "exporter/model/stats.py",
    "exporter/model/status.py",
    "exporter/model/target.py",
    "exporter/name_pattern.py",
    "exporter/palette.py",
    "exporter/polling/busy_hours.py",
    "exporter/polling/cadence.py",
    "exporter/polling/companion_text.py",
    "exporter/polling/discovered.py",
    "exporter/polling/empty_answer.py",
    "exporter/polling/pacing.py",
    "exporter/polling/plan.py",
    "exporter/polling/schedule.py",
    "exporter/polling/transitions.py",
    "exporter/public_holidays.py",
    "exporter/redaction.py",
    "exporter/simulator/answer.py",
    "exporter/simulator/lives.py",
    "exporter/simulator/operation_apis.py",
    "exporter/simulator/operation_fault.py",
    "exporter/simulator/render_fault.py",
    "exporter/simulator/spikes.py",
    "exporter/simulator/traffic.py",
    "exporter/staleness.py",
    "exporter/storage/snapshot.py",
    "exporter/targets.py",
    "exporter/thresholds.py",
    "exporter/web/headers.py",
    "exporter/web/negotiation.py",
    "exporter/web/origin.py",
    "exporter/web/paths.py",
    "exporter/web/rate_limit.py",
    "exporter/web/status/campaign_document.py",
    "exporter/web/status/document.py",
    "exporter/web/status/hours.py",
    "exporter/web/status/live.py",
    "exporter/web/status/markup.py",
    "exporter/web/status/operation_document.py",
    "exporter/web/status/query.py",
    "exporter/web/status/state.py",
    "exporter/web/status/text.py",
    "exporter/web/status/view.py",
    "exporter/web/tls_names.py",
    "exporter/wolkvox/campaign_4.py",
    "exporter/wolkvox/campaigns.py",
    "exporter/wolkvox/companion.py",
    "exporter/wolkvox/encoding.py",
    "exporter/wolkvox/excerpt.py",
    "exporter/wolkvox/fault.py",
    "exporter/wolkvox/figures.py",
    "exporter/wolkvox/framing.py",
    "exporter/wolkvox/json_reader.py",
    "exporter/wolkvox/leak.py",
    "exporter/wolkvox/operation_secrets.py",
    "exporter/wolkvox/proxy.py",
    "exporter/wolkvox/real_time.py",
    "exporter/wolkvox/refusal.py",
    "exporter/wolkvox/request.py",
    "exporter/wolkvox/results.py",
    "exporter/wolkvox/retry_after.py",
    "exporter/wolkvox/token_info.py",
    "exporter/wolkvox/window.py",
    "exporter/yaml/composer.py",
    "exporter/yaml/document.py",
    "exporter/yaml/issue.py",
    "exporter/yaml/scalar.py",
    "exporter/yaml/section.py",
    "exporter/yaml/syntax.py",
)
"""What reads no clock, file or network: covered whole."""

WHOLE = 95.0
"""Percent of all of exporter/."""

Report = Mapping[str, Any]
"""What `coverage json` writes."""


def shortfalls(report: Report) -> list[str]:
    """One line for each floor that is not reached, with the lines and branches that no test runs."""
    files: Mapping[str, Any] = report["files"]
    found = []
    for path in PURE:
        if path not in files:
            found.append(f"{path}: no test has loaded it, or it is gone: correct the list in {Path(__file__).name}")
        elif files[path]["summary"]["percent_covered"] < 100:
            found.append(f"{path}: {_figure(files[path])} of 100 %; {_missing(files[path])}")
    if report["totals"]["percent_covered"] < WHOLE:
        found.append(f"exporter/: {report['totals']['percent_covered']:.1f} % of {WHOLE:g} %, of which miss most:")
        lacking = sorted(files, key=lambda path: -_lacking(files[path]))[:10]
        found += [f"  {path}: {_figure(files[path])}; {_missing(files[path])}" for path in lacking]
    return found


def _figure(file: Report) -> str:
    return f"{file['summary']['percent_covered']:.1f} %"


def _lacking(file: Report) -> int:
    missing: int = file["summary"]["missing_lines"] + file["summary"]["missing_branches"]
    return missing


def _missing(file: Report) -> str:
    lines = ", ".join(map(str, file["missing_lines"])) or "none"
    branches = ", ".join(f"{start}->{'exit' if end < 0 else end}" for start, end in file["missing_branches"]) or "none"
    return f"lines {lines}; branches {branches}"


def main() -> int:
    """Read the combined data and tell what is under its floor."""
    measured = coverage.Coverage(config_file=str(ROOT / "pyproject.toml"))
    with tempfile.NamedTemporaryFile(suffix=".json") as written:
        try:
            measured.load()
            measured.json_report(outfile=written.name, show_contexts=False)
        except CoverageException as error:
            sys.stderr.write(f"coverage_floor: {error}; run make unit first\n")
            return 1
        found = shortfalls(_read(Path(written.name)))
    for line in found:
        sys.stderr.write(f"coverage_floor: {line}\n")
    return 1 if found else 0


def _read(path: Path) -> Report:
    report: Report = json.loads(path.read_text(encoding="utf-8"))
    return report


if __name__ == "__main__":
    sys.exit(main())
