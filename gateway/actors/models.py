"""Models: what states, payloads and events are made of.

They are frozen, and change by making a copy with `changed`, which validates it. A model that is stored has a version, and takes what
was stored by an older program up to today's shape:

    class Shelf(State):
        VERSION = 2
        parcels: int = 0

        @classmethod
        def upcast(cls, version, fields):
            if version == 1:
                fields["parcels"] = 4 * fields.pop("boxes")
            return fields
"""

from collections.abc import Callable, Hashable, Mapping
from typing import Any, ClassVar, NamedTuple, Self

from pydantic import BaseModel, ConfigDict, GetCoreSchemaHandler
from pydantic_core import CoreSchema

from gateway.actors.callers import By
from gateway.actors.changing import Check, check_of, with_given
from gateway.actors.shapes import is_loose, tightened


class Model(BaseModel):
    """A frozen model. Unknown fields, infinities, NaN, integers of more than 4,000 digits and text that is no Unicode (lone surrogates)
    are refused; so is, when the class is made, a field that could not be read back. Its lists, dicts and sets cannot be changed.
    """

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        defer_build=True,  # most gateways use a few of the models there are: each takes some 50 kB once it is built
        allow_inf_nan=False,
        ser_json_bytes="base64",
        val_json_bytes="base64",
        str_max_length=16 * 1024 * 1024,  # also makes pydantic read each text, so that a lone surrogate fails here and not at the commit
    )

    LOOSE: ClassVar[bool] = False
    """Whether it may hold what cannot be read back, so that it is proved when it is put on a stage: see `shapes.py`."""

    CHECKS: ClassVar[dict[tuple[str, ...], Check | None]] = {}
    """The checks of fields that were changed together; None: they are checked with all others."""

    @classmethod
    def __pydantic_init_subclass__(cls, **keywords: Any) -> None:
        super().__pydantic_init_subclass__(**keywords)
        cls.LOOSE = is_loose(cls)
        cls.CHECKS = {}

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return tightened(handler(source), handler.resolve_ref_schema)

    def changed(self, **fields: Any) -> Self:
        """A validated copy with `fields` replaced (cheaper than model_copy, which does not validate); see `changing.py`."""
        if not self.LOOSE:
            names, checks = (*fields,), self.CHECKS
            check = checks[names] if names in checks else check_of(type(self), names, checks)
            if check is not None:
                return with_given(self, check(fields)[0])
        return self.__pydantic_validator__.validate_python({**self.__dict__, **fields})  # type: ignore[no-any-return]  # a Self

    @property
    def model_fields_set(self) -> set[str]:
        """The names of the fields that this model was given: a copy, for models that were given all of them share one set."""
        return set(self.__pydantic_fields_set__)

    def model_copy(self, *, update: Mapping[str, Any] | None = None, deep: bool = False) -> Self:
        """A copy; `update` is validated, as by `changed`: what no model can hold would be found out when it is stored."""
        del deep  # nothing in it can be changed
        return self.changed(**update) if update else self

    @classmethod
    def model_construct(cls, _fields_set: set[str] | None = None, **values: Any) -> Self:
        """A model of these fields, validated as any other, for the same reason."""
        return cls.model_validate(values)

    def to_json(self) -> bytes:
        """This model as compact JSON."""
        return self.__pydantic_serializer__.to_json(self)


class Versioned(Model):
    """A model that is stored, and may change its shape: `VERSION` counts the changes.

    `upcast` takes the stored fields of version N to N + 1; it is called on load.
    """

    VERSION: ClassVar[int] = 1

    @classmethod
    def upcast(cls, version: int, fields: dict[str, Any]) -> dict[str, Any]:
        """Turn the stored `fields` of version `version` into those of `version + 1`; by default they stay as they are."""
        del version
        return fields


class Tells(NamedTuple):
    """What a payload tells of, where fewer of its kind are to be written: see `Payload.tells`."""

    of: Hashable = ()
    """What it tells of: a newer one that tells of the same may take its place."""
    fixed: Hashable = ()
    """What of it must not change unseen: one in which that has changed comes in at once."""
    at_ms: int = 0
    """Wall time by the device's own clock, milliseconds since 1970; 0: it has none."""


class Payload(Versioned):
    """What a verb takes: subclass it, one field per fact, units in the names. Mail and timers keep its version while they wait."""

    SENT_BY: ClassVar[By] = By.OUTSIDE
    """Who may send a verb that takes it, where the verb itself does not say."""

    @property
    def is_telemetry(self) -> bool:
        """Whether it only tells how things stand, and the next of its kind tells it again: where there is no room it may wait at the door,
        or give way. Override it where that is so; what is to be done, or to be told to people, never gives way.
        """
        return False

    @property
    def tells(self) -> Tells:
        """What it tells of, if it is telemetry: two that tell of the same, of one source to one actor, may become one. By default all of a
        verb do."""
        return Tells()


class Nothing(Payload):
    """The payload of a verb that takes no fields."""


class State(Versioned):
    """What an actor remembers: every field has a default, the state of an actor nobody has written to yet."""

    INNER: ClassVar[tuple[str, ...]] = ()
    """Fields that the actor keeps for itself; a dot goes into one. `gateway show` leaves them out, `--json` has them."""

    def mended(self, mend: Callable[[Any], Any]) -> Self:
        """The state with its times as they should have been, where that is known by now: see `stamps.py`."""
        del mend
        return self


class Event(Versioned):
    """What happened to an event-sourced actor, in the past tense: `Deposited`, `Renamed`. It is kept for the actor's life."""


NOTHING = Nothing()
