"""What one pin keeps on disk of itself, for its next life: a few words, all of them written anew at each change."""

import json
from typing import Any

from gateway.actors import Host


class PinMemory:
    """The words of one pin. Runs on the pin's own thread; a power cut within the moment of a write loses that one."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self._kept: dict[str, Any] = json.loads(host.remembered) if host.remembered else {}

    def get(self, name: str) -> Any:
        """What was kept last under that name; None where nothing was."""
        return self._kept.get(name)

    def keep(self, **words: Any) -> None:
        """Keep these words beside the others, where that is new."""
        fresh = {**self._kept, **words}
        if fresh != self._kept:
            self._kept = fresh
            self._host.remember(json.dumps(fresh), then=_nothing)


def _nothing() -> None:
    """Do nothing once it is on disk: nobody waits for that."""
