"""Where the control socket of a gateway is, and what to do where nobody answers there or this user may not ask.

One rule: what --socket names; else `gateway.control_socket` of the configuration; else $RUNTIME_DIRECTORY/gateway.sock, which is set
for what the service runs; else the service's own socket, where the configuration is the service's and the service is installed, unless
a gateway was started by hand from this folder; else var/gateway.sock of this folder, which is where `gateway run` has it.
"""

import errno
import os
import stat
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from gateway.console.exits import BAD_CONFIG, Failed

SERVICE_CONFIG = Path("/etc/gateway/gateway.toml")
SERVICE_SOCKET = Path("/run/gateway/gateway.sock")
"""Where the service has it: systemd tells the daemon and not us."""
_UNITS = tuple(Path(folder, "systemd/system/gateway.service") for folder in ("/etc", "/usr/lib", "/lib"))
_MAX_BYTES = 1_000_000
_SERVICE_IS = {
    "active": "the service runs and has no socket there; systemctl status gateway, and journalctl -u gateway, say more",
    "activating": "the service is starting; try again, or see how far it is: systemctl status gateway, journalctl -u gateway",
    "deactivating": "the service is stopping; when it has, sudo systemctl start gateway",
    "failed": "the service has failed; journalctl -u gateway says why; then sudo systemctl start gateway",
}
_STOPPED = "the service is stopped; sudo systemctl start gateway (journalctl -u gateway says what it did last)"


class SocketPlace(NamedTuple):
    """A control socket, and what to do where nobody answers there."""

    path: Path
    advice: Callable[[], str]
    """Goes on with the sentence `no gateway answers at PATH`."""


def find(socket: Path | None, config: Path, *, named: bool) -> SocketPlace:
    """The socket to ask at: `socket` where that is given, else that of the configuration `config`, which the user `named`, or not.

    Raises Failed where the user named a configuration that cannot be read.
    """
    by_hand = _by_hand(f"gateway run --config {config}" if named else "gateway run")
    if socket is not None:
        return SocketPlace(socket, by_hand)
    service = config.absolute() == SERVICE_CONFIG and installed()
    advice = _service_is if service else by_hand
    configured = _configured(config, named=named)
    if configured:
        return SocketPlace(Path(SERVICE_SOCKET.parent if service else "", os.path.expanduser(configured)).absolute(), advice)  # noqa: PTH111  # Path's raises
    given = os.environ.get("RUNTIME_DIRECTORY", "").split(":")[0]
    if given:
        return SocketPlace(Path(given, SERVICE_SOCKET.name), advice)
    own = Path("var", SERVICE_SOCKET.name).absolute()
    return SocketPlace(SERVICE_SOCKET, advice) if service and not there(own) else SocketPlace(own, by_hand)


def there(path: Path) -> bool:
    """Whether a socket's file exists, as far as this user may know. (Path.exists raises where a folder may not be entered.)"""
    return os.access(path, os.F_OK)


def installed() -> bool:
    """Whether the service is installed on this host."""
    return any(map(there, _UNITS))


def why_not_allowed(path: Path) -> str:
    """What keeps this user from a socket, or from the folder it is in, and what to do about it."""
    closed = next((folder for folder in reversed(path.absolute().parents) if not os.access(folder, os.X_OK)), None)
    try:
        found = (closed or path).stat()
    except OSError:
        return "this user may not; use sudo"
    group, members = _group(found.st_gid)
    if not found.st_mode & (stat.S_IXGRP if closed else stat.S_IWGRP) or not found.st_gid:
        return f"only {_user(found.st_uid)} may; use sudo"
    me = _user(os.getuid())
    if me in members:
        return f"{me} has come into the group {group} since this login began; log in again, or use sudo"
    return f"only the group {group} may; join it (sudo usermod --append --groups {group} {me}, then log in again), or use sudo"


def _by_hand(run: str) -> Callable[[], str]:
    """What to do where the gateway is one that somebody starts by hand, and nobody answers."""

    def advice() -> str:
        start = f"; start one ({run}), or name its configuration with --config"
        return f"{start}; the service is asked with --socket {SERVICE_SOCKET}" if installed() else start

    return advice


def _service_is() -> str:
    """The state of the service, in systemd's word."""
    import subprocess  # noqa: PLC0415  # only where nobody answers

    try:
        words = ["systemctl", "is-active", "gateway.service"]
        said = subprocess.run(words, capture_output=True, text=True, check=False, timeout=5).stdout.strip()
    except (OSError, subprocess.SubprocessError):
        said = ""
    return f": {_SERVICE_IS.get(said, _STOPPED)}"


def _configured(config: Path, *, named: bool) -> str:
    """The value of `gateway.control_socket`, read without checking the rest of the file: empty where the file does not say it."""
    try:
        if config.is_fifo():  # opening one would wait for a writer, for ever
            raise OSError(errno.EINVAL, "it is a pipe")
        with config.open(encoding="utf-8-sig", errors="replace") as file:
            text = file.read(_MAX_BYTES)
    except OSError as error:
        if named:
            raise Failed(f"cannot read {config}: {error.strerror}; mend the path behind --config", BAD_CONFIG) from None
        return ""
    if not any("control_socket" in line and not line.lstrip().startswith("#") for line in text.splitlines()):
        return ""  # as most do; reading TOML takes its time to import
    import tomllib  # noqa: PLC0415  # as just said

    try:
        found = tomllib.loads(text)["gateway"]["control_socket"]
    except (KeyError, TypeError):
        return ""
    except (ValueError, RecursionError):
        return _in_broken(text)
    return found if isinstance(found, str) else ""


def _in_broken(text: str) -> str:
    """The value of `gateway.control_socket` in a file that is no TOML: the gateway may still run with the file as it was."""
    table = ""
    for line in map(str.strip, text.splitlines()):
        name, _, value = (part.strip() for part in line.partition("="))
        if line.startswith("["):
            table = line.partition("]")[0].strip("[ ")
        elif name == "control_socket" and table == "gateway" and value[:1] in ("'", '"'):
            return value[1:].partition(value[0])[0]
    return ""


def _user(uid: int) -> str:
    import pwd  # noqa: PLC0415  # only where somebody may not

    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)


def _group(gid: int) -> tuple[str, list[str]]:
    """The name of a group, and who is in it by /etc/group, whatever this login knows of it."""
    import grp  # noqa: PLC0415  # only where somebody may not

    try:
        found = grp.getgrgid(gid)
    except KeyError:
        return str(gid), []
    return found.gr_name, found.gr_mem
