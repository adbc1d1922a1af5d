"""The comparison: JSON lines over a pty, or by MQTT at QoS 1 → a count per device → MQTT at QoS 1, by our gateway and its peers in turn.

Each round runs all of them, one after the other, so that whatever else the machine does meets them alike. The table shows the
medians of the rounds, and as ratios the medians of each round's own ratio. Nothing passes or fails by its time. What was lost and
doubled stands beside it, also at a kill and in an outage of the broker: speed without that is no comparison.
"""

import argparse
import statistics
import sys
from collections.abc import Callable, Sequence
from typing import NamedTuple

from tests.bench import machine
from tests.bench.peers import MQTT, OURS, SERIAL, SIDES, left_out
from tests.bench.side import Outcome, Plan, run_side


class Row(NamedTuple):
    """One row of the table."""

    title: str
    value: Callable[[Outcome], float]
    digits: int = 0
    goal: str = ""
    ratios: bool = True


def rows(plan: Plan) -> list[Row]:
    """The rows, for the rates that were sent."""
    paced, slow = f"at {plan.paced_per_s:g}/s", f"at {plan.slow_per_s:g}/s"
    return [
        Row("lines a second", lambda o: o.full.per_s, 0, "above naive and Node-RED; ≥ 0.55 of shortest"),
        Row("lost", lambda o: o.full.lost + o.paced.lost + o.slow.lost, 0, "0", ratios=False),
        Row("doubled", lambda o: o.full.doubled + o.paced.doubled + o.slow.doubled, 0, "0", ratios=False),
        Row("lost at a kill -9", lambda o: o.killed.lost, 0, "0", ratios=False),
        Row("doubled at a kill -9", lambda o: o.killed.doubled, 0, "", ratios=False),
        Row("lost in an outage of the broker", lambda o: o.cut.lost, 0, "0", ratios=False),
        Row("doubled in an outage of the broker", lambda o: o.cut.doubled, 0, "", ratios=False),
        Row(f"latency p50 {paced}, ms", lambda o: o.paced.p50_ms, 2, "≤ 1.3 of shortest"),
        Row(f"latency p99 {paced}, ms", lambda o: o.paced.p99_ms, 2),
        Row("CPU per line at full speed, µs", lambda o: o.full.cpu_us),
        Row(f"CPU per line {slow}, µs", lambda o: o.slow.cpu_us),
        Row("peak RSS, MB", lambda o: o.peak_rss_mb, 1, "≤ 45"),
        Row("written per line at full speed, bytes", lambda o: o.full.written_bytes),
        Row(f"written per line {slow}, bytes", lambda o: o.slow.written_bytes),
        Row("published body, bytes", lambda o: o.full.body_bytes, 0, "alike"),
    ]


def there(source: str, sides: Sequence[str] = tuple(SIDES)) -> list[str]:
    """Those of the sides that are installed here and take lines from that source."""
    return [side for side in sides if SIDES[side].version() and source in SIDES[side].inputs]


def compare(plan: Plan, rounds: int, sides: Sequence[str], source: str = SERIAL) -> dict[str, list[Outcome]]:
    """Run the rounds, interleaved."""
    outcomes: dict[str, list[Outcome]] = {side: [] for side in sides}
    for number in range(1, rounds + 1):
        for side in list(outcomes):
            sys.stderr.write(f"round {number} of {rounds}, lines by {source}: {side}\n")
            try:
                outcomes[side].append(run_side(SIDES[side], plan, source))
            except TimeoutError as error:
                if not SIDES[side].optional:
                    raise
                sys.stderr.write(f"{side} is left out: {error}\n")
                del outcomes[side]
    return outcomes


def table(plan: Plan, outcomes: dict[str, list[Outcome]]) -> str:
    """The comparison in markdown."""
    sides = list(outcomes)
    against = [side for side in sides if side != OURS] if OURS in sides else []
    head = ["", *sides, *(f"{OURS} ÷ {other}" for other in against), "goal"]
    lines = [head, ["---", *["--:"] * (len(head) - 2), "---"]]
    lines.append(["version", *(SIDES[side].version() for side in sides), *("" for _ in against), ""])
    lines += [_cells(row, outcomes, against) for row in rows(plan)]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def report(plan: Plan, rounds: int, sides: Sequence[str] = tuple(SIDES), source: str = SERIAL) -> str:
    """The table, and below it what it was measured on."""
    outcomes = compare(plan, rounds, there(source, sides), source)
    seconds = plan.paced_s
    return (
        f"{table(plan, outcomes)}\n\n"
        f"Medians of {rounds} rounds; in each, every pipeline took {plan.lines} lines of about 100 bytes from 10 devices at full speed, "
        f"then {seconds:g} s at {plan.paced_per_s:g}/s and {seconds:g} s at {plan.slow_per_s:g}/s. "
        f"A fault comes in the middle of {plan.faulty_s:g} s at {plan.faulty_per_s:g}/s: the pipeline is killed and started again at "
        f"once, or its broker cannot be reached for {plan.outage_s:g} s. "
        "Bytes written are the pages that the process made dirty (`write_bytes` of /proc/PID/io).\n\n"
        f"{_left_out(source, sides)}{machine.describe()}."
    )


def _left_out(source: str, sides: Sequence[str]) -> str:
    """A sentence on each side that is not in the table."""
    reasons = left_out(list(sides)) | {side: f"it takes no lines by {source}" for side in sides if source not in SIDES[side].inputs}
    return "".join(f"{side} is left out: {reason}.\n" for side, reason in reasons.items()) + ("\n" if reasons else "")


def main() -> None:
    """Run the comparison, or some sides of it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lines", type=int, default=Plan().lines)
    parser.add_argument("--paced-s", type=float, default=Plan().paced_s)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--sides", nargs="+", choices=list(SIDES), default=list(SIDES))
    parser.add_argument("--source", choices=[SERIAL, MQTT], default=SERIAL)
    options = parser.parse_args()
    plan = Plan(lines=options.lines, paced_s=options.paced_s)
    sys.stdout.write(report(plan, options.rounds, options.sides, options.source) + "\n")


def _cells(row: Row, outcomes: dict[str, list[Outcome]], against: Sequence[str]) -> list[str]:
    """One row: the median of each side, then our ratio to each other."""
    values = {side: [row.value(outcome) for outcome in rounds] for side, rounds in outcomes.items()}
    medians = [f"{_median(row, rounds):.{row.digits}f}" for rounds in values.values()]
    ratios = [_ratio(values[OURS], values[other]) if row.ratios else "" for other in against]
    return [row.title, *medians, *ratios, row.goal]


def _median(row: Row, values: Sequence[float]) -> float:
    """What must be nought is shown at its worst."""
    return statistics.median(values) if row.ratios else max(values)


def _ratio(ours: Sequence[float], others: Sequence[float]) -> str:
    """The median of each round's own ratio; nothing where the other side has none."""
    ratios = [our / other for our, other in zip(ours, others, strict=True) if other]
    return f"{statistics.median(ratios):.2f}" if ratios else "-"


if __name__ == "__main__":
    main()
