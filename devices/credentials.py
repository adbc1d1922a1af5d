"""Where the secrets that the settings name are: a file, or a credential that systemd hands to the unit.

Source: systemd.exec(5), `LoadCredential=`.
"""

import errno
import os
import stat
from pathlib import Path

from gateway.actors import GatewayError
from gateway.entering import folders_to, shut_above

AT_MOST_BYTES = 8192
"""A file with more holds something else."""


_OF_ITS_OWN = ("/run/secrets/", "/run/credentials/")


class BadSetting(GatewayError, OSError):
    """Raised where a file that the settings name cannot be used."""


def unusable(path: Path | str, key: str, error: Exception, *, what: str) -> BadSetting:
    """The error that says why a file that the settings name under `key` cannot be used as `what`: which file, and who must be able to read
    it."""
    fact = (error.strerror if isinstance(error, OSError) else "") or str(error) or type(error).__name__
    advice = f"mend {key}"
    if isinstance(error, PermissionError) and (shut := shut_above(path)):
        advice = f"the user {_me()} may not enter {shut}: keep the file elsewhere, as in /etc/gateway, and mend {key}"
    elif isinstance(error, PermissionError):
        advice = f"let the user {_me()} read it (sudo chgrp {_group()} {path}; sudo chmod g+r {path}), or mend {key}"
    return BadSetting(f"cannot use {path} as {what}: {fact}; {advice}")


def _me() -> str:
    import pwd  # noqa: PLC0415  # only where somebody may not

    try:
        return pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:
        return str(os.geteuid())


def _group() -> str:
    import grp  # noqa: PLC0415  # as above

    try:
        return grp.getgrgid(os.getegid()).gr_name
    except KeyError:
        return str(os.getegid())


def credential(named: str, key: str) -> Path:
    """Find the file of a secret that the settings name under `key`: a full path, or a name in the unit's credentials. Raises BadSetting."""
    path = Path(named)
    if path.is_absolute():
        return path
    folder = os.environ.get("CREDENTIALS_DIRECTORY", "")
    if not folder:
        raise BadSetting(
            f"cannot find the credential {named!r}: there is no CREDENTIALS_DIRECTORY; "
            f"give {key} as an absolute path, or add LoadCredential to the unit"
        )
    return Path(folder) / path


def secret(named: str, key: str, *, what: str) -> str:
    """Read the secret that the settings name under `key`, without its line end; each time anew, so that mending the file is enough.

    Raises BadSetting where there is none, it cannot be read, it is no text or too long to be `what`.
    """
    path = credential(named, key)
    try:
        content = _content(path)
        text = content.decode().rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        raise unusable(path, key, error, what=what) from None
    if len(content) > AT_MOST_BYTES:
        raise BadSetting(f"cannot use {path} as {what}: it has more than {AT_MOST_BYTES} bytes; mend {key}")
    return text


def _content(path: Path) -> bytes:
    """What a file holds, up to a byte more than a secret may have. Raises OSError, also where it is none: a pipe would keep us waiting."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise OSError(errno.EINVAL, "it is no file")
        return os.read(descriptor, AT_MOST_BYTES + 1)
    finally:
        os.close(descriptor)


def token(named: str, key: str) -> str:
    """Read a secret that goes into a header or a URL. Raises BadSetting as `secret` does, and where it fits into neither."""
    found = secret(named, key, what="a token").strip()
    if not (found and found.isascii() and found.isprintable()):
        raise BadSetting(f"cannot use {named} as a token: it is empty, no ASCII, or more than a line; mend {key}")
    return found


def secret_faults(files: dict[str, str], *, what: str) -> dict[str, str]:
    """What is wrong with what files of secrets hold, by the keys that name them: such a file holds one line. Nothing of it is repeated; one
    that this user may not read is not looked into."""
    found = {}
    for key, named in files.items():
        path = Path(named)
        if "/" in named and not path.is_absolute():
            found[key] = f"{named} is no whole path, nor the name of a systemd credential; write the path from / on"
        if not path.is_absolute() or not os.access(path, os.R_OK):
            continue
        try:
            content = _content(path)
        except OSError as error:
            found[key] = f"{path} does not hold {what}: {error.strerror}"
            continue
        if b"\n" in content.strip(b"\r\n") or not content.strip() or len(content) > AT_MOST_BYTES or not _is_text(content):
            found[key] = f"{path} does not hold {what}: it is one line of text, and nothing else"
    return found


def secret_notes(files: dict[str, str]) -> dict[str, str]:
    """Which files of secrets anybody on this host may read or write, by the keys that name them: the mode of the file lets them, and so do
    those of all folders above it, and above what it is a link to. A file of a container or of a unit is looked at by those only who may,
    whatever its mode; what is no file holds no secret."""
    found = {}
    for key, named in files.items():
        path = Path(named)
        try:
            if not path.is_absolute() or named.startswith(_OF_ITS_OWN) or not stat.S_ISREG((about := path.stat()).st_mode):
                continue
            is_open = about.st_mode & 0o006 and all(folder.stat().st_mode & 0o001 for folder in folders_to(path))
        except (OSError, ValueError):
            continue
        if is_open:
            what = "write" if about.st_mode & 0o002 else "read"
            found[key] = f"any user of this host may {what} {path}; take that away ({_closed(path, about)})"
    return found


def _closed(path: Path, about: os.stat_result) -> str:
    """What takes a file away from all others, and leaves it to the service: one of root alone that reads as one of those others."""
    group = _group_of_service() if about.st_uid == about.st_gid == 0 else ""
    return f"sudo chgrp {group} {path}; sudo chmod o=,g+r {path}" if group else f"sudo chmod o= {path}"


def _group_of_service() -> str:
    """The group of the service that is installed; empty where none is."""
    import grp  # noqa: PLC0415  # only where a secret is open

    try:
        return grp.getgrnam("gateway").gr_name
    except KeyError:
        return ""


def _is_text(content: bytes) -> bool:
    try:
        return content.decode().strip("\r\n").isprintable()
    except UnicodeDecodeError:
        return False
