"""Where the lab is, whether this host can have one, and building it."""

import os
import platform
import shutil
import subprocess
from pathlib import Path

LAB = Path(os.environ.get("GATEWAY_LAB", "/var/tmp/gateway-lab"))
BUILD = Path(__file__).with_name("build")
LIMIT_S = 900


def why_no_container() -> str:
    """Why this host cannot have containers of systemd; empty when it can."""
    if os.geteuid() != 0:
        return "not root; run make test as root"
    if shutil.which("apt-get") is None:
        return "no Debian: the lab is made of Debian's packages"
    if subprocess.run(["unshare", "--mount", "--pid", "--fork", "true"], capture_output=True, check=False).returncode != 0:
        return "this host lets nobody make namespaces"
    return ""


def why_no_machine() -> str:
    """Why this host cannot have machines of the lab; empty when it can."""
    release = Path("/etc/os-release").read_text() if Path("/etc/os-release").exists() else ""
    if platform.machine() != "x86_64" or "VERSION_CODENAME=bookworm" not in release:
        return "the machine's kernel is made on Debian 12, amd64"
    return why_no_container()


def build(what: str) -> str:
    """Build the container, the trixie or the machine where that was not done; what it says at the end. Raises RuntimeError."""
    done = subprocess.run([str(BUILD), what], capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=LIMIT_S, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"cannot build the {what} of the lab: {(done.stdout + done.stderr)[-3000:]}")
    return (done.stdout.strip().splitlines() or [""])[-1]
