"""Where the store of a gateway is that does not run: what its configuration says, else where the service or this folder has it."""

import os
from pathlib import Path
from typing import Any, NamedTuple

from gateway.console.exits import BAD_CONFIG, Failed
from gateway.console.place import SERVICE_CONFIG, installed

_SERVICE_STORE = Path("/var/lib/gateway/gateway.db")
"""Where the service has it: systemd tells the daemon and not us."""
_MAX_BYTES = 1_000_000


class StorePlace(NamedTuple):
    """A store, and whether it is a simulated gateway's."""

    path: Path
    simulated: bool
    url: str = ""
    """Of a PostgreSQL database, where the store is one; empty where it is the file."""
    password_file: str = ""
    """The file with the password for it; empty where none is named."""


def find_store(config: Path, *, named: bool) -> StorePlace:
    """The store of the configuration `config`, which the user `named`, or not. Raises Failed where it cannot be read."""
    found = _read(config, named=named)
    simulated = _table(found, "gateway").get("simulate") is True
    path = _table(found, "store").get("path")
    url, password_file = (text if isinstance(text := _table(found, "store").get(key), str) else "" for key in ("url", "password_file"))
    if isinstance(path, str) and path:
        return StorePlace(Path(path).expanduser().absolute(), simulated, url, password_file)
    given = os.environ.get("STATE_DIRECTORY", "").split(":")[0]
    service = str(config.absolute()) == SERVICE_CONFIG and installed() and not given
    default = _SERVICE_STORE if service else (Path(given) if given else Path("var")).absolute() / _SERVICE_STORE.name
    return StorePlace(default.parent / "simulated" / default.name if simulated else default, simulated, url, password_file)


def _read(config: Path, *, named: bool) -> dict[str, Any]:
    import tomllib  # noqa: PLC0415  # takes its time to import

    try:
        with config.open("rb") as file:
            return tomllib.loads(file.read(_MAX_BYTES).decode("utf-8-sig"))
    except FileNotFoundError:
        if not named:
            return {}
        raise Failed(f"cannot read {config}: there is no such file; mend the path behind --config", BAD_CONFIG) from None
    except OSError as error:
        raise Failed(f"cannot read {config}: {error.strerror}; mend the path behind --config, or use sudo", BAD_CONFIG) from None
    except (ValueError, RecursionError):
        raise Failed(f"cannot read {config}: it is no TOML; gateway check says where", BAD_CONFIG) from None


def _table(found: dict[str, Any], name: str) -> dict[str, Any]:
    table = found.get(name)
    return table if isinstance(table, dict) else {}
