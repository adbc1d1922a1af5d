"""What the daemon's libraries import at their top, and hardly ever use: a megabyte of its memory."""

import os
import sys
from pathlib import Path

from gateway.deferred import deferred


def import_libraries() -> None:
    """Import these libraries without it, before anything else does. It comes in where it is used after all."""
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")  # else pydantic imports every installed package's plugin
    # Python's own python3X.zip is there on hardly any machine, and who looks for packages looks into it with all that reads archives.
    sys.path[:] = [place for place in sys.path if not place.endswith(".zip") or Path(place).exists()]
    with deferred("calendar", "csv", "tempfile", "zipfile"):
        import importlib.metadata  # noqa: F401, PLC0415  # it reads what is installed, which mostly lies in folders
    with deferred("secrets"):
        import pydantic.types  # noqa: F401, PLC0415  # it wants them to compare secrets, which nobody here keeps in a model
