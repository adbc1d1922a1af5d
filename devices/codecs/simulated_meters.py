"""What simulated meters of electricity, and a charger, say: telegrams of DSMR P1, files of SML and blocks of VE.Direct, with right
checksums. All follows from the number of what is said.
"""

import math
import time

from devices.codecs.crc16 import arc, x25
from devices.codecs.framings.blocks import CHECKSUM
from devices.codecs.framings.escaped import BEGIN, ESCAPE

GAS_EVERY_S = 300


def load_w(number: int) -> int:
    """The power that the house takes, in watts: now and then less than nothing, for the sun shines."""
    return round(400 + 700 * math.sin(number / 40))


def telegram(number: int, *, at_ms: int = 0) -> bytes:
    """A telegram of a Dutch meter of version 5 on three phases, with a gas meter that is read every five minutes; at 0 it says no time."""
    power_w = load_w(number)
    gas_ms = at_ms // (GAS_EVERY_S * 1000) * GAS_EVERY_S * 1000
    lines = [
        "/ISK5\\2M550T-1012",
        "",
        "1-3:0.2.8(50)",
        *([f"0-0:1.0.0({_winter(at_ms)})"] if at_ms else []),
        "0-0:96.1.1(4530303434303037313331383530343137)",
        f"1-0:1.8.1({4000 + number / 1000:010.3f}*kWh)",
        f"1-0:1.8.2({3000:010.3f}*kWh)",
        f"1-0:2.8.1({500:010.3f}*kWh)",
        f"1-0:2.8.2({900 + number / 2000:010.3f}*kWh)",
        "0-0:96.14.0(0002)",
        f"1-0:1.7.0({max(0, power_w) / 1000:06.3f}*kW)",
        f"1-0:2.7.0({max(0, -power_w) / 1000:06.3f}*kW)",
        "0-0:96.7.21(00003)",
        "0-0:96.13.0()",
        f"1-0:32.7.0({230 + number % 7 / 10:05.1f}*V)",
        f"1-0:31.7.0({abs(power_w) // 230:03d}*A)",
        "0-1:24.1.0(003)",
        "0-1:96.1.0(4730303339303031373536393634313139)",
        f"0-1:24.2.1{f'({_winter(gas_ms)})' if at_ms else ''}({2000 + gas_ms // 300_000 % 1000 / 1000:09.3f}*m3)",
        "!",
    ]
    body = "\r\n".join(lines).encode()
    return body + b"%04X" % arc(body)


def sml_file(number: int) -> bytes:
    """A file of a German meter that says its two counters and its power."""
    entries = [
        _list(_octets(b"\x01\x00\x60\x01\x00\xff"), *_NONE, _octets(b"\x0a\x01EMH\x00\x00\xbcaN"), _octets(b"")),
        _entry(b"\x01\x00\x01\x08\x00\xff", 30, -1, 41_234_560 + number),
        _entry(b"\x01\x00\x02\x08\x00\xff", 30, -1, 9_000_000 + number // 2),
        _entry(b"\x01\x00\x10\x07\x00\xff", 27, 0, load_w(number)),
    ]
    seconds = _list(_number(1, signed=False), _number(number, signed=False))
    response = _list(_octets(b""), _octets(b"\x0a\x01EMH\x00\x00\xbcaN"), _octets(b""), seconds, _list(*entries), *_NONE[:2])
    opened = _list(_octets(b""), _octets(b""), _octets(b"\x01"), _octets(b"\x0a\x01EMH\x00\x00\xbcaN"), _octets(b""), _octets(b""))
    content = b"".join(
        [_message(number, 0x0101, opened), _message(number + 1, 0x0701, response), _message(number + 2, 0x0201, _list(_octets(b"")))]
    )
    return packed(content)


def block(number: int) -> bytes:
    """A block of a solar charger of Victron."""
    panel_w = max(0, -load_w(number))
    pairs = {
        **{"PID": "0xA060", "FW": "159", "SER#": "HQ00000SIM"},
        **{"V": 12_800 + number % 50, "I": panel_w * 75, "VPV": 36_000 + number % 99},
        **{"PPV": panel_w, "CS": 3 if panel_w else 0, "MPPT": 2 if panel_w else 0, "OR": "0x00000000", "ERR": 0, "LOAD": "ON"},
        **{"IL": 300, "H19": 12_345 + number // 100, "H20": number % 500, "H21": 310, "H22": 140, "H23": 290},
        **{"HSDS": number // 86_400 % 365},
    }
    body = "".join(f"\r\n{name}\t{value}" for name, value in pairs.items()).encode() + CHECKSUM
    return body + bytes([-sum(body) % 256])


def packed(content: bytes) -> bytes:
    """A file of SML with its escape sequences and its checksum."""
    filled = -len(content) % 4
    escaped = (content + bytes(filled)).replace(ESCAPE, ESCAPE * 2)
    body = BEGIN + escaped + ESCAPE + b"\x1a" + bytes([filled])
    return body + x25(body).to_bytes(2, "little")


def _winter(at_ms: int) -> str:
    return time.strftime("%y%m%d%H%M%S", time.gmtime(at_ms // 1000 + 3600)) + "W"


def _octets(content: bytes) -> bytes:
    return bytes([len(content) + 1]) + content


def _number(number: int, *, signed: bool, size: int = 4) -> bytes:
    return bytes([(0x50 if signed else 0x60) | size + 1]) + number.to_bytes(size, "big", signed=signed)


def _list(*elements: bytes) -> bytes:
    return bytes([0x70 | len(elements)]) + b"".join(elements)


_NONE = (_octets(b""),) * 4
"""Status, time, unit and scaler of a value that has none."""


def _entry(name: bytes, unit: int, scaler: int, value: int) -> bytes:
    said = (_number(unit, signed=False, size=1), _number(scaler, signed=True, size=1), _number(value, signed=True))
    return _list(_octets(name), _octets(b""), _octets(b""), *said, _octets(b""))


def _message(number: int, tag: int, content: bytes) -> bytes:
    body = _list(_number(tag, signed=False), content)
    head = b"\x76" + _octets(number.to_bytes(4, "big")) + _number(0, signed=False, size=1) + _number(0, signed=False, size=1) + body
    return head + b"\x63" + x25(head).to_bytes(2, "little") + b"\0"
