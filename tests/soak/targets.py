"""Whatever reads bytes from outside, and what each has promised of any bytes at all."""

import random
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from paho.mqtt.client import topic_matches_sub

from devices.codecs.fixes import Track, fold
from devices.codecs.framing import BadFrame, LineFramer
from devices.codecs.json_lines import read_fields
from devices.codecs.nmea import read_sentence, write_sentence
from devices.codecs.text import read_text
from devices.mqtt.packets import Malformed, properties, publish, read_publish
from devices.mqtt.topics import check_filter, check_topic, filter_pattern
from gateway.config import ConfigProblems, read
from tests.soak.mutants import mutated

PROJECT = Path(__file__).parents[2]
SLOW_S = 2.0
"""So much CPU for one input is too much, by far: mostly it takes a thousandth."""
SHOWN = 300
"""Bytes of an input that are shown."""
FAULTS = 5
"""After so many a target is left alone."""

JSON = [
    b'{"device": "boiler", "id": 7, "at_ms": 1, "values": {"t": 61.5, "on": true}}',
    b'{"a": [[1, 2.5e3], "\\u00e9\\"x\\\\"], "b": null, "c": -0}',
]
SENTENCES = [
    write_sentence("GPRMC,120000.00,A,5231.20,N,01324.30,E,000.5,054.7,181194,,,A"),
    write_sentence("GNGGA,120000.00,5231.20,N,01324.30,E,1,08,0.9,545.4,M,46.9,M,,"),
    write_sentence("GPVTG,054.7,T,034.4,M,005.5,N,010.2,K,A"),
    write_sentence("GPZDA,120000.00,18,11,1994,00,00"),
    write_sentence("GPGLL,5231.20,N,01324.30,E,120000.00,A,A"),
]
PUBLISHES = [
    publish(b"gateway/tell/gpio/lamp/switch", b'{"on": true}')[1],
    publish(b"a/b", b"x" * 40, block=properties("id-1", expires_s=9, correlation=b"c"))[1],
]
TOPICS = [b"gateway/twin/boiler\na/+/c", b"$SYS/broker\n#", b"a//b/\n+/+/#", b"sport\nsport/#", "é/日本\n+/日本".encode()]


class Target(NamedTuple):
    """Something that reads bytes. `run` may raise `promised`, and nothing else."""

    name: str
    seeds: Sequence[bytes]
    promised: tuple[type[Exception], ...]
    run: Callable[[bytes, random.Random], object]


class Tried(NamedTuple):
    """How often something was tried, and what was found."""

    count: int
    faults: list[str]


def try_out(target: Target, seconds: float, rng: random.Random) -> Tried:
    """Give a target broken inputs for so long; each fault with the input that showed it."""
    count, faults, end_s = 0, list[str](), time.monotonic() + seconds
    while time.monotonic() < end_s and len(faults) < FAULTS:
        given, began_s = mutated(target.seeds, rng), time.process_time()
        count += 1
        fault = _fault(target, given, rng)
        if (took_s := time.process_time() - began_s) > SLOW_S:
            fault = f"it took {took_s:.1f} s"
        if fault:
            faults.append(f"{target.name}: {fault}, of {len(given)} bytes {given[:SHOWN]!r}")
    return Tried(count, faults)


def _fault(target: Target, given: bytes, rng: random.Random) -> str:
    try:
        target.run(given, rng)
    except target.promised:
        return ""
    except Exception as error:  # noqa: BLE001  # whatever else it is, it is what is looked for
        return repr(error)
    return ""


@contextmanager
def targets() -> Iterator[list[Target]]:
    """All that can be tried within this process."""
    with TemporaryDirectory() as folder:
        file = Path(folder) / "gateway.toml"

        def configuration(given: bytes, rng: random.Random) -> None:
            file.write_bytes(given)
            read(file)

        yield [
            Target("framer", [*JSON, b"one\r\ntwo\n\n\rthree\r\r\nhalf"], (), _framer),
            Target("JSON lines", JSON, (BadFrame,), lambda given, rng: read_fields(given)),
            Target("NMEA", SENTENCES, (BadFrame,), _nmea),
            Target("text frames", [*JSON, *TOPICS], (BadFrame,), lambda given, rng: read_text(given, replace=rng.random() < 0.5)),
            Target("MQTT packets", PUBLISHES, (Malformed,), lambda given, rng: read_publish(0x32, given, v5=rng.random() < 0.5)),
            Target("topics", TOPICS, (ValueError,), _topics),
            Target("configuration", _configurations(), (ConfigProblems,), configuration),
        ]


def _framer(given: bytes, rng: random.Random) -> None:
    """However the stream is cut, the same lines come out; none is longer than it may be."""
    cuts = sorted(rng.randint(0, len(given)) for _ in range(rng.randint(0, 8)))
    chunks = [given[begin:end] for begin, end in zip([0, *cuts], [*cuts, len(given)], strict=True)]
    wanted = [line.removesuffix(b"\r").lstrip(b"\r") for line in given.split(b"\n")[:-1]]
    whole, short = LineFramer(max_bytes=len(given) + 1), LineFramer(max_bytes=16)
    found = [line for chunk in chunks for line in whole.feed(chunk, 0.0)]
    assert found == [line for line in wanted if line], f"cut into {chunks!r:.200}"
    assert all(len(line) <= short.max_bytes for chunk in chunks for line in short.feed(chunk, 0.0))


def _nmea(given: bytes, rng: random.Random) -> None:
    """A sentence with a good checksum as often as a broken one: what is behind the checksum is to be reached."""
    if rng.random() < 0.5:
        body = given.partition(b"$")[2].partition(b"*")[0].decode("ascii", "replace").replace("\ufffd", "?")
        given = write_sentence(body)
    fold(Track(), read_sentence(given.rstrip(b"\r\n")))


def _topics(given: bytes, rng: random.Random) -> None:
    """A filter matches what another library's matches."""
    topic, _, text = given.decode(errors="replace").partition("\n")
    check_topic(topic)
    check_filter(text)
    ours = filter_pattern(text).fullmatch(topic) is not None
    assert ours is topic_matches_sub(text, topic), f"it matches: {ours}"


def _configurations() -> list[bytes]:
    """The files that are shipped, with every key in force; but for the folder whose Python is run."""
    lines = (PROJECT / "config/gateway.toml").read_text().splitlines()
    every = [line.removeprefix("#") if line.startswith("#") and not line.startswith("# ") else line for line in lines]
    return [
        "\n".join(line for line in every if not line.startswith("actors =")).encode(),
        (PROJECT / "config/demo.toml").read_bytes(),
        b'[serial.a]\nport = "/dev/none"\ncodec = "json"\nto = "twin/{device}"\n[actors.twin]\nsilent_after_s = 1\n',
    ]
