"""A program that is not a radio: prints what rtl_433 prints of weather stations, each thing as often as a radio hears it. Where the file
names another codec than JSON, it prints what that codec reads, in the framing that the file names.

    python -m devices.exec.simulator --interval-s 5 --stations 2

`[exec.NAME] simulate = true` runs it in place of the command, as a process of its own.
"""

import argparse
import json
import math
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from devices.codecs.choice import codec_of, framing_settings
from devices.codecs.codec import CannotEncode
from devices.codecs.lines import LineSettings
from devices.codecs.simulated import nested, wanted_fields
from devices.exec.settings import ExecSettings, ExecSimulation
from gateway.actors.templates import fields_of


def command_of(settings: ExecSettings) -> list[str]:
    """The command that stands in for the one of the settings; its lines have every field that names a receiver."""
    told = settings.simulation or ExecSimulation()
    words = [sys.executable, "-m", __name__, "--interval-s", str(told.interval_s), "--stations", str(told.stations)]
    words += ["--said", str(told.said)]
    of_lines = {name: getattr(settings, name) for name in LineSettings.model_fields if name in settings.model_fields_set}
    reads = LineSettings.model_validate({"codec": settings.codec, **of_lines})
    return [*words, "--reads", reads.model_dump_json(by_alias=True, exclude_unset=True)]


class Stations:
    """Stations that say what a codec reads. Raises CannotEncode where it can write no line."""

    def __init__(self, reads: LineSettings, *, said: int = 1) -> None:
        self._codec = codec_of(reads.codec)
        self._wrapped = framing_settings(reads.framed).wrapped
        self._is_json = reads.codec_name == "json"
        self._named = fields_of(reads.to)
        self._wanted = wanted_fields(reads.values, "" if self._is_json else reads.to)
        self._said = said
        self._number = 0

    def say(self, station: int, *, at_s: float) -> Iterator[bytes]:
        """What is printed of the station of that number at one moment."""
        number, self._number = self._number, self._number + 1
        wanted = self._wanted(number)
        if self._is_json:
            spoken = [line.encode() for line in lines(station, at_s=at_s, said=self._said, fields=self._named, more=nested(wanted))]
        else:
            spoken = [frame for frame in self._codec.simulated(number, wanted) for _ in range(self._said)]
        yield from map(self._wrapped, spoken)


def lines(
    number: int, *, at_s: float, said: int = 1, fields: Sequence[str] = (), more: Mapping[str, Any] = MappingProxyType({})
) -> Iterator[str]:
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
    line = json.dumps({**dict.fromkeys(fields, "simulated"), **station, **more})
    yield from (line for _ in range(said))


def main(words: Sequence[str]) -> None:
    """Print for ever, on a grid."""
    told = argparse.ArgumentParser(prog="weather", description="Print what a radio hears of weather stations.")
    told.add_argument("--interval-s", type=float, default=5.0)
    told.add_argument("--stations", type=int, default=1)
    told.add_argument("--said", type=int, default=3)
    told.add_argument("--reads", type=LineSettings.model_validate_json, default=LineSettings(codec="json", to="twin/{model}"))
    options = told.parse_args(words)
    stations = Stations(options.reads, said=options.said)
    next_s = time.monotonic()
    while True:
        for number in range(options.stations):
            for frame in stations.say(number, at_s=time.time()):
                sys.stdout.buffer.write(frame)
        sys.stdout.buffer.flush()
        next_s += options.interval_s
        time.sleep(max(0.0, next_s - time.monotonic()))


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except CannotEncode as error:
        sys.exit(f"cannot simulate it: {error}")
