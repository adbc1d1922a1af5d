"""The soak, for as long as asked: `python -m tests.soak --minutes 10`. What it prints at the end stands in config/guide/promises.md."""

import argparse
import random
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.soak.caller import call
from tests.soak.runs import RUNS
from tests.soak.targets import Tried, targets, try_out

FUZZING = 0.35
"""The share of the time that is for broken inputs; the rest is for the runs, alike."""


def main() -> int:
    """Soak; the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=10.0, help="how long, about (default 10)")
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 32), help="of all that is random (default: another each time)")
    asked = parser.parse_args()
    _say(f"soaking for about {asked.minutes:g} minutes, with --seed {asked.seed}")
    began_s, seconds, rng = time.monotonic(), asked.minutes * 60, random.Random(asked.seed)
    rows, faults = ["| part | what was done | wrong |", "| --- | --- | --: |"], list[str]()

    def note(part: str, done: str, tried: Tried) -> None:
        rows.append(f"| {part} | {done} | {len(tried.faults)} |")
        faults.extend(tried.faults)
        _say("\n".join([rows[-1], *tried.faults]))

    with targets() as all_targets, TemporaryDirectory() as folder:
        share_s = seconds * FUZZING / (len(all_targets) + 1)
        for target in all_targets:
            tried = try_out(target, share_s, rng)
            note(target.name, f"{tried.count:,} broken inputs", tried)
        tried = call(share_s, rng, Path(folder))
        note("control socket", f"{tried.count:,} broken requests", tried)
    for number, (part, run) in enumerate(RUNS.items()):
        left_s = seconds - (time.monotonic() - began_s)
        note(part, *run(left_s / (len(RUNS) - number), rng))
    _say("\n".join(["", *rows, "", f"{(time.monotonic() - began_s) / 60:.0f} minutes, --seed {asked.seed}"]))
    return 1 if faults else 0


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
