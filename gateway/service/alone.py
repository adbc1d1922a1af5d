"""A gateway runs alone: no other has its configuration file or its store. What is said where it cannot run."""

import logging
from collections.abc import Callable
from pathlib import Path

from gateway.actors.errors import GatewayError
from gateway.service.lock import AlreadyRunning, ConfigurationLock, Lock
from gateway.store.naming import what_to_do

log = logging.getLogger(__name__)

NO_STORE = 74
RUNS_ALREADY = 75


class Unrunnable(GatewayError, RuntimeError):
    """Raised where the gateway cannot start; `code` is what to exit with."""

    def __init__(self, text: str, code: int) -> None:
        super().__init__(text)
        self.code = code


def locked_configuration(path: Path, *, simulated: bool) -> Callable[[], None]:
    """Lock the configuration file; return what unlocks it. Raises Unrunnable where another gateway has it."""
    try:
        return ConfigurationLock(path, simulated=simulated).release
    except AlreadyRunning as error:
        raise Unrunnable(str(error), RUNS_ALREADY) from error
    except OSError as error:  # a second gateway would not be noticed: no reason to be without the first
        log.warning("cannot lock %s: %s; see to it that no other gateway runs from it", path, error.strerror)
        return lambda: None


def locked_store(store: Path) -> Callable[[], None]:
    """Lock the store; return what unlocks it. Raises Unrunnable where another gateway has it, or its folder takes no file."""
    try:
        return Lock(store).release
    except AlreadyRunning as error:
        raise Unrunnable(str(error), RUNS_ALREADY) from error
    except OSError as error:
        text = f"cannot start: {error.filename or store} cannot be made: {error.strerror}; {what_to_do(error, store)}"
        raise Unrunnable(text, NO_STORE) from error
