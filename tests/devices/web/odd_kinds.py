"""Kinds as users may write them, of which each has something odd for whoever describes them to programs."""

import enum
from collections.abc import Callable
from decimal import Decimal
from typing import Annotated, Generic, Literal, TypeVar

from pydantic import AfterValidator, ConfigDict, Field

from gateway.actors import Actor, Payload, Stage, State, verb

T = TypeVar("T")


class OddState(State):
    count: int = 0


class Colour(enum.Enum):
    RED = "red"
    OCHRE = "öcher/$ref~1"


class Cat(Payload):
    kind: Literal["cat"] = "cat"
    lives: int = 9


class Dog(Payload):
    kind: Literal["dog"]
    friends: list["Pet"] = []


Pet = Annotated[Cat | Dog, Field(discriminator="kind")]
Dog.model_rebuild()


class Tree(Payload):
    """A model that holds itself, and needs something."""

    name: str
    twigs: list["Tree"] = Field(default=[], max_length=4)


class Box(Payload, Generic[T]):
    inside: T


class Größe(Payload):  # noqa: PLC2401  # as in a country where words have such letters
    breite_mm: int | float | None = None
    größe: Colour = Colour.RED  # noqa: PLC2401  # as above
    properties: Colour | None = None
    pattern: Colour | None = None


class Strange(Payload):
    """A price, and an example that looks like a reference."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"$ref": "#/$defs/nowhere"}]})

    price: Decimal = Decimal("1.50")
    either: dict[str, int | list[Tree]] | None = None


class Half(Payload):
    """Half a character stands in what is said of a field."""

    text: str = Field(default="", description="half of one: \ud83d")


class Opaque(Payload):
    """A field of which there is no schema."""

    act: Annotated[int, AfterValidator(abs)] = 1
    call: Callable[[], int] | None = None


class Odd(Actor[OddState]):
    @verb
    def tell(self, dog: Dog, stage: Stage[OddState]) -> None:
        self.took(stage)

    @verb
    def gieße(self, größe: Größe, stage: Stage[OddState]) -> None:  # noqa: PLC2401  # as above
        self.took(stage)

    @verb
    def plant(self, tree: Tree, stage: Stage[OddState]) -> None:
        self.took(stage)

    @verb
    def pack(self, box: Box[Tree], stage: Stage[OddState]) -> None:
        self.took(stage)

    @verb
    def count_up(self, box: Box[int], stage: Stage[OddState]) -> None:
        self.took(stage)

    @verb
    def history(self, strange: Strange, stage: Stage[OddState]) -> None:
        self.took(stage)

    @verb
    def halve(self, half: Half, stage: Stage[OddState]) -> None:
        self.took(stage)

    @verb
    def act(self, opaque: Opaque, stage: Stage[OddState]) -> None:
        self.took(stage)

    @verb
    def rest(self, stage: Stage[OddState]) -> None:
        self.took(stage)

    def took(self, stage: Stage[OddState]) -> None:
        """Note that a verb was called, and say which."""
        stage.state = stage.state.changed(count=stage.state.count + 1)
        stage.reply({"verb": stage.message.verb})
