"""Faults of opening and losing a line: what an error of the system means, and what to do about it."""

import errno

from devices.serial.holders import PortTaken, name_lockers
from devices.serial.names import PortAmbiguous, PortMissing
from gateway.actors import Health

_GONE = (errno.ENOENT, errno.ENODEV, errno.ENXIO, errno.EIO)
_FORBIDDEN = (errno.EACCES, errno.EPERM)
_LOCKED = (errno.EBUSY, errno.EAGAIN)


def explain_opening(path: str, error: Exception) -> tuple[Health, str]:
    """The health that an error of opening `path` means, with its detail."""
    if isinstance(error, PortMissing):
        return Health.MISSING, str(error)
    if isinstance(error, (PortAmbiguous, PortTaken)):
        return Health.FAULTY, str(error)
    number = error.args[0] if error.args else None  # of an OSError, and of a termios.error, which has no errno
    if number in _GONE:
        return Health.MISSING, f"cannot open {path}: the device is gone; plug it in"
    if number in _FORBIDDEN:
        return Health.FAULTY, f"cannot open {path}: permission denied; add this user to the group that owns it (dialout)"
    if number in _LOCKED:
        return Health.FAULTY, f"cannot open {path}: another process has locked it: {name_lockers(path)}; stop it"
    return Health.FAULTY, f"cannot open {path}: {error}; is it a serial port, and can it do these settings?"


def explain_loss(path: str, error: Exception) -> str:
    """The detail to report of a line that failed while it was open."""
    return f"{path} was unplugged ({error.args[-1] if error.args else error}); it is opened again when it is back"
