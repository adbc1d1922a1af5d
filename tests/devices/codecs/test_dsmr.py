"""DSMR P1: each version as its meters say it, judged by dsmr-parser; a telegram that is not whole is none."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.codecs.codec import CodecSettings
from devices.codecs.crc16 import arc
from devices.codecs.dsmr import Dsmr
from devices.codecs.framing import BadFrame
from devices.serial.simulated_line import SimulatedLine
from devices.serial.simulated_meters import DsmrMeter

_MISSING = "another reader of DSMR is not installed: make .venv/test brings it, where the package index has all that it needs"
telegram_specifications = pytest.importorskip("dsmr_parser.telegram_specifications", reason=_MISSING)
Telegram = pytest.importorskip("dsmr_parser.objects", reason=_MISSING).Telegram
TelegramParser = pytest.importorskip("dsmr_parser.parsers", reason=_MISSING).TelegramParser

V2_2 = """/ISk5\\2MT382-9000

0-0:96.1.1(5A5A30303030303031)
1-0:1.8.1(00321.123*kWh)
1-0:1.8.2(00654.456*kWh)
1-0:2.8.1(00011.000*kWh)
1-0:2.8.2(00022.500*kWh)
0-0:96.14.0(0001)
1-0:1.7.0(0001.37*kW)
1-0:2.7.0(0000.00*kW)
0-0:17.0.0(0999.00*kW)
0-0:96.3.10(1)
0-0:96.13.1()
0-0:96.13.0()
0-1:24.1.0(3)
0-1:96.1.0(5A5A30303030303032)
0-1:24.3.0(300102110000)(00)(60)(1)(0-1:24.2.1)(m3)
(00987.654)
0-1:24.4.0(1)
!"""

V4 = """/XMX5LGBBFG1000000001

1-3:0.2.8(42)
0-0:1.0.0(300701120000S)
0-0:96.1.1(5A5A30303030303033)
1-0:1.8.1(000123.456*kWh)
1-0:1.8.2(000200.001*kWh)
1-0:2.8.1(000000.000*kWh)
1-0:2.8.2(000000.000*kWh)
0-0:96.14.0(0002)
1-0:1.7.0(02.345*kW)
1-0:2.7.0(00.000*kW)
0-0:96.7.21(00015)
0-0:96.7.9(00007)
1-0:99.97.0(2)(0-0:96.7.19)(300102030405W)(0000000240*s)(300203040506W)(0000000301*s)
1-0:32.32.0(00002)
1-0:32.36.0(00001)
0-0:96.13.1(3031)
0-0:96.13.0(48656C6C6F)
1-0:31.7.0(010*A)
1-0:21.7.0(02.345*kW)
1-0:22.7.0(00.000*kW)
0-1:24.1.0(003)
0-1:96.1.0(5A5A30303030303034)
0-1:24.2.1(300701110000S)(00042.042*m3)
0-2:24.1.0(007)
0-2:96.1.0(5A5A30303030303035)
0-2:24.2.1(300701100000S)(00017.170*m3)
!"""

BELGIAN = """/FLU5\\999999999_A

0-0:96.1.4(50217)
0-0:96.1.1(5A5A30303030303036)
0-0:1.0.0(300115083000W)
1-0:1.8.1(000001.111*kWh)
1-0:1.8.2(000002.222*kWh)
1-0:2.8.1(000003.333*kWh)
1-0:2.8.2(000004.444*kWh)
0-0:96.14.0(0001)
1-0:1.4.0(01.234*kW)
1-0:1.6.0(300103184500W)(04.321*kW)
0-0:98.1.0(1)(1-0:1.6.0)(1-0:1.6.0)(300101000000W)(291203174500W)(04.329*kW)
1-0:1.7.0(00.500*kW)
1-0:2.7.0(00.000*kW)
1-0:32.7.0(234.5*V)
1-0:31.7.0(002.17*A)
0-0:96.3.10(1)
0-0:17.0.0(999.9*kW)
1-0:31.4.0(999*A)
0-0:96.13.0()
0-1:24.1.0(003)
0-1:96.1.1(5A5A30303030303037)
0-1:24.4.0(1)
0-1:24.2.3(300115082959W)(00005.005*m3)
!"""


def with_checksum(text: str) -> bytes:
    body = text.replace("\n", "\r\n").encode()
    return body + b"%04X" % arc(body)


def without(text: str) -> bytes:
    return text.replace("\n", "\r\n").encode()


def codec() -> Dsmr:
    return Dsmr(CodecSettings())


def judged(specification: str, frame: bytes) -> Telegram:
    """What dsmr-parser makes of a telegram."""
    return TelegramParser(getattr(telegram_specifications, specification)).parse(frame.decode() + "\r\n", throw_ex=True)


def ms(*moment: int) -> int:
    return int(datetime(*moment, tzinfo=UTC).timestamp() * 1000)


def agree(fields: dict[str, Any], telegram: Telegram, names: dict[str, str]) -> None:
    """Fail unless each of our values is the judge's, whose powers are in kW."""
    for ours, theirs in names.items():
        said = float(getattr(telegram, theirs).value) * (1000 if ours.endswith("_w") else 1)
        assert fields[ours] == pytest.approx(said, abs=1e-9), ours


