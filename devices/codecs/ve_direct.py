"""VE.Direct: what a charger or a battery monitor of Victron says each second. The profile `ve_direct` of the codec `keyvalue`: a block of
lines `NAME<tab>VALUE`, whose bytes come to 0 with that behind `Checksum`.

Source: Victron Energy, VE.Direct Protocol 3.33; its FAQ, question 8, on HEX messages between.
"""

import re
from collections.abc import Callable
from typing import Any

from devices.codecs.codec import Fields
from devices.codecs.framing import BadFrame
from devices.codecs.framings.blocks import CHECKSUM
from devices.codecs.obis import scaled

PROFILE = "ve_direct"
_HEX_MESSAGE = re.compile(rb":[0-9A-F]{1,128}\n")
_MILLI = -3

_NUMBERS: dict[str, tuple[str, int]] = {
    "V": ("battery_v", _MILLI),
    "V2": ("battery_2_v", _MILLI),
    "V3": ("battery_3_v", _MILLI),
    "VS": ("starter_v", _MILLI),
    "VM": ("midpoint_v", _MILLI),
    "DM": ("midpoint_deviation_pct", -1),
    "VPV": ("panel_v", _MILLI),
    "PPV": ("panel_w", 0),
    "I": ("battery_a", _MILLI),
    "I2": ("battery_2_a", _MILLI),
    "I3": ("battery_3_a", _MILLI),
    "IL": ("load_a", _MILLI),
    "P": ("battery_w", 0),
    "T": ("temperature_c", 0),
    "CE": ("consumed_ah", _MILLI),
    "SOC": ("charge_pct", -1),
    "TTG": ("minutes_left", 0),
    "H1": ("deepest_discharge_ah", _MILLI),
    "H2": ("last_discharge_ah", _MILLI),
    "H3": ("average_discharge_ah", _MILLI),
    "H4": ("cycles_count", 0),
    "H5": ("full_discharges_count", 0),
    "H6": ("drawn_ah", _MILLI),
    "H7": ("battery_least_v", _MILLI),
    "H8": ("battery_most_v", _MILLI),
    "H9": ("since_full_s", 0),
    "H10": ("synchronizations_count", 0),
    "H11": ("low_voltage_alarms_count", 0),
    "H12": ("high_voltage_alarms_count", 0),
    "H15": ("starter_least_v", _MILLI),
    "H16": ("starter_most_v", _MILLI),
    "H17": ("discharged_kwh", -2),
    "H18": ("charged_kwh", -2),
    "H19": ("yield_kwh", -2),
    "H20": ("yield_today_kwh", -2),
    "H21": ("panel_most_today_w", 0),
    "H22": ("yield_yesterday_kwh", -2),
    "H23": ("panel_most_yesterday_w", 0),
    "HSDS": ("day", 0),
    "ERR": ("error", 0),
    "MODE": ("mode", 0),
    "AC_OUT_V": ("ac_out_v", -2),
    "AC_OUT_I": ("ac_out_a", -1),
    "AC_OUT_S": ("ac_out_va", 0),
    "DC_IN_V": ("dc_in_v", -2),
    "DC_IN_I": ("dc_in_a", -1),
    "DC_IN_P": ("dc_in_w", 0),
}
"""Fields that are numbers: what they are called here, and their power of ten."""
_SWITCHES = {"LOAD": "load", "Relay": "relay", "Alarm": "alarm"}
_STATES = {
    **{0: "off", 1: "low power", 2: "fault", 3: "bulk", 4: "absorption", 5: "float", 6: "storage", 7: "equalize", 9: "inverting"},
    **{11: "power supply", 245: "starting", 246: "repeated absorption", 247: "recondition", 248: "battery safe", 252: "external control"},
}
_TRACKERS = {0: "off", 1: "limited", 2: "tracking"}
_TEXTS = {"PID": "product", "FW": "firmware", "FWE": "firmware", "SER#": "serial_number", "BMV": "model", "OR": "off_reason"}
_TEXTS |= {"AR": "alarm_reason", "WARN": "warning", "MON": "monitor"}
_NEVER = -1
"""What TTG says where the battery is not being discharged."""


def checked_lines(block: bytes) -> bytes:
    """The lines of a block, without the one of its checksum. Raises BadFrame where its bytes do not come to 0."""
    block = _HEX_MESSAGE.sub(b"", block) if b":" in block else block
    at = len(block) - len(CHECKSUM) - 1
    if at < 0 or not block.startswith(CHECKSUM, at):
        raise BadFrame("not_ve_direct", "cannot read a block of VE.Direct: it does not end with a Checksum")
    if over := sum(block) % 256:
        raise BadFrame("checksum", f"cannot read a block of VE.Direct: its bytes come to {over}, and must come to 0")
    return block[:at]


def meant(pairs: Fields) -> Fields:
    """The values of a block under their names here, in their units; what is not known stays as it is called."""
    fields: Fields = {}
    for name, value in pairs.items():
        known, read = _known(name)
        fields[known] = None if value is None or value == "---" else read(value)
    if fields.get("minutes_left") == _NEVER:
        fields["minutes_left"] = None
    return fields


def _known(name: str) -> tuple[str, Callable[[Any], Any]]:
    """What a field is called here, and how it is read."""
    if name in _NUMBERS:
        known, power = _NUMBERS[name]
        return known, lambda value: scaled(value, power) if type(value) is int else value
    if name in _SWITCHES:
        return _SWITCHES[name], lambda value: value.upper() == "ON" if isinstance(value, str) else value
    if name == "CS":
        return "state", lambda value: _STATES.get(value, str(value))
    if name == "MPPT":
        return "tracker", lambda value: _TRACKERS.get(value, str(value))
    return _TEXTS.get(name, name), str if name in _TEXTS else lambda value: value
