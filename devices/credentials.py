"""Where the secrets that the settings name are: a file, or a credential that systemd hands to the unit.

Source: systemd.exec(5), `LoadCredential=`.
"""

import os
from pathlib import Path

from gateway.actors import GatewayError


class BadSetting(GatewayError, OSError):
    """Raised where a file that the settings name cannot be used."""


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
