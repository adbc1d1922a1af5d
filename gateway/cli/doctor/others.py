"""Other gateways of this host: who runs one, from which file, and what of it is this one's too.

Source: proc(5), /proc/PID/cmdline and /proc/PID/cwd.
"""

import os
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

from gateway.cli.configured import PLACES
from gateway.cli.doctor.finding import Finding, note, wrong
from gateway.config import ConfigProblems, Configuration, read

_RUN = "run"
_CONFIG = "--config"


class RunningGateway(NamedTuple):
    """A process that runs a gateway, and its configuration file; None where this user may not know."""

    pid: int
    config: Path | None

    def __str__(self) -> str:
        return f"process {self.pid} ({self.config or 'from a file that this user may not see'})"


def running_gateways(root: Path) -> list[RunningGateway]:
    """The processes that run a gateway, by their command lines, in the order of their numbers."""
    found = []
    for process in (root / "proc").glob("[0-9]*"):
        try:
            words = (process / "cmdline").read_bytes().decode("utf-8", "surrogateescape").split("\0")
        except OSError:
            continue  # it has just ended
        if process.name.isdecimal() and _runs(words):
            found.append(RunningGateway(int(process.name), _config_of(words, process)))
    return sorted(found)


def run_from(running: Sequence[RunningGateway], file: Path) -> list[RunningGateway]:
    """Those of the gateways that run from a file, by whatever path they name it."""
    return [one for one in running if one.config is not None and _is_same(one.config, file)]


def look_at_others(mine: Path, running: Sequence[RunningGateway], found: Configuration | None, *, pid: int = 0) -> Iterator[Finding]:
    """Look whether a gateway beside the one of the file `mine` has what is in it; `pid` is the one that answers, 0 where none does."""
    same = run_from(running, mine)
    if len(same) > 1:
        stray = next((one for one in same if one.pid != pid), same[-1])
        text = f"{len(same)} gateways run from this file: {', '.join(map(str, same))}"
        yield wrong("gateways", text, f"sudo kill {stray.pid}, or stop its service")
    for other in running:
        if other in same or other.pid == pid:
            continue
        both = _shared(found, other.config)
        if both:
            text = f"another gateway runs, {other}, and both want {', '.join(both)}"
            yield wrong("gateways", text, f"sudo kill {other.pid}, or stop its service")
        else:
            yield note("gateways", f"another gateway runs: {other}")


def _runs(words: Sequence[str]) -> bool:
    for at, word in enumerate(words[:-1]):
        if word == "gateway.cli" or word.rpartition("/")[2] == "gateway":
            return _RUN in words[at + 1 : at + 4]
    return False


def _config_of(words: Sequence[str], process: Path) -> Path | None:
    try:
        folder = (process / "cwd").readlink()
    except OSError:
        folder = None
    named = next((after for word, after in pairwise(words) if word == _CONFIG), "")
    named = named or next((word.partition("=")[2] for word in words if word.startswith(f"{_CONFIG}=")), "")
    if named:
        return Path(named) if folder is None and Path(named).is_absolute() else folder / named if folder is not None else None
    places = [Path(place) if folder is None else folder / place for place in PLACES]
    return next((place for place in places if place.is_absolute() and os.path.exists(place)), None)  # noqa: PTH110


def _is_same(one: Path, other: Path) -> bool:
    try:
        return one.samefile(other)
    except OSError:
        return os.path.realpath(one) == os.path.realpath(other)


def _shared(found: Configuration | None, other: Path | None) -> list[str]:
    """What two configurations both want: device files, and names at a broker."""
    if found is None or other is None:
        return []
    try:
        theirs = _wanted(read(other))
    except (ConfigProblems, OSError):
        return []
    return [said for thing, said in _wanted(found).items() if thing in theirs]


def _wanted(found: Configuration) -> Mapping[str, str]:
    """Device files by their real paths, and the names at brokers, with what to say of each."""
    real = [part for part in found.host_bound if not part.simulated]
    files = {os.path.realpath(path): path for part in real for path in part.settings.device_files().values()}
    names = {
        f"{found.gateway.name} {part.id} {host}:{port}": f"the name of {part.id} at {host}:{port}"
        for part in real
        for host, port in part.settings.servers().values()
        if part.kind.kind == "mqtt"
    }
    return files | names
