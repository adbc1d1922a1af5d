"""Misfits: what is stored and does not fit today's model is told field by field, with an upcast that mends it."""

import threading
from typing import Any, ClassVar, Literal

import pytest
from pydantic import Field, model_validator

from gateway.actors import DoesNotFit, State
from gateway.actors.models import Versioned
from gateway.actors.payloads import UPCASTS, read_stored
from tests.waiting import until


class Place(State):
    street: str


class Shelf(State):
    """Every kind of field."""

    parcels: int = 0
    weight_kg: float = 0.0
    open: bool = False
    tags: list[str] = []
    place: Place | None = None
    phase: Literal["full", "empty"] = "empty"
    who: int | str = 0
    most: int = Field(default=0, ge=0)


class Renamed(State):
    """`boxes` are `parcels` now."""

    parcels: int


class Counted(State):
    """Has an upcast already."""

    VERSION: ClassVar[int] = 2
    parcels: int = 0

    @classmethod
    def upcast(cls, version: int, fields: dict[str, Any]) -> dict[str, Any]:
        return {"parcels": fields["boxes"]} if version == 1 else fields


class Raised(State):
    """Has a new VERSION, and nothing that takes older ones there."""

    VERSION: ClassVar[int] = 2
    parcels: int = 0


class Consistent(State):
    """Knows more than its fields do."""

    low: int = 0
    high: int = 0

    @model_validator(mode="after")
    def _in_order(self) -> "Consistent":
        if self.low > self.high:
            raise ValueError("low is above high")
        return self


def refused(model: type[Versioned], version: int, stored: str) -> DoesNotFit:
    with pytest.raises(DoesNotFit) as caught:
        read_stored(model, version, stored, what="its state")
    return caught.value


@pytest.mark.parametrize(
    ("model", "stored", "facts"),
    [
        (Shelf, '{"boxes":1}', "'boxes' is gone"),
        (Shelf, '{"boxes":1,"crates":[]}', "'boxes' is gone; 'crates' is gone"),
        (Renamed, "{}", "'parcels' is new and has no default"),
        (Renamed, '{"boxes":1}', "'parcels' is new and has no default; 'boxes' is gone"),
        (Shelf, '{"parcels":"many"}', "'parcels' was text and is a whole number now"),
        (Shelf, '{"parcels":1.5}', "'parcels' was a number and is a whole number now"),
        (Shelf, '{"weight_kg":[1]}', "'weight_kg' was a list and is a number now"),
        (Shelf, '{"open":"perhaps"}', "'open' was text and is true or false now"),
        (Shelf, '{"tags":"a"}', "'tags' was text and is a list now"),
        (Shelf, '{"tags":["a",2]}', "'tags.1' was a whole number and is text now"),
        (Shelf, '{"place":null,"parcels":null}', "'parcels' was nothing and is a whole number now"),
        (Shelf, '{"place":{"road":"x"}}', "'place.street' is new and has no default; 'place.road' is gone"),
        (Shelf, '{"place":true}', "'place' was true or false and is a table now"),
        (Shelf, '{"who":{}}', "'who' was a table and is a whole number or text now"),
        (Shelf, '{"phase":"half"}', "'phase' does not fit any more: it should be 'full' or 'empty'"),
        (Shelf, '{"most":-1}', "'most' does not fit any more: it should be greater than or equal to 0"),
        (Consistent, '{"low":2,"high":1}', "it does not fit any more: low is above high"),
        (Shelf, "[1]", "it was a list and is a table now"),
    ],
)
def test_each_field_is_told(model: type[State], stored: str, facts: str) -> None:
    """In the words of people who know their actor, and no library."""
    said = f"its state of version 1 does not fit {model.__name__}: {facts}; raise VERSION and write upcast"
    assert str(refused(model, 1, stored)) == said


def test_many_fields_are_cut() -> None:
    """The text stays one that can be read."""
    stored = "{" + ",".join(f'"f{n}":{n}' for n in range(2000)) + "}"
    assert str(refused(Shelf, 1, stored)).endswith("'f7' is gone; 1992 more do not fit; raise VERSION and write upcast")


