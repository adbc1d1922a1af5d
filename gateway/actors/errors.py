"""Errors: one root, one class per thing a caller can do differently.

Each is also the builtin error a caller would expect, so that code that knows nothing of this project still catches it.
The text says what could not be done, the fact seen, and what to do.
"""

from typing import TypeVar


class GatewayError(Exception):
    """The root of every error this project raises on purpose."""


ANYTHING = (Exception, SystemExit)
"""What a user's own code may raise where the runtime calls it: whoever says sys.exit() there is to end nobody else."""

E = TypeVar("E", bound=BaseException)


def without_frames(error: E) -> E:
    """An error that was caught and is kept as a value. A traceback, and that of each error behind it, has the frames, and they all that
    came together, until the collector of cycles comes by."""
    error.__traceback__ = None
    for behind in (error.__cause__, error.__context__):
        if behind is not None and behind.__traceback__ is not None:
            without_frames(behind)
    return error


class BadId(GatewayError, ValueError):
    """An actor id, a key or a verb is not well formed: mend the text."""


class UnknownTarget(GatewayError, LookupError):
    """No kind, no host-bound actor or no verb of that name is registered: mend the address, or register it."""


class BadPayload(GatewayError, ValueError):
    """A payload does not fit the model that the verb declares: mend the payload."""


class BadDefinition(GatewayError, TypeError):
    """An actor class is not well formed: mend the class."""


class StageSpent(GatewayError, RuntimeError):
    """A stage is used after its turn: use it within the verb only."""


class Refused(GatewayError, RuntimeError):
    """The gateway does not take the message now: wait, and send it again."""


class Unanswered(GatewayError, TimeoutError):
    """An ask had no reply in time. The outcome is unknown: look before you repeat it."""


class StoreFailed(GatewayError, OSError):
    """The store could not be read or written: see the fact in the text (disk full, medium, permissions)."""


class StoreFull(StoreFailed):
    """The medium is full, or the store's limit is reached: make room, or raise the limit; `why` says which."""

    why = "the disk is full"


class StoreCorrupt(StoreFailed):
    """The store's file is damaged: the next start moves it aside, and begins a new store."""


class StoreForeign(StoreFailed):
    """The store is a real gateway's and this one is simulated, or the other way round: give this one another."""


class StoreTaken(StoreFailed):
    """Another gateway has taken the store over: this one ends, for what it does now cannot be kept."""


class StateTooNew(GatewayError, ValueError):
    """A stored state is of a newer version than this program knows: install the newer program again."""


class DoesNotFit(GatewayError, ValueError):
    """What was stored does not fit today's model: raise its VERSION and write upcast, as `example` does; or forget what was stored."""

    def __init__(self, text: str, example: str = "") -> None:
        super().__init__(text)
        self.example = example
        """Lines of Python for the model; empty where nothing is known to begin with."""
