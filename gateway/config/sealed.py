"""Where the unit that is installed keeps its service from writing, whatever the modes of files say. systemd is asked, since drop-ins count.

Source: systemd.exec(5), `ProtectSystem=`, `ReadWritePaths=`.
"""

import subprocess
from pathlib import Path

_ASKED = "ProtectSystem,ReadWritePaths,BindPaths,StateDirectory,RuntimeDirectory"
_OPEN = ("/dev", "/proc", "/sys", "/tmp", "/var/tmp")
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


def _unit() -> dict[str, str]:
    words = ["systemctl", "show", f"--property={_ASKED}", "gateway.service"]
    try:
        said = subprocess.run(words, capture_output=True, text=True, check=False, timeout=_LIMIT_S).stdout
    except (OSError, subprocess.SubprocessError):
        return {}
    return {name: value for name, _, value in (line.partition("=") for line in said.splitlines())}