COUNTERS = {
    "energy_import_t1_kwh": "ELECTRICITY_USED_TARIFF_1",
    "energy_import_t2_kwh": "ELECTRICITY_USED_TARIFF_2",
    "energy_export_t1_kwh": "ELECTRICITY_DELIVERED_TARIFF_1",
    "energy_export_t2_kwh": "ELECTRICITY_DELIVERED_TARIFF_2",
    "tariff": "ELECTRICITY_ACTIVE_TARIFF",
    "power_import_w": "CURRENT_ELECTRICITY_USAGE",
    "power_export_w": "CURRENT_ELECTRICITY_DELIVERY",
}


def test_version_2_2():
    """It has no checksum, no time, and its gas on two lines by local time."""
    own, gas = codec().read(without(V2_2))
    telegram = judged("V2_2", without(V2_2))
    agree(own, telegram, COUNTERS)
    assert own == {
        **{"meter_id": "ZZ0000001", "energy_import_t1_kwh": 321.123, "energy_import_t2_kwh": 654.456, "energy_export_t1_kwh": 11.0},
        **{"energy_export_t2_kwh": 22.5, "tariff": 1, "power_import_w": 1370, "power_export_w": 0, "power_limit_w": 999000},
        **{"breaker": 1, "message": None},
    }
    assert gas == {"gas_m3": 987.654, "gas_meter_id": "ZZ0000002", "at_ms": ms(2030, 1, 2, 10)}
    assert float(telegram.GAS_METER_READING.value) == gas["gas_m3"]


def test_version_4():
    """Each meter that hangs on it has its own time; summer time is said by a letter."""
    own, gas, water = codec().read(with_checksum(V4))
    telegram = judged("V4", with_checksum(V4))
    agree(own, telegram, {**COUNTERS, "voltage_sags_l1_count": "VOLTAGE_SAG_L1_COUNT", "voltage_swells_l1_count": "VOLTAGE_SWELL_L1_COUNT"})
    assert own["at_ms"] == ms(2030, 7, 1, 10) == telegram.P1_MESSAGE_TIMESTAMP.value.timestamp() * 1000
    assert (own["failures_count"], own["long_failures_count"], own["message"], own["message_code"]) == (15, 7, "Hello", "01")
    assert (own["current_l1_a"], own["power_import_l1_w"]) == (10, 2345)
    assert gas == {"gas_m3": 42.042, "gas_meter_id": "ZZ0000004", "at_ms": ms(2030, 7, 1, 9)}
    assert water == {"water_m3": 17.17, "water_meter_id": "ZZ0000005", "at_ms": ms(2030, 7, 1, 8)}
    alone = with_checksum(V4.split("0-2:24.1.0", maxsplit=1)[0] + "!")  # of several, the judge takes the last one for gas
    read = judged("V4", alone).HOURLY_GAS_METER_READING
    assert (float(read.value), read.datetime.timestamp() * 1000) == (gas["gas_m3"], gas["at_ms"])


def test_version_5b():
    """A Belgian meter says its quarter of an hour, the peak of the month, and gas that is not corrected."""
    own, gas = codec().read(with_checksum(BELGIAN))
    agree(own, judged("BELGIUM_FLUVIUS", with_checksum(BELGIAN)), COUNTERS)
    assert (own["power_average_w"], own["power_most_w"], own["fuse_a"], own["current_l1_a"]) == (1234, 4321, 999, 2.17)
    assert own["at_ms"] == ms(2030, 1, 15, 7, 30)
    assert gas == {"gas_m3": 5.005, "gas_meter_id": "ZZ0000007", "at_ms": ms(2030, 1, 15, 7, 29, 59)}


@pytest.mark.parametrize("number", [0, 7, 39, 200, 1000])
def test_version_5_as_simulated(number: int):
    """The simulated meter says what dsmr-parser reads as well."""
    with SimulatedLine() as line:
        meter = DsmrMeter(line, began_ms=ms(2030, 1, 2))
        (frame,) = meter.compose(number)
    own, gas = codec().read(frame)
    telegram = judged("V5", frame)
    agree(own, telegram, {**COUNTERS, "voltage_l1_v": "INSTANTANEOUS_VOLTAGE_L1", "current_l1_a": "INSTANTANEOUS_CURRENT_L1"})
    assert own["at_ms"] == telegram.P1_MESSAGE_TIMESTAMP.value.timestamp() * 1000 == ms(2030, 1, 2) + 1000 * number
    reading = telegram.MBUS_DEVICES[0].MBUS_METER_READING
    assert (gas["gas_m3"], gas["at_ms"]) == (float(reading.value), reading.datetime.timestamp() * 1000)


