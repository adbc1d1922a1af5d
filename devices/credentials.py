"""Where the secrets that the settings name are: a file, or a credential that systemd hands to the unit.

Source: systemd.exec(5), `LoadCredential=`.
"""

import os
from pathlib import Path

from gateway.actors import GatewayError


class BadSetting(GatewayError, OSError):
    """Raised where a file that the settings name cannot be used."""


def unusable(path: Path | str, key: str, error: Exception, *, what: str) -> BadSetting:
    """The error that says why a file that the settings name under `key` cannot be used as `what`: which file, and who must be able to read
    it."""
    fact = (error.strerror if isinstance(error, OSError) else "") or str(error) or type(error).__name__
    advice = f"mend {key}"
    if isinstance(error, PermissionError):
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
