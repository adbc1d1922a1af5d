"""NMEA sentences: the checksum decides, and no bytes break it."""

import contextlib
from functools import reduce
from operator import xor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.codecs.framing import BadFrame
from devices.codecs.nmea import DAY_MS, FixPart, Sentence, checksum, read_part, read_sentence, write_sentence

RMC = b"$GPRMC,123519.00,A,4807.038,N,01131.000,E,022.4,084.4,230394,003.1,W,A*29"


def part_of(body: str) -> FixPart | None:
    return read_part(read_sentence(write_sentence(body)))


@given(st.binary(max_size=1024))
def test_checksum(body: bytes):
    """Folding gives the same as XOR byte by byte."""
    assert checksum(body) == reduce(xor, body, 0)


@pytest.mark.parametrize("talker", ["GP", "GN", "GL", "GA", "GB", "BD", "QZ", "GI", "IN"])
def test_any_talker(talker: str):
    """Every talker's sentences are read."""
    sentence = read_sentence(write_sentence(f"{talker}RMC,123519.00,A,4807.038,N,01131.000,E,022.4,084.4,230394,003.1,W,A"))
    assert (sentence.talker, sentence.kind, sentence.fields[0]) == (talker, "RMC", "123519.00")


@pytest.mark.parametrize("before", [b"", b"\xb5\x62\x01\x07\x5c\x00\x24\x11", b"\xa0\xa2\x00", b"$GPGGA,1235", b"\0\0", b"# note "])
@pytest.mark.parametrize("after", [b"", b"\r", b" \r\r", b"\0"])
def test_bytes_around(before: bytes, after: bytes):
    """Binary bytes or a cut sentence before the last `$`, and white space after the checksum, are no part of it."""
    assert read_sentence(before + write_sentence("GPRMC,1") + after) == Sentence("GP", "RMC", ["1"])


@pytest.mark.parametrize(
    ("line", "fault", "said"),
    [
        (RMC[:-2] + b"28", "checksum", "cannot read an NMEA sentence: RMC says checksum 28, its bytes give 29"),
        (RMC[:-3], "checksum", "cannot read an NMEA sentence: RMC has no checksum"),
        (RMC[:-1], "not_nmea", "cannot read an NMEA sentence: b'$GPRMC,123519.00,A,4' is not of the form $TTKKK,fields*HH"),
        (RMC + b"x", "not_nmea", "cannot read an NMEA sentence: b'$GPRMC,123519.00,A,4' is not of the form $TTKKK,fields*HH"),
        (b"\xb5\x62\x01", "not_nmea", "cannot read an NMEA sentence: the line holds no '$'"),
        (b"!AIVDM,1,1,,A,13u?et", "checksum", "cannot read an NMEA sentence: VDM has no checksum"),
        (write_sentence("PUBX,04,1")[:-2] + b"00", "checksum", "cannot read an NMEA sentence: UBX says checksum 00, its bytes give"),
    ],
)
def test_refused(line: bytes, fault: str, said: str):
    """Wrong and missing checksums, cut sentences and trailing bytes are refused."""
    with pytest.raises(BadFrame) as caught:
        read_sentence(line)
    assert caught.value.fault == fault
    assert str(caught.value).startswith(said)


@pytest.mark.parametrize(
    ("line", "talker", "kind"),
    [
        (b"!" + write_sentence("AIVDM,1,1,,B,15M67FC000G?ufbE`FepT@3n00Sa,0")[1:], "AI", "VDM"),
        (b"\\s:r1*5A\\!" + write_sentence("BSVDM,1,1,,A,0,0")[1:], "BS", "VDM"),
        (write_sentence("PUBX,00,101500.00"), "P", "UBX"),
        (write_sentence("PMTK010,002"), "P", "MTK010"),
        (write_sentence("PGRMC,A,218.8,100"), "P", "GRMC"),
        (write_sentence("PRMC,101500.00,A,4807.038,N,01131.000,E,0,0,010624,,,A"), "P", "RMC"),
        (b"$PFEC,GPint,GGA01", "P", "FEC"),
        (write_sentence("GPTXT,01,01,02,hello!"), "GP", "TXT"),
        (write_sentence("GPR00,EGLL,EGLM"), "GP", "R00"),
        (write_sentence("U1XDR,C,20.5,C,T"), "U1", "XDR"),
    ],
)
def test_sentences_that_say_nothing_of_a_position(line: bytes, talker: str, kind: str):
    """Those of makers and of AIS are read like any other, and no position is taken from them: `$PRMC` is nobody's RMC."""
    sentence = read_sentence(line)
    assert (sentence.talker, sentence.kind, read_part(sentence)) == (talker, kind, None)


def test_checksum_not_required():
    """Where it is allowed, a sentence without a checksum is read; a wrong one is refused all the same."""
    assert read_sentence(RMC[:-3], checksum_required=False).kind == "RMC"
    with pytest.raises(BadFrame):
        read_sentence(RMC[:-2] + b"28", checksum_required=False)


