"""Profiles: which registers a model of a device has, as files of TOML: those in the box by their names, a user's own by their paths.

values.voltage_v = {register = 0, area = "input", type = "f32"}
"""

import tomllib
from pathlib import Path
from typing import Any

BOX = Path(__file__).parent / "profiles"


def names() -> list[str]:
    """The names of the profiles in the box."""
    return sorted(path.stem for path in BOX.glob("*.toml"))


def read_profile(name: str) -> dict[str, Any]:
    """The tables of a profile. Raises ValueError where there is none, or it is no TOML."""
    path = Path(name) if "/" in name else BOX / f"{name}.toml"
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        known = f"in the box are {', '.join(names())}; a file of your own is named by its path"
        raise ValueError(f"there is no profile {name!r}; {known}") from None
    except (OSError, ValueError) as error:  # ValueError: no UTF-8, no TOML, or a name that no file can have
        raise ValueError(f"cannot read the profile {name!r}: {error}; mend the file") from None
