"""What a model may hold: plain types pay nothing, loose ones are proved, and what can never be read back is refused with its class."""

import collections
import copy
import dataclasses
import datetime
import pickle
import re
from typing import Annotated, Any, NotRequired

import pytest
from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    JsonValue,
    PrivateAttr,
    ValidationError,
    computed_field,
    create_model,
    field_validator,
)
from typing_extensions import TypedDict

from gateway.actors import BadDefinition, BadPayload, Event, Payload, State
from gateway.actors.models import Model
from gateway.actors.payloads import prove, read_payload, read_stored
from gateway.actors.vocabulary import Fix, Publish, Report, Switch


class Shelf(State):
    """A state with one of each container."""

    lines: list[str] = []
    counts: dict[str, int] = {}
    tags: set[str] = set()
    rows: tuple[list[int], ...] = ([1],)
    notes: JsonValue = None
    whatever: Any = None
    made: list[str] = Field(default_factory=lambda: ["made"])


class Knot(State):
    """A model in itself."""

    inner: "Knot | None" = None


@pytest.mark.parametrize("model", [Publish, Report, Fix, Switch])
def test_what_most_messages_are_pays_nothing(model: type[Payload]) -> None:
    """Models of plain types are not proved in a turn."""
    assert not model.LOOSE


class Known(TypedDict):
    """A dict with known keys."""

    value: bool | int | float | str | None
    unit: NotRequired[str]


class Dials(State):
    """A state with dicts of known keys."""

    dials: dict[str, Known] = {}


def test_a_dict_of_known_keys_is_as_plain_as_what_is_in_it() -> None:
    """Whether a key must be there does not matter; what could be anything does, and what brings code or other keys."""

    class Anything(TypedDict):
        value: Any

    class Coded(TypedDict):
        value: Annotated[int, AfterValidator(str)]

    class Open(TypedDict):
        __pydantic_config__ = ConfigDict(extra="allow")
        value: int

    def loose(kind: Any) -> bool:
        return create_model("Holder", __base__=State, inner=(kind | None, None)).LOOSE

    assert not Dials.LOOSE
    assert not loose(Known)
    assert [loose(kind) for kind in (Anything, Coded, Open)] == [True, True, True]


@pytest.mark.parametrize("value", [True, 0, 1, 1.0, -0.0, 1e300, 10**3999, "", "1", "1.0", "true", "NaN", None])
def test_what_a_dict_of_known_keys_holds_comes_back_as_it_was(value: Any) -> None:
    """The same value, of the same type."""
    dials = Dials(dials={"a": {"value": value}})
    back = read_stored(Dials, 1, dials.to_json(), what="its state")
    assert back == dials
    assert type(back.dials["a"]["value"]) is type(value)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), 10**4000 + 1, "\udfff", b"\xff", [1], {"a": 1}, object()])
def test_what_could_not_come_back_is_in_no_dict_of_known_keys(value: Any) -> None:
    """It is refused where it is put in."""
    with pytest.raises(ValidationError):
        Dials(dials={"a": {"value": value}})


def test_what_can_hold_anything_is_loose() -> None:
    """Any, JSON, a model in itself, and what a validator of its own gives back."""

    class Checked(State):
        name: str = ""

        @field_validator("name")
        @classmethod
        def _swap(cls, name: str) -> Any:
            return object() if name == "object" else name

    assert Shelf.LOOSE
    assert Knot.LOOSE
    assert Checked.LOOSE
    with pytest.raises(BadPayload, match=r"^cannot keep the state: Unable to serialize unknown type"):
        prove(Checked(name="object"), where="the state")


def _nested(depth: int) -> Any:
    found: Any = 1
    for _ in range(depth):
        found = [found]
    return found


def _cycle() -> Any:
    found: list[Any] = []
    found.append(found)
    return found


@pytest.mark.parametrize(
    "value",
    [object(), {1, object()}, _nested(200), _nested(400), _cycle(), "\udcff", {"\udcff": 1}, {("a", "b"): object()}],
    ids=["an object", "a set of objects", "deep", "deeper", "a cycle", "a surrogate", "a surrogate as key", "an object within"],
)
def test_what_does_not_come_back_is_refused(value: Any) -> None:
    """With a BadPayload, and no other error: nor does it end anything."""
    with pytest.raises(BadPayload, match=r"^cannot keep it: "):
        prove(Shelf(whatever=value), where="it")