def test_rmc_fields():
    """RMC has position, speed in m/s, course, and a date of the last century where the year says so."""
    part = read_part(read_sentence(RMC))
    assert part == FixPart(
        "RMC",
        True,
        time_ms=45319000,
        day=8847,
        latitude_deg=48 + 7.038 / 60,
        longitude_deg=11 + 31 / 60,
        speed_mps=22.4 * (1852 / 3600),
        heading_deg=84.4,
    )


@pytest.mark.parametrize(
    ("body", "valid"),
    [
        ("GPRMC,1,V,4807.0,N,01131.0,E,,,230394,,", False),
        ("GPRMC,1,A,4807.0,N,01131.0,E,,,230394,,,N", False),
        ("GPRMC,1,A,,,,,,,230394,,,A", False),
        ("GPRMC,1,A,4807.0,N,01131.0,E", True),
        ("GPGGA,1,4807.0,N,01131.0,E,0,,,,,,,,", False),
        ("GPGGA,1,4807.0,N,01131.0,E,2,,,,,,,,", True),
        ("GPGLL,4807.0,N,01131.0,E,1,V", False),
        ("GPGLL,4807.0,N,01131.0,E,1,A,N", False),
        ("GPGLL,4807.0,N,01131.0,E,1,A", True),
        ("GPGLL,9907.0,N,01131.0,E,1,A", False),
        ("GPGLL,4867.0,N,01131.0,E,1,A", False),
        ("GPGLL,4807.0,X,01131.0,E,1,A", False),
        ("GPVTG,,T,,M,,N,,K,N", False),
    ],
)
def test_valid(body: str, valid: bool):
    """Only RMC status A without mode N, GGA quality above 0, GLL status A, and places that exist are valid."""
    part = part_of(body)
    assert part is not None
    assert part.valid is valid


def test_south_and_west_are_negative():
    """The half of the world gives the sign."""
    part = part_of("GPGLL,2712.6404,S,01131.0,W,1,A")
    assert part is not None
    assert (part.latitude_deg, part.longitude_deg) == (-(27 + 12.6404 / 60), -(11 + 31 / 60))


@pytest.mark.parametrize(
    ("date", "day"),
    [
        ("290224", 19782),
        ("290223", None),
        ("310400", None),
        ("", None),
        ("000000", None),
        ("010180", 3652),
        ("311279", 40176),
        ("31012x", None),
    ],
)
def test_dates(date: str, day: int | None):
    """Leap days exist in leap years only; years from 80 on are of the last century; an impossible date is absent."""
    part = read_part(Sentence("GP", "RMC", ["", "A", "4807.0", "N", "01131.0", "E", "", "", date]))
    assert part is not None
    assert part.day == day


@pytest.mark.parametrize(
    ("text", "time_ms"),
    [("235959.999", DAY_MS - 1), ("235960", DAY_MS), ("240000", None), ("126000", None), ("12", None), ("000000.5", 500)],
)
def test_times(text: str, time_ms: int | None):
    """A leap second is the next minute's first; a time that no clock shows is absent."""
    part = part_of(f"GPGGA,{text},4807.0,N,01131.0,E,1,,,,,,,,")
    assert part is not None
    assert part.time_ms == time_ms


@pytest.mark.parametrize("text", ["nan", "1e5", "inf", "1_0", " 1", "-1", "--1", "9" * 40])
def test_numbers_are_plain(text: str):
    """What only Python takes for a number is none, and neither is a negative speed."""
    part = part_of(f"GPRMC,1,A,4807.0,N,01131.0,E,{text},{text},230394,,")
    assert part is not None
    assert (part.speed_mps, part.heading_deg) == (None, None)


def test_vtg_without_unit_letters():
    """The old form of VTG has its fields elsewhere, and is not misread."""
    assert part_of("GPVTG,309.62,,0.13,0.2,1,2,3,4") == FixPart("VTG", False)


@given(st.binary(max_size=100) | st.binary(max_size=60).map(lambda body: b"$GPRMC," + body + b"*%02X" % checksum(b"GPRMC," + body)))
def test_any_bytes(line: bytes):
    """Whatever the bytes are, there is a sentence or a BadFrame."""
    with contextlib.suppress(BadFrame):
        read_part(read_sentence(line))


FIELDS = st.text(st.characters(codec="ascii"), max_size=10) | st.text("0123456789", min_size=1, max_size=400)
"""Anything, and numbers of a length that no receiver says."""


@given(st.sampled_from(["RMC", "GGA", "GLL", "VTG", "ZDA"]), st.lists(FIELDS, max_size=20))
def test_any_fields(kind: str, fields: list[str]):
    """Whatever the fields hold, reading them raises nothing."""
    assert read_part(Sentence("GP", kind, fields)) is not None


@pytest.mark.parametrize("at", range(6))
@pytest.mark.parametrize("kind", ["RMC", "GGA", "GLL", "VTG", "ZDA"])
def test_numbers_of_thirty_digits_say_nothing(kind: str, at: int):
    """A date of them is none: they are too large for the integers that dates are made of."""
    fields = ["000000", "01", "06", "2024", "00", "00"]
    fields[at] = "9" * 30
    assert read_part(Sentence("GP", kind, fields)) is not None
