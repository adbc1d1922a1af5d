"""Versions of payloads that wait, in mail and in timers: they stand behind the verb, `switch@2`, where they are not 1.

So what older programs have stored reads on, and the payloads that never changed their shape cost nothing.
"""

from gateway.actors.messages import Payload, read_stored
from gateway.actors.verbs import Verb


def with_version(verb: str, payload: Payload) -> str:
    """The verb as it is stored with this payload."""
    return f"{verb}@{payload.VERSION}" if payload.VERSION != 1 else verb


def apart(stored: str) -> tuple[str, int]:
    """The verb, and the version of its payload."""
    verb, _, version = stored.partition("@")
    return verb, int(version or 1)


def read_waiting(row: Verb, version: int, json: bytes | str) -> Payload:
    """A payload that waited. Raises StateTooNew where its version is newer than this program, ValueError where it does not fit."""
    return read_stored(row.payload, version, json, what="its payload")
