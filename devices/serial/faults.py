"""Faults of opening and losing a line: what an error of the system means, and what to do about it."""

import errno
import os

from devices.link import Faulty, LinkFault, Missing
from devices.serial.holders import PortTaken, name_lockers
from devices.serial.names import PortAmbiguous, PortMissing

_GONE = (errno.ENOENT, errno.ENODEV, errno.ENXIO, errno.EIO)
_LOCKED = (errno.EBUSY, errno.EAGAIN)


COUNTERS = {
    "lost": "times unplugged",
    "robbed": "times read by another program",
    "bad_lines": "lines not understood",
    "not_json": "lines that are no JSON",
    "not_nmea": "lines that are no NMEA",
    "not_text": "lines that are no text",
    "checksum": "lines with a wrong checksum",
    "no_address": "lines that name no device",
    "no_report": "lines without values",
    "bad_values": "values that are bad",
    "ignored_values": "values ignored",
    "values_beyond": "values too many for a report",
    "no_id": "lines without an id",
    "too_long": "lines too long",
    "too_deep": "lines nested too deep",
    "twice": "lines with a key twice",
    "number": "lines with a number too large",
    "overflows": "lines longer than max_line_bytes",
    "gaps": "lines broken off",
    "bad_frames": "frames that are none",
    "not_csv": "lines that are no CSV",
    "no_columns": "lines before their header",
    "columns": "lines with too few or too many columns",
    "comma": "lines with a comma that may be a decimal one",
    "not_keyvalue": "lines without a pair",
    "no_match": "lines that fit no pattern",
    "no_number": "lines without a number",
    "numbers": "lines with more than one number",
    "not_onoff": "words that are neither on nor off",
    "not_dsmr": "telegrams that are none",
    "not_sml": "files of SML that are none",
    "not_ve_direct": "blocks of VE.Direct that are none",
    "codec_faults": "faults of the codec",
    "refused": "lines the gateway refused",
    "echoed": "lines that were our own",
    "echo_missing": "echoes missing",
    "settling_bytes": "bytes ignored after opening",
    "write_timeouts": "writes not taken in time",
}
"""What the counters are called where people read them."""


def explain_opening(path: str, error: Exception) -> LinkFault:
    """The fault that an error of opening `path` means."""
    if isinstance(error, LinkFault):
        return error
    if isinstance(error, PortMissing):
        return Missing(str(error))
    if isinstance(error, (PortAmbiguous, PortTaken)):
        return Faulty(str(error))
    number = error.args[0] if error.args else None  # of an OSError, and of a termios.error, which has no errno
    if number in _GONE:
        return Missing(f"cannot open {path}: the device is gone; plug it in")
    if number == errno.EACCES:
        return Faulty(f"cannot open {path}: permission denied; add this user to the group that owns it (dialout)")
    if number == errno.EPERM:
        return Faulty(_not_allowed(path))
    if number in _LOCKED:
        return Faulty(f"cannot open {path}: another process has locked it: {name_lockers(path)}; stop it")
    return Faulty(f"cannot open {path}: {error}; is it a serial port, and can it do these settings?")


def _not_allowed(path: str) -> str:
    """The detail of a device that its file would let in, and the service's list of devices does not.

    Source: systemd.resource-control(5), DeviceAllow=: a class is the name of a driver in /proc/devices.
    """
    driver = os.path.basename(os.path.realpath(path)).rstrip("0123456789")  # noqa: PTH119  # Path.resolve raises on a loop of links
    return (
        f"cannot open {path}: the file lets this user in, and the service does not: systemctl edit gateway, and there [Service] "
        f"DeviceAllow=char-{driver} rw; where it has that, its driver came later than the gateway: systemctl restart gateway"
    )


def explain_loss(name: str, error: Exception, *, is_cable: bool) -> str:
    """The detail to report of a line that failed while it was open. `is_cable`: it was no connection to another host."""
    if not is_cable:
        return f"the connection to {name} was lost ({error.args[-1] if error.args else error}); it is opened again when it answers"
    return f"{name} was unplugged ({error.args[-1] if error.args else error}); it is opened again when it is back"