@pytest.mark.parametrize(
    ("value", "became"),
    [
        (b"abc", "'YWJj'"),
        ({1: "a"}, "{'1': 'a'}"),
        ({"a": {2: 3}}, "{'a': {'2': 3}}"),
        ((1, 2), "[1, 2]"),
        ({"a": [(1,)]}, "{'a': [[1]]}"),
        ({1}, "[1]"),
        (frozenset({"a"}), "['a']"),
        (datetime.date(2024, 2, 29), "'2024-02-29'"),
        (Switch(on=True), "{'on': True}"),
    ],
    ids=str,
)
def test_what_comes_back_as_something_else_is_refused(value: Any, became: str) -> None:
    """After a restart it would be another value than the one that code put there, without a word."""
    with pytest.raises(BadPayload, match=rf"^cannot keep it: whatever: .* comes back from JSON as {re.escape(became)}; name its type"):
        prove(Shelf(whatever=value), where="it")


@pytest.mark.parametrize("value", [None, True, 1, 1.5, "a", [], [1, [2]], {"a": {"b": [None]}}, 2**64])
def test_what_json_knows_comes_back(value: Any) -> None:
    """Texts, numbers, lists, and dicts whose keys are texts."""
    prove(Shelf(whatever=value), where="it")


@pytest.mark.parametrize("value", [float("nan"), float("inf"), {"a": [float("-inf")]}])
def test_numbers_that_json_cannot_say_are_no_values(value: Any) -> None:
    """Not from code, and not from outside, where Python's JSON would take them."""
    with pytest.raises(ValidationError, match="a number must be finite"):
        Shelf(whatever=value)
    with pytest.raises(ValidationError, match="a number must be finite"):
        Shelf.model_validate_json(b'{"notes": {"a": 1e999}}')


def test_integers_that_cannot_be_read_back() -> None:
    """Python reads 4,300 digits; the largest is below. The error does not repeat them."""

    class Count(Payload):
        n: int = 0
        free: Any = None

    assert Count(n=2**64).changed(n=-(10**3999)).n == -(10**3999)
    with pytest.raises(BadPayload) as raised:
        read_payload(Count, b'{"n": 1' + b"0" * 4200 + b"}", where="count")
    assert str(raised.value) == "cannot read the payload of count: n: expected an integer of at most 4,000 digits"
    with pytest.raises(ValidationError, match="an integer must have at most 4,000 digits"):
        Count(free=10**5000)


def test_containers_cannot_be_changed() -> None:
    """Neither given ones nor defaults, however deep; and they are what they stand for in every other way."""
    shelf = Shelf(lines=["a"], counts={"a": 1}, tags={"x"}, notes={"deep": [1, {"er": 2}]}, whatever=[[1]])
    for change in (
        lambda: shelf.lines.append("b"),
        shelf.lines.sort,
        lambda: shelf.lines.__setitem__(0, "b"),
        lambda: shelf.counts.update(b=2),
        lambda: shelf.counts.__setitem__("b", 2),
        lambda: shelf.counts.pop("a"),
        lambda: shelf.tags.add("y"),
        lambda: shelf.rows[0].append(2),
        shelf.notes["deep"][1].clear,  # type: ignore[index,call-overload,union-attr]  # JSON of any form
        lambda: shelf.whatever[0].append(2),
        lambda: Shelf().lines.append("b"),
        lambda: Shelf().counts.setdefault("b", 2),
        lambda: Shelf().made.append("b"),
        lambda: Shelf.model_validate_json(b'{"lines": ["a"]}').lines.extend(["b"]),
    ):
        with pytest.raises(TypeError, match=r"^cannot change a (list|dict|set) of a model in place: models are frozen"):
            change()
    with pytest.raises(TypeError):
        shelf.lines += ["b"]
    assert (shelf.lines, shelf.counts, shelf.tags) == (["a"], {"a": 1}, {"x"})
    assert [*shelf.lines, "b"] == ["a", "b"]
    assert {**shelf.counts, "b": 2} == {"a": 1, "b": 2}
    assert copy.deepcopy(shelf) == shelf == pickle.loads(pickle.dumps(shelf))
    assert Shelf.model_validate_json(shelf.to_json()) == shelf


