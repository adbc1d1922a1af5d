"""Where the unit that is installed keeps its service from writing, and from reading, whatever the modes of files say. systemd is asked,
since drop-ins count.

Source: systemd.exec(5), `ProtectSystem=`, `ProtectHome=`, `ReadWritePaths=`, `BindReadOnlyPaths=`.
"""

import subprocess
from functools import cache
from pathlib import Path

_ASKED = "ProtectSystem,ProtectHome,ReadWritePaths,BindPaths,BindReadOnlyPaths,StateDirectory,RuntimeDirectory"
_OPEN = ("/dev", "/proc", "/sys", "/tmp", "/var/tmp")
_HOMES = ("/home", "/root", "/run/user")
_LIMIT_S = 5.0


def why_sealed(folder: Path) -> str:
    """Why the service may not write into a folder, and what lets it; empty where its unit does not forbid it, or there is none."""
    unit = _unit()
    if unit.get("ProtectSystem") != "strict" or unit.get("BindPaths"):
        return ""
    opened = [name.lstrip("-+") for name in unit.get("ReadWritePaths", "").split()]
    opened += [f"/var/lib/{name}" for name in unit.get("StateDirectory", "").split()]
    opened += [f"/run/{name}" for name in unit.get("RuntimeDirectory", "").split()]
    if any(folder.is_relative_to(one) for one in (*opened, *_OPEN)):
        return ""
    mend = f"sudo systemctl edit gateway, there [Service] and ReadWritePaths={folder}, or name a path in /var/lib/gateway"
    return f"the unit keeps the service from writing to {folder}; {mend}"


def why_hidden(path: Path) -> str:
    """Why the service does not see a file, and what to do; empty where its unit does not hide it, or there is none."""
    home = next((home for home in _HOMES if path.is_relative_to(home)), "")
    hides = _unit().get("ProtectHome", "no") if home else "no"
    if hides in ("no", "read-only") or (hides == "tmpfs" and _is_bound(path, _unit())):
        return ""
    return f"the unit hides {home} from the service, and {path} with it; move the file into /etc/gateway"


def _is_bound(path: Path, unit: dict[str, str]) -> bool:
    """Whether the unit brings a file, or a folder above it, to where it is: SOURCE or SOURCE:DESTINATION, a - in front or more behind."""
    bound = f"{unit.get('BindPaths', '')} {unit.get('BindReadOnlyPaths', '')}".split()
    return any(path.is_relative_to((one.lstrip("-").split(":") * 2)[1]) for one in bound)


@cache
def _unit() -> dict[str, str]:
    words = ["systemctl", "show", f"--property={_ASKED}", "gateway.service"]
    try:
        said = subprocess.run(words, capture_output=True, text=True, check=False, timeout=_LIMIT_S).stdout
    except (OSError, subprocess.SubprocessError):
        return {}
    return {name: value for name, _, value in (line.partition("=") for line in said.splitlines())}