def test_a_reading_is_told_once():
    """Gas that was not read anew is not reported anew; and at once when it was."""
    one = codec()
    assert len(one.read(with_checksum(V4))) == 3
    assert len(one.read(with_checksum(V4))) == 1
    later = V4.replace("300701110000S)(00042.042", "300701120000S)(00042.042")
    assert [fields.get("gas_m3") for fields in one.read(with_checksum(later))] == [None, 42.042]


def test_a_second_gas_meter():
    """It has its channel in its name; one that says no time is part of the telegram's own report."""
    text = V4.replace("0-2:24.1.0(007)", "0-2:24.1.0(003)").replace("0-2:24.2.1(300701100000S)", "0-2:24.2.1")
    own, gas = codec().read(with_checksum(text))
    assert (gas["gas_m3"], own["channel_2_gas_m3"]) == (42.042, 17.17)


@pytest.mark.parametrize(
    "never", ["700101010000W)(00000000", "632525252525W)(00000.000", "700101000000W)(00000.000*m3", "700102030000W)(00000.000*m3"]
)
def test_a_gas_meter_that_was_taken_off(never: str):
    """A telegram goes on naming it, with 0 at no time: that is no reading, and the meter in its place has the name."""
    text = V4.replace("300701110000S)(00042.042*m3", never).replace("0-2:24.1.0(007)", "0-2:24.1.0(003)")
    own, gas = codec().read(with_checksum(text))
    assert gas["gas_m3"] == 17.17
    assert not [name for name in own if name.startswith("gas")]


def test_what_a_meter_cannot_tell_now():
    """Where a number belongs, and a checksum vouches for it that none stands there, the value is missing: the last one is good no more."""
    text = V4.replace("1-0:31.7.0(010*A)", "1-0:31.7.0(---*A)").replace("02.345*kW", "02,345*kW")
    own, *_ = codec().read(with_checksum(text))
    assert (own["current_l1_a"], own["power_import_w"]) == (None, None)


def test_lines_that_end_in_lf_alone():
    """What stands between the meter and us may have made LF of CR LF: the checksum is that of what the meter sent."""
    whole = with_checksum(V4)
    assert codec().read(whole.replace(b"\r\n", b"\n")) == codec().read(whole)
    with pytest.raises(BadFrame):
        codec().read(whole.replace(b"\r\n", b"\n", 3))


@given(st.integers(0, len(V4) - 1), st.integers(0, 7))
def test_a_wrong_bit(at: int, bit: int):
    """A telegram with a wrong bit is none, wherever it is."""
    frame = bytearray(with_checksum(V4))
    frame[at] ^= 1 << bit
    with pytest.raises(BadFrame):
        codec().read(bytes(frame))


@pytest.mark.parametrize(
    ("frame", "fault", "said"),
    [
        (with_checksum(V4)[:-4] + b"0000", "checksum", "cannot read a telegram: it says checksum b'0000', its bytes give "),
        (without(V4), "checksum", "cannot read a telegram: it has no checksum, and its version says that it has one"),
        (
            without(V2_2.replace("00321.123", "0032?.123")),
            "not_dsmr",
            "cannot read a telegram: '0032?.123*kWh' is no number of energy_import",
        ),
        (without(V2_2.replace("1-0:1.8.2(", "1-0:1.8.2")), "not_dsmr", "cannot read a telegram: its line '1-0:1.8.200654.456*kWh)' is not"),
        (b"1-0:1.8.1(1*kWh)", "not_dsmr", "cannot read a telegram: it does not go from '/' to '!'"),
    ],
)
def test_what_is_no_telegram(frame: bytes, fault: str, said: str):
    """It is said why."""
    with pytest.raises(BadFrame) as raised:
        codec().read(frame)
    assert raised.value.fault == fault
    assert str(raised.value).startswith(said)


def test_what_nobody_knows_is_left_out():
    """Objects and units without a name here cost nothing of the rest where a checksum vouches for them."""
    text = V4.replace("1-0:31.7.0(010*A)", "1-0:31.7.0(010*furlong)\n9-9:9.9.9.9()\nnoise\n1-0:51.7.0()")
    own, *_ = codec().read(with_checksum(text))
    assert "current_l1_a" not in own
    assert own["power_import_w"] == 2345
