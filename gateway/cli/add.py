"""`gateway add`: packages of one's own actors and devices, put where an installed gateway finds them.

The Debian package has no pip of its own, and its folder is its own: what is added lies in a folder behind it, so that none
of its own libraries is replaced, and is found by each later release for the same Python. Debian's pip does it, or the one that venv brings.
An installation by `make install` has its own pip, and a folder for both.
"""

import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from gateway.console.exits import FINE, NO, NOT_ALLOWED, NOT_NOW, Failed
from gateway.console.output import say, say_json

PACKAGED = Path("/usr/lib/gateway")
BEHIND = Path("/usr/local/lib/gateway")
"""Where the Debian package is, and what is added to it."""
_DEBIAN_PYTHON = "/usr/bin/python3"
_BUNDLED = "/usr/share/python-wheels"
_KINDS = """
from importlib.metadata import entry_points
for group in ("device", "actor", "codec", "door"):
    for one in entry_points(group=f"gateway.{group}s"):
        print(group, one.name)
"""


def add(packages: Sequence[str], *, as_json: bool) -> int:
    """Install the packages, say which kinds they bring. Raises Failed where it cannot be done, with what pip said."""
    prefix = Path(sys.prefix)
    if not os.access(prefix, os.W_OK):
        raise Failed(f"cannot add a package: this user may not write to {prefix}; sudo gateway add {' '.join(packages)}", NOT_ALLOWED)
    for package in packages:
        if _is_path(package) and _is_absent(package):
            raise Failed(f"cannot add {package}: there is no such folder or file, seen from {Path.cwd()}; name one that there is", NO)
    before = set(_kinds())
    done = subprocess.run([*_pip(prefix), *packages], stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, env=_environ())
    if done.returncode != 0:
        raise Failed(f"cannot add {' '.join(packages)}: pip says {_last_words(done.stderr)}", NO)
    _compile(BEHIND if prefix == PACKAGED else prefix / "lib", prefix)
    new = sorted(set(_kinds()) - before)
    if as_json:
        say_json({"added": list(packages), "kinds": [{"group": group, "name": name} for group, name in new]})
        return FINE
    for group, name in new:
        say(f"{group} {name}")
    say("sudo systemctl restart gateway takes it over" if new else f"added; no new kind of actor or device is in it: {' '.join(packages)}")
    return FINE


def _is_path(package: str) -> bool:
    """Whether a package is named by its place here, and not as pip knows it: by a name, a URL, or both."""
    return (os.sep in package or package.endswith(".whl")) and "://" not in package and "@" not in package


def _is_absent(path: str) -> bool:
    """Whether it is seen that there is nothing; what one may not look at, pip speaks of."""
    try:
        Path(path).stat()
    except (FileNotFoundError, NotADirectoryError):
        return True
    except OSError:
        pass
    return False


def _pip(prefix: Path) -> Iterator[str]:
    """The words that run pip for the gateway's Python. Raises Failed where there is none."""
    quiet = ("install", "--quiet", "--disable-pip-version-check", "--root-user-action=ignore", "--no-compile")
    if prefix != PACKAGED:
        if not (prefix / "bin" / "pip").exists():
            advice = "install it with what has made this environment"
            raise Failed(f"cannot add a package: there is no pip in {prefix}; {advice}", NOT_NOW)
        return iter((str(prefix / "bin" / "pip"), *quiet))
    python = str(prefix / "bin" / "python")
    return iter((*_pip_of_debian(), "--python", python, *quiet, f"--prefix={BEHIND}"))


def _pip_of_debian() -> tuple[str, ...]:
    asked = subprocess.run([_DEBIAN_PYTHON, "-m", "pip", "--version"], capture_output=True, check=False)
    if asked.returncode == 0:
        return (_DEBIAN_PYTHON, "-m", "pip")
    for wheel in sorted(Path(_BUNDLED).glob("pip-*.whl")):
        return (_DEBIAN_PYTHON, f"{wheel}/pip")
    raise Failed("cannot add a package: there is no pip on this host; sudo apt install python3-pip, then try again", NOT_NOW)


def _environ() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}


def _kinds() -> Iterator[tuple[str, str]]:
    """What is registered, as a gateway that starts now sees it."""
    said = subprocess.run([sys.executable, "-c", _KINDS], capture_output=True, text=True, check=True, env=_environ()).stdout
    for line in said.splitlines():
        group, _, name = line.partition(" ")
        yield group, name


def _compile(folder: Path, prefix: Path) -> None:
    """Compile it as the service runs it, which cannot write there. What cannot be compiled is told by gateway check, not here."""
    environ = {**_environ(), "PYTHONPYCACHEPREFIX": str(prefix / "compiled")}
    subprocess.run([sys.executable, "-OO", "-m", "compileall", "-q", str(folder)], capture_output=True, check=False, env=environ)


def _last_words(said: str) -> str:
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    errors = [line for line in lines if line.startswith("ERROR:")]
    return (errors or lines or ["nothing"])[-1].removeprefix("ERROR: ")