def test_a_copy_with_a_change_is_checked() -> None:
    """pydantic's own way of copying would take anything."""
    assert Publish(topic="a").model_copy(update={"topic": "b"}).topic == "b"
    with pytest.raises(ValidationError):
        Publish(topic="a").model_copy(update={"topic": object()})


def test_a_model_that_is_made_by_hand_is_checked() -> None:
    """pydantic's own way of making one would take anything, and the commit, which is everybody's, could not write it."""
    assert Publish.model_construct(topic="b") == Publish(topic="b")
    with pytest.raises(ValidationError):
        Publish.model_construct({"topic"}, topic=object())


@dataclasses.dataclass
class Point:
    """Can be changed in place."""

    x: int = 0


class Loose(BaseModel):
    """Somebody's model, not frozen."""

    x: int = 0


def _tuple_keys() -> type[State]:
    class Board(State):
        fields: dict[tuple[int, int], str] = {}

    return Board


def _nested_keys() -> type[State]:
    class Board(State):
        fields: list[dict[frozenset[int], str] | None] = []

    return Board


def _computed() -> type[State]:
    class Board(State):
        @computed_field  # type: ignore[prop-decorator]  # as pydantic documents it
        @property
        def size(self) -> int:
            return 1

    return Board


def _private() -> type[State]:
    class Board(State):
        _kept: int = PrivateAttr(default=1)

    return Board


def _aliased() -> type[Payload]:
    class Board(Payload):
        size: int = Field(default=1, alias="Size")

    return Board


def _excluded() -> type[Event]:
    class Board(Event):
        size: int = Field(default=1, exclude=True)

    return Board


def _deque() -> type[State]:
    class Board(State):
        last: collections.deque[int] = collections.deque()

    return Board


def _dataclass() -> type[State]:
    class Board(State):
        point: Annotated[Point | None, "where"] = None

    return Board


def _thawed() -> type[State]:
    class Board(State):
        inner: dict[str, Loose] = {}

    return Board


def _version() -> type[State]:
    class Board(State):
        VERSION = 2**63

    return Board


@pytest.mark.parametrize(
    ("make", "why"),
    [
        (_tuple_keys, "fields has keys of type tuple[int, int], which cannot be read back from JSON; use text, numbers or an enum"),
        (_nested_keys, "fields has keys of type frozenset[int], which cannot be read back from JSON; use text, numbers or an enum"),
        (_computed, "size is computed, and cannot be read back; make it a method"),
        (_private, "_kept is private, and not stored; make it a field"),
        (_aliased, "size is written under another name than it is read; give it no alias, or AliasChoices with 'size' too"),
        (_excluded, "size is excluded, and not stored; make it a plain field"),
        (_deque, "last is a deque, which can be changed in place; use a tuple, bytes, or a Model of gateway.actors"),
        (_dataclass, "point is a Point, which can be changed in place; use a tuple, bytes, or a Model of gateway.actors"),
        (_thawed, "inner is a Loose, which can be changed in place; use a tuple, bytes, or a Model of gateway.actors"),
        (_version, "its VERSION is 9223372036854775808; count its shapes from 1"),
    ],
)
def test_what_can_never_be_read_back_is_refused_with_its_class(make: Any, why: str) -> None:
    """When the class is made, and not when an actor is loaded at night."""
    with pytest.raises(BadDefinition) as raised:
        make()
    assert str(raised.value) == f"cannot use Board as a model: {why}"


class Leaf(Model):
    """A part of a state."""

    names: list[str] = []


def test_the_parts_of_a_state_are_frozen_too() -> None:
    """A model within a model."""

    class Tree(State):
        leaves: tuple[Leaf, ...] = (Leaf(),)

    assert not Tree.LOOSE
    with pytest.raises(TypeError):
        Tree().leaves[0].names.append("x")
