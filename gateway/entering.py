"""Which folder on the way to a file keeps this user out: the mode of the file itself says nothing then."""

import os
from pathlib import Path


def folders_to(path: str | Path) -> list[Path]:
    """The folders that one enters on the way to a file, the outermost first: those above it, and those above what it is a link to."""
    given = Path(path).absolute()
    return [*reversed(given.parents), *reversed(Path(os.path.realpath(given)).parents)]


def shut_above(path: str | Path) -> Path | None:
    """The outermost folder on the way to a file that this user may not enter; None where there is none."""
    above = folders_to(path)
    return next((one for one in above if os.path.isdir(one) and not os.access(one, os.X_OK, effective_ids=True)), None)  # noqa: PTH112  # pathlib raises
