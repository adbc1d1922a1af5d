"""Where the control socket of a gateway is, and what to do where nobody answers there or this user may not ask.

One rule: what --socket names; else `gateway.control_socket` of the configuration; else $RUNTIME_DIRECTORY/gateway.sock, which is set
for what the service runs; else the service's own socket, where the configuration is the service's and the service is installed, unless
a gateway was started by hand from this folder; else var/gateway.sock of this folder, which is where `gateway run` has it.

Paths are texts here, and `os.path` joins them: every command looks here first, and importing pathlib takes as long as all the rest.
"""

import errno
import os
import stat
from collections.abc import Callable
from typing import NamedTuple

from gateway.console.exits import BAD_CONFIG, Failed

SERVICE_CONFIG = "/etc/gateway/gateway.toml"
SERVICE_SOCKET = "/run/gateway/gateway.sock"
"""Where the service has it: systemd tells the daemon and not us."""
_UNITS = tuple(f"{folder}/systemd/system/gateway.service" for folder in ("/etc", "/usr/lib", "/lib"))
_OWN_SOCKET = "var/gateway.sock"
"""Where `gateway run` has it, below the folder it was started in."""
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

    path: str
    advice: Callable[[], str]
    """Goes on with the sentence `no gateway answers at PATH`."""


def find(socket: str | os.PathLike[str] | None, config: str | os.PathLike[str], *, named: bool) -> SocketPlace:
    """The socket to ask at: `socket` where that is given, else that of the configuration `config`, which the user `named`, or not.

    Raises Failed where the user named a configuration that cannot be read.
    """
    by_hand = _by_hand(f"gateway run --config {config}" if named else "gateway run")
    if socket is not None:
        return SocketPlace(os.fspath(socket), by_hand)
    service = os.path.abspath(config) == SERVICE_CONFIG and installed()
    advice = _service_is if service else by_hand
    configured = _configured(config, named=named)
    if configured:
        started_in = os.path.dirname(SERVICE_SOCKET) if service else ""
        return SocketPlace(os.path.abspath(os.path.join(started_in, os.path.expanduser(configured))), advice)
    given = os.environ.get("RUNTIME_DIRECTORY", "").split(":")[0]
    if given:
        return SocketPlace(os.path.join(given, os.path.basename(SERVICE_SOCKET)), advice)
    own = os.path.abspath(_OWN_SOCKET)
    return SocketPlace(SERVICE_SOCKET, advice) if service and not there(own) else SocketPlace(own, by_hand)


def there(path: str | os.PathLike[str]) -> bool:
    """Whether a socket's file exists, as far as this user may know."""
    return os.access(path, os.F_OK)


def installed() -> bool:
    """Whether the service is installed on this host."""
    return any(map(there, _UNITS))


def why_not_allowed(path: str) -> str:
    """What keeps this user from a socket, or from the folder it is in, and what to do about it."""
    closed = next((folder for folder in _folders(path) if not os.access(folder, os.X_OK)), None)
    try:
        found = os.stat(closed or path)
    except OSError:
        return "this user may not; use sudo"
    group, members = _group(found.st_gid)
    if not found.st_mode & (stat.S_IXGRP if closed else stat.S_IWGRP) or not found.st_gid:
        return f"only {_user(found.st_uid)} may; use sudo"
    me = _user(os.getuid())
    if me in members:
        return f"{me} has come into the group {group} since this login began; log in again, or use sudo"
    return f"only the group {group} may; join it (sudo usermod --append --groups {group} {me}, then log in again), or use sudo"


def _folders(path: str) -> list[str]:
    """The folders that a path goes through, from the root on."""
    names = os.path.abspath(path).split("/")[:-1]
    return ["/".join(names[:count]) or "/" for count in range(1, len(names) + 1)]


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


def _configured(config: str | os.PathLike[str], *, named: bool) -> str:
    """The value of `gateway.control_socket`, read without checking the rest of the file: empty where the file does not say it."""
    try:
        if stat.S_ISFIFO(os.stat(config).st_mode):  # opening one would wait for a writer, for ever
            raise OSError(errno.EINVAL, "it is a pipe")
        with open(config, encoding="utf-8-sig", errors="replace") as file:
            text = file.read(_MAX_BYTES)
    except OSError as error:
        if named:
            advice = "let this user read it (chmod a+r)" if isinstance(error, PermissionError) else "mend the path behind --config"
            raise Failed(f"cannot read {config}: {error.strerror}; {advice}", BAD_CONFIG) from None
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