@pytest.mark.parametrize(
    ("model", "version", "stored", "advice"),
    [
        (Counted, 2, '{"boxes":1}', "raise VERSION and write upcast"),
        (Counted, 1, '{"boxes":"many"}', "mend upcast, which took it from version 1 to 2"),
        (Raised, 1, '{"boxes":1}', "VERSION is 2, so write upcast too"),
    ],
)
def test_the_advice_is_what_is_left_to_do(model: type[State], version: int, stored: str, advice: str) -> None:
    """VERSION may be raised already, and the upcast be there, and wrong."""
    assert str(refused(model, version, stored)).endswith(f"; {advice}")


def test_an_upcast_that_raises_is_told_with_its_error() -> None:
    """Its text may be nothing but a name."""
    said = "its state of version 1 cannot be taken up: the upcast of Counted from version 1 failed: KeyError: 'boxes'; mend upcast"
    assert str(refused(Counted, 1, '{"crates":1}')) == said


@pytest.mark.parametrize("version", [1, 2])
@pytest.mark.parametrize("stored", ['{"parcels":', "\x00", "[" * 5000])
def test_what_is_no_json_is_damaged(version: int, stored: str) -> None:
    """No upcast mends that."""
    error = refused(Counted, version, stored)
    assert str(error).startswith("its state is no JSON (")
    assert str(error).endswith("): the store was damaged; take it from a backup")
    assert error.example == ""


@pytest.mark.parametrize(
    ("model", "version", "stored", "taken_up"),
    [
        (Shelf, 1, '{"parcels":2,"boxes":1}', Shelf(parcels=2)),
        (Renamed, 1, '{"boxes":3}', Renamed(parcels=3)),
        (Renamed, 1, '{"colour":"red"}', Renamed(parcels=0)),
        (Shelf, 1, '{"open":3,"parcels":4.5}', Shelf(open=True, parcels=4)),
        (Shelf, 1, '{"place":{"street":7}}', Shelf(place=Place(street="7"))),
        (Counted, 2, '{"parcels":1,"boxes":1}', Counted(parcels=1)),
        (Raised, 1, '{"boxes":1}', Raised()),
    ],
)
def test_the_example_mends_it(model: type[State], version: int, stored: str, taken_up: State) -> None:
    """Pasted into the model it takes the state up, and leaves those alone that were stored after the model was changed."""
    example = refused(model, version, stored).example
    assert example.startswith(f"# in {model.__name__}, to begin with:\nVERSION = ")
    fields: dict[str, Any] = {"__module__": __name__}
    exec(example, fields)  # our own text
    mended = type(model.__name__, (model,), {name: fields[name] for name in ("__module__", "VERSION", "upcast")})
    for one in (stored, taken_up.to_json()):
        assert read_stored(mended, version, one, what="its state").model_dump() == taken_up.model_dump()


def test_where_nothing_can_be_guessed_the_example_says_where() -> None:
    """It is Python all the same."""
    assert refused(Shelf, 1, '{"phase":"half"}').example == (
        "# in Shelf, to begin with:\n"
        "VERSION = 2\n"
        "@classmethod\n"
        "def upcast(cls, version, fields):\n"
        '    fields["phase"] = ...\n'
        "    return fields"
    )


class Slow(State):
    """Takes its time, or none: `gate` says when."""

    VERSION: ClassVar[int] = 2
    gate: ClassVar[dict[str, threading.Event]] = {}
    name: str

    @classmethod
    def upcast(cls, version: int, fields: dict[str, Any]) -> dict[str, Any]:
        assert cls.gate[fields["name"]].wait(20)
        return fields


class Slower(Slow):
    """Another one."""


def test_the_upcast_that_runs_is_known_where_another_ends() -> None:
    """They may run on several threads: one that ends takes itself off, and not the one that does not end."""
    Slow.gate |= {"first": threading.Event(), "second": threading.Event()}
    threads = [
        threading.Thread(target=read_stored, args=(model, 1, f'{{"name":"{name}"}}'), kwargs={"what": name})
        for model, name in ((Slow, "first"), (Slower, "second"))
    ]
    for running, thread in enumerate(threads, 1):
        thread.start()
        until(lambda running=running: len(UPCASTS) == running)
    Slow.gate["first"].set()
    threads[0].join(20)
    assert UPCASTS == [("Slower", 1)]
    Slow.gate["second"].set()
    threads[1].join(20)
    assert not UPCASTS
