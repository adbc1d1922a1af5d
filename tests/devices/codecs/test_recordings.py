"""Recordings: real receivers, compared sentence by sentence with an independent decoder (pynmeagps)."""

import os
from pathlib import Path

import pytest
from pynmeagps import NMEAMessage, NMEAReader

from devices.codecs.fixes import Track, flush, fold
from devices.codecs.framing import BadFrame, LineFramer
from devices.codecs.nmea import DAY_MS, MPS_PER_KNOT, FixPart, read_part, read_sentence
from devices.serial.simulated_devices import GpsTracker
from devices.serial.simulated_line import SimulatedLine
from gateway.actors.vocabulary import Fix

FOLDER = Path(os.environ.get("NMEA_RECORDINGS", Path(__file__).parents[4] / "shared" / "data" / "nmea"))
RECORDINGS = sorted(FOLDER.glob("*.log")) if FOLDER.is_dir() else []


def simulated(count: int = 200) -> bytes:
    with SimulatedLine() as line:
        tracker = GpsTracker(line, began_ms=1_709_251_199_000)  # the last second of 29 February 2024
        return b"".join(line + b"\r\n" for number in range(count) for line in tracker.compose(number))


def each_recording():
    return [pytest.param(path, id=path.stem) for path in RECORDINGS] or [
        pytest.param(None, marks=pytest.mark.skip(reason=f"no recordings in {FOLDER}; name the folder in NMEA_RECORDINGS"))
    ]


def fixes_in(stream: bytes, *, chunk_bytes: int = 4096) -> list[Fix]:
    framer, track, found = LineFramer(), Track(), []
    for begin in range(0, len(stream), chunk_bytes):
        for line in framer.feed(stream[begin : begin + chunk_bytes], 0.0):
            try:
                track, fixes = fold(track, read_sentence(line))
            except BadFrame:
                continue
            found += fixes
    return [*found, *flush(track)[1]]


def compare(stream: bytes) -> int:
    """Compare each sentence; how many there were."""
    compared = 0
    for line in stream.split(b"\n"):
        try:
            part = read_part(read_sentence(line))
        except BadFrame:
            continue
        if part is not None and part.kind != "ZDA":
            agree(part, NMEAReader.parse(line[line.rindex(b"$") :].strip() + b"\r\n"))
            compared += 1
    return compared


def agree(part: FixPart, theirs: NMEAMessage) -> None:
    if part.kind != "VTG":
        ours = ("", "") if part.latitude_deg is None else (part.latitude_deg, part.longitude_deg)
        assert (theirs.lat, theirs.lon) == (ours if ours == ("", "") else pytest.approx(ours, abs=1e-6))
        assert part.time_ms == (theirs.time and ms_of(theirs.time)) or (part.time_ms is None and theirs.time == "")
    if part.kind == "RMC":
        assert part.speed_mps == (None if theirs.spd in ("", None) else pytest.approx(theirs.spd * MPS_PER_KNOT, abs=1e-6))
        assert part.heading_deg == (None if theirs.cog in ("", None) else pytest.approx(theirs.cog, abs=1e-6))
        if part.day is not None:
            assert part.day == (theirs.date - theirs.date.replace(year=1970, month=1, day=1)).days
    if part.kind == "GGA":
        assert part.altitude_m == (None if theirs.alt in ("", None) else pytest.approx(theirs.alt, abs=1e-6))
        assert part.valid is (theirs.quality > 0)


def ms_of(time) -> int:  # datetime.time
    return ((time.hour * 60 + time.minute) * 60 + time.second) * 1000 + time.microsecond // 1000


@pytest.mark.parametrize("path", each_recording())
def test_agrees_with_pynmeagps(path: Path):
    """Each RMC, GGA, GLL and VTG whose checksum holds reads as the independent decoder reads it."""
    assert compare(path.read_bytes()) > 50


@pytest.mark.parametrize("path", each_recording())
def test_one_fix_for_each_valid_epoch(path: Path):
    """There is one fix for each valid moment of a recording, in order, and none at another place."""
    stream = path.read_bytes()
    found = fixes_in(stream)
    moments = {fix.at_ms % DAY_MS for fix in found if fix.at_ms}
    parts = [read_part(read_sentence(line)) for line in stream.split(b"\n") if readable(line)]
    assert moments >= {part.time_ms for part in parts if part and part.kind == "RMC" and part.valid}
    assert len({fix.at_ms for fix in found}) == len(found)
    # by the second: one receiver corrects its clock by some tenths when it finds its first satellites
    assert [fix.at_ms // 1000 for fix in found] == sorted(fix.at_ms // 1000 for fix in found)


@pytest.mark.parametrize("path", each_recording())
def test_chunks_do_not_matter(path: Path):
    """Read byte by byte, a recording says the same."""
    stream = path.read_bytes()
    assert fixes_in(stream, chunk_bytes=1) == fixes_in(stream)


def readable(line: bytes) -> bool:
    try:
        read_sentence(line)
    except BadFrame:
        return False
    return True


def test_simulated_recording_agrees():
    """Our own simulator's sentences are good NMEA for the independent decoder too."""
    assert compare(simulated()) == 400


def test_simulated_recording_comes_back():
    """What the simulator drove is what the codec reads: position, time over midnight, speed and course."""
    with SimulatedLine() as line:
        driven = [GpsTracker(line, began_ms=1_709_251_199_000).fix(number) for number in range(200)]
    found = fixes_in(simulated())
    assert len(found) == 200
    for ours, theirs in zip(found, driven, strict=True):
        assert (ours.at_ms, ours.satellites) == (theirs.at_ms, theirs.satellites)
        assert (ours.latitude_deg, ours.longitude_deg) == pytest.approx((theirs.latitude_deg, theirs.longitude_deg), abs=1e-6)
        assert (ours.speed_mps, ours.heading_deg, ours.altitude_m) == pytest.approx(
            (theirs.speed_mps, theirs.heading_deg, theirs.altitude_m), abs=0.06
        )


def test_broken_recording():
    """Cut and flipped bytes cost fixes and raise nothing; no fix appears that was not driven."""
    stream = bytearray(simulated())
    driven = {fix.at_ms for fix in fixes_in(bytes(stream))}
    for place in range(0, len(stream), 97):
        stream[place] ^= 0x55
    found = fixes_in(bytes(stream))
    assert {fix.at_ms for fix in found} <= driven | {0}
