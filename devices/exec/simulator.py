"""A program that is not a radio: prints what rtl_433 prints of weather stations, each thing as often as a radio hears it.

    python -m devices.exec.simulator --interval-s 5 --stations 2

`[exec.NAME] simulate = true` runs it in place of the command, as a process of its own.
"""

import argparse
import json
import math
import sys
import time
from collections.abc import Iterator, Sequence

from devices.exec.settings import ExecSettings, ExecSimulation
from gateway.actors.templates import fields_of


def command_of(settings: ExecSettings) -> list[str]:
    """The command that stands in for the one of the settings; its lines have every field that names a receiver."""
    told = settings.simulation or ExecSimulation()
    words = [sys.executable, "-m", __name__, "--interval-s", str(told.interval_s), "--stations", str(told.stations)]
    return [*words, "--said", str(told.said), "--fields", *fields_of(settings.to)]


def lines(number: int, *, at_s: float, said: int = 1, fields: Sequence[str] = ()) -> Iterator[str]:
    """What is printed of the station of that number at one moment."""
    turned = at_s / 600 + number
    station = {
        "time": time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(at_s)),
        "model": "Simulated-TH",
        "id": 40 + number,
        "channel": number % 3 + 1,
        "battery_ok": 1,
        "temperature_C": round(12 + 8 * math.sin(turned), 1),
        "humidity": round(60 + 20 * math.cos(turned)),
        "mic": "CRC",
    }
    line = json.dumps({**dict.fromkeys(fields, "simulated"), **station})
    yield from (line for _ in range(said))


def main(words: Sequence[str]) -> None:
    """Print for ever, on a grid."""
    told = argparse.ArgumentParser(prog="weather", description="Print what a radio hears of weather stations.")
    told.add_argument("--interval-s", type=float, default=5.0)
    told.add_argument("--stations", type=int, default=1)
    told.add_argument("--said", type=int, default=3)
    told.add_argument("--fields", nargs="*", default=[])
    options = told.parse_args(words)
    next_s = time.monotonic()
    while True:
        for number in range(options.stations):
            for line in lines(number, at_s=time.time(), said=options.said, fields=options.fields):
                sys.stdout.write(f"{line}\n")
        sys.stdout.flush()
        next_s += options.interval_s
        time.sleep(max(0.0, next_s - time.monotonic()))


if __name__ == "__main__":
    main(sys.argv[1:])
