"""What a collection is asked, and what it answers."""

import json

from pydantic import Field, JsonValue, field_validator

from gateway.actors.models import Payload

MOST_LISTED = 200
"""How many entries one list gives at most."""
MOST_NOTED = 1024
"""How long a note may be, as characters of compact JSON."""


class Key(Payload):
    """Payload of the verbs `find` and `remove`: the key of the entry that is meant."""

    key: str = Field(min_length=1, max_length=256)


class Entry(Payload):
    """Payload of the verbs `add` and `put`: one business id, and the actor it stands for."""

    key: str = Field(min_length=1, max_length=256)
    value: str = Field(max_length=1024)
    """An actor id, mostly; any text will do."""
    note: JsonValue = None
    """What else is to be known without asking the actor: small."""

    @field_validator("note")
    @classmethod
    def _is_small(cls, note: JsonValue) -> JsonValue:
        if note is not None and len(json.dumps(note, allow_nan=False, separators=(",", ":"))) > MOST_NOTED:
            raise ValueError(f"cannot keep a note of more than {MOST_NOTED} characters of JSON; keep it in the actor's state")
        return note


class Listing(Payload):
    """Payload of the verb `list`: which entries to list: those whose keys begin with `prefix` and come after the key `after`."""

    prefix: str = Field(default="", max_length=256)
    after: str = Field(default="", max_length=256)
    """The last key of the list before; empty: from the first."""
    limit: int = Field(default=100, ge=1, le=MOST_LISTED)


class Listed(Payload):
    """The answer to `list`."""

    entries: tuple[Entry, ...] = ()
    """The entries, in the order of their keys."""
    more: bool = False
    """Whether others follow: ask again, `after` the last key."""


class Added(Payload):
    """The answer to `add`: the entry that stands now."""

    key: str
    added: bool
    """False where there was one already, which stays as it is."""
    value: str
    note: JsonValue = None


class Put(Payload):
    """The answer to `put`."""

    key: str
    new: bool
    before: str = ""
    """The value that was replaced."""


class Found(Payload):
    """The answer to `find`."""

    key: str
    found: bool
    value: str = ""
    note: JsonValue = None


class Removed(Payload):
    """The answer to `remove`."""

    key: str
    removed: bool
    """False where there was none."""
    value: str = ""
    """The value that was."""


class Counted(Payload):
    """The answer to `count`."""

    count: int
