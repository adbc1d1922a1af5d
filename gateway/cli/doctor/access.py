"""Access: whether the groups are there, whether the user that runs the gateway may open the devices of the file, and who else has them."""

import grp
import os
import pwd
import sys
from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, NamedTuple

from gateway.cli.add import PACKAGED
from gateway.cli.doctor.finding import Finding, fine, note, wrong
from gateway.config.service_user import SERVICE_USER

GROUPS = ("dialout", "gpio", "plugdev")
"""Groups that the service is in, by its unit."""

_OVERLAYS = {
    **dict.fromkeys(("serial0", "ttyAMA0", "ttyS0"), "enable_uart=1"),
    "ttyAMA[2-5]": "dtoverlay=uart2 (3, 4, 5: of a Pi 4; a Pi 5: uart2-pi5)",
    "ttySC[0-9]": "dtoverlay=sc16is752-i2c,int_pin=24,addr=0x48",
}
"""The line of config.txt that makes a serial port of the header, by the port's name, as a shell's pattern."""


class LoginUser(NamedTuple):
    """Whoever runs the gateway."""

    name: str
    uid: int
    groups: frozenset[int]

    def may_open(self, found: os.stat_result) -> bool:
        """Whether this user may read and write a device."""
        if self.uid == 0:
            return True
        shift = 6 if found.st_uid == self.uid else 3 if found.st_gid in self.groups else 0
        return found.st_mode >> shift & 0o6 == 0o6


def the_user(*, service: bool) -> LoginUser:
    """The user that runs the gateway: of an installed one the service's own, else whoever asks."""
    if service:
        try:
            found = pwd.getpwnam(SERVICE_USER)
            more = (grp.getgrnam(name).gr_gid for name in GROUPS)
            return LoginUser(SERVICE_USER, found.pw_uid, frozenset((*os.getgrouplist(SERVICE_USER, found.pw_gid), *more)))
        except KeyError:
            pass  # it is said of its own: see look_at_groups
    return LoginUser(pwd.getpwuid(os.geteuid()).pw_name, os.geteuid(), frozenset((os.getegid(), *os.getgroups())))


def look_at_groups(*, names: Sequence[str] = GROUPS, known: Callable[[str], Any] = grp.getgrnam) -> Iterator[Finding]:
    """Look whether the service's user and groups are there, and whether whoever asks may use the command line."""
    lacking = [name for name in names if not _is_known(known, name)]
    for name in lacking:
        yield wrong("groups", f"there is no group {name}, and the service does not start without it", f"sudo groupadd --system {name}")
    if not _is_known(known, SERVICE_USER):
        yield wrong("groups", f"there is no group {SERVICE_USER}, and the service does not start without it", _makes_user())
    elif not _is_known(pwd.getpwnam, SERVICE_USER):
        yield wrong("groups", f"there is no user {SERVICE_USER}, and the service does not start without it", _makes_user())
    elif os.geteuid() and known(SERVICE_USER).gr_gid not in os.getgroups():
        mend = f"sudo usermod --append --groups {SERVICE_USER} $USER, then log in again"
        yield note("groups", f"you are not in the group {SERVICE_USER}: the command line needs sudo", mend)
    elif not lacking:
        yield fine("groups", f"{', '.join((*names, SERVICE_USER))} are there")


def look_at_devices(devices: Mapping[str, str], things: Sequence[Any], user: LoginUser, *, ours: Container[int] = ()) -> Iterator[Finding]:
    """Look at the device files in the file, by the ids of the actors that open them. `things`: what is plugged in, see devices/thing.py;
    `ours`: the processes that may have them open, the gateway of the file."""
    for id, path in devices.items():
        try:
            found = Path(path).stat()
        except OSError:
            yield wrong(id, f"{path} is not there", _what_makes(path))
            continue
        if not user.may_open(found):
            yield wrong(id, f"the user {user.name} may not open {path} ({_owners(found)})", _mend(found, path, user))
            continue
        holders = _holders(path, things, ours)
        if holders:
            yield wrong(
                id, f"{path} is open in {', '.join(holders)}: both would read it", f"sudo kill {holders[0].split()[1]}, or stop its service"
            )
        else:
            yield fine(id, f"{path} is there, and {user.name} may open it")


def _makes_user() -> str:
    """The command that makes the service's user and its group, the way the gateway came. Not apt: a package that came as a file it has
    nowhere to take from once more, and it says so and ends with 0."""
    made = "sudo systemd-sysusers gateway.conf && sudo systemctl restart gateway"
    return made if Path(sys.prefix) == PACKAGED else "sudo make install"


def _what_makes(path: str) -> str:
    """What makes a device file that is not there: an overlay for the UARTs of the header, a plug for all others."""
    name = path.rpartition("/")[2]
    overlay = next((line for pattern, line in _OVERLAYS.items() if fnmatchcase(name, pattern)), "")
    if overlay:
        return f"the line {overlay} in /boot/firmware/config.txt, then sudo reboot"
    return "plug it in, or take the right name out of gateway ports"


def _holders(path: str, things: Sequence[Any], ours: Container[int]) -> list[str]:
    """Who has a device open, other than the gateway of the file."""
    real = os.path.realpath(path)
    held = [holder for thing in things if os.path.realpath(thing.place) == real for holder in thing.more.get("held_by", ())]
    return [holder for holder in held if int(holder.split()[1]) not in ours]


def _mend(found: os.stat_result, path: str, user: LoginUser) -> str:
    group = _name_of(found.st_gid)
    if found.st_mode >> 3 & 0o6 == 0o6 and group not in ("root", "tty"):
        return f"sudo usermod --append --groups {group} {user.name}, then start the gateway anew"
    rule = f'KERNEL=="{Path(os.path.realpath(path)).name.rstrip("0123456789")}*", GROUP="dialout", MODE="0660"'
    return f"echo '{rule}' | sudo tee /etc/udev/rules.d/99-serial.rules && sudo udevadm control --reload && sudo udevadm trigger"


def _owners(found: os.stat_result) -> str:
    return f"it is {_name_of(found.st_gid)}'s, mode {found.st_mode & 0o777:o}"


def _name_of(gid: int) -> str:
    try:
        return grp.getgrgid(gid).gr_name
    except KeyError:
        return str(gid)


def _is_known(known: Callable[[str], Any], name: str) -> bool:
    try:
        known(name)
    except KeyError:
        return False
    return True
