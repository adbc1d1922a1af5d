"""Versions of payloads that wait, in mail and in timers: they stand behind the verb, `switch@2`, where they are not 1.

So what older programs have stored reads on, and the payloads that never changed their shape cost nothing.
"""

from gateway.actors.errors import DoesNotFit, GatewayError
from gateway.actors.models import Payload
from gateway.actors.payloads import read_stored
from gateway.actors.verbs import Verb
from gateway.actors.words import described, in_a_line, printable


def with_version(verb: str, payload: Payload) -> str:
    """The verb's name as it is stored with this payload: with the payload's version where that is not 1."""
    return f"{verb}@{payload.VERSION}" if payload.VERSION != 1 else verb


def apart(stored: str) -> tuple[str, int]:
    """Split a stored verb's name into the verb and the version of its payload."""
    verb, _, version = stored.partition("@")
    return verb, int(version or 1)


def read_waiting(row: Verb, version: int, json: bytes | str, *, what: str = "its payload") -> Payload:
    """Read a payload that waited in mail or in a timer. Raises StateTooNew where its version is newer than this program, DoesNotFit where
    it does not fit."""
    return read_stored(row.payload, version, json, what=what)


def why_unreadable(id: str, owner: str, error: BaseException) -> str:
    """Why an actor cannot be loaded, and what to do, in a line; below it an upcast to begin with, where there is one.

    `owner` is who is forgotten with it: the actor itself, unless it is inside of another.
    """
    line = f"cannot load {id}: {fact_of(error)}, or `gateway forget {owner}`"
    example = error.example if isinstance(error, DoesNotFit) else ""
    return "\n".join([line, *(f"    {printable(row)}" for row in example.split("\n") if row)])


def fact_of(error: BaseException) -> str:
    """What an error says, in a line, with what to do."""
    return in_a_line(error) if isinstance(error, GatewayError) else f"{described(error)}; mend the actor"
