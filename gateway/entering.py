"""Which folder on the way to a file keeps this user out: the mode of the file itself says nothing then."""

import os
from pathlib import Path


def shut_above(path: str | Path) -> Path | None:
    """The outermost folder above a path, or above what it is a link to, that this user may not enter; None where there is none."""
    given = Path(path).absolute()
    above = (*reversed(given.parents), *reversed(Path(os.path.realpath(given)).parents))
    return next((one for one in above if os.path.isdir(one) and not os.access(one, os.X_OK, effective_ids=True)), None)  # noqa: PTH112  # pathlib raises
