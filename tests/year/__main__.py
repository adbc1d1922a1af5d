"""The year, at a pace: `python -m tests.year --every 60`. What it prints at its end stands in config/guide/promises.md."""

import argparse
import json
import logging
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.year.year import Month, Year

_HEAD = "| month | turns | store, kB | histories, kB | memory, MB | events | ids | mail |\n" + "| --: " * 8 + "|"


def main() -> int:
    """Live a year; the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.year", description=__doc__)
    parser.add_argument("--days", type=int, default=360, help="how long (default 360)")
    parser.add_argument("--every", type=int, default=60, help="seconds between two readings of the meter (default 60)")
    parser.add_argument("--history-mb", type=float, default=64, help="megabytes that all histories may have (default 64)")
    parser.add_argument("--json", action="store_true", help="print what is found as JSON, for programs")
    asked = parser.parse_args()
    logging.disable(logging.ERROR)  # what fails does so on purpose
    began_s = time.monotonic()
    with TemporaryDirectory() as folder:
        year = Year(Path(folder) / "gateway.db", step_s=asked.every, history_mb=asked.history_mb)
        if not asked.json:
            _say(_HEAD)
        months = year.run(asked.days, (lambda month: None) if asked.json else _row)
        found = year.found()
    if asked.json:
        _say(json.dumps({"months": [month._asdict() for month in months], **found}))
    else:
        _say(f"\n{time.monotonic() - began_s:.0f} s; {json.dumps(found)}")
    return 0


def _row(month: Month) -> None:
    figures = [
        month.month,
        f"{month.turns:,}",
        f"{month.store_bytes / 1000:,.0f}",
        f"{month.history_bytes / 1000:,.0f}",
        f"{month.resident_bytes / 1e6:.1f}",
        f"{month.events:,}",
        f"{month.seen:,}",
        month.mail,
    ]
    _say(f"| {' | '.join(map(str, figures))} |")


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
