"""Verbs and actor classes: what is read from a class, and what is wrong with one that cannot be read."""

from collections.abc import AsyncIterator, Iterator
from typing import TYPE_CHECKING, Any

import pytest

from gateway.actors import Actor, BadDefinition, Delivery, HostBound, Mode, Nothing, Payload, Settings, Stage, State, verb
from gateway.actors.verbs import verbs_of
from gateway.actors.vocabulary import Pulse, Switch

if TYPE_CHECKING:
    from decimal import Decimal as Missing


class Count(State):
    total: int = 0


class Amount(Payload):
    units: int = 1


class CounterSettings(Settings):
    step: int = 1


class Counter(Actor[Count]):
    """Counts."""

    settings_model = CounterSettings
    settings: CounterSettings

    @verb
    def add(self, amount: Amount, stage: Stage[Count]) -> None:
        """Add an amount.

        More about it.
        """
        stage.state = stage.state.changed(total=stage.state.total + amount.units * self.settings.step)

    @verb
    def clear(self, stage: Stage[Count]) -> None:
        stage.state = Count()

    def helps(self) -> None:
        """No verb."""


def test_the_table() -> None:
    """Marked methods are rows with their name, payload and mode; others are none."""
    assert {name: (row.payload, row.mode) for name, row in Counter.verbs.items()} == {
        "add": (Amount, Mode.AT_LEAST_ONCE),
        "clear": (Nothing, Mode.AT_LEAST_ONCE),
    }


def test_modes() -> None:
    """A verb of a host-bound actor says what may be done twice."""

    class Relay(HostBound):
        @verb(mode=Mode.AT_MOST_ONCE)
        def pulse(self, pulse: Pulse, delivery: Delivery) -> None:
            """Pulse it."""

        @verb
        def switch(self, switch: Switch, delivery: Delivery) -> None:
            """Switch it."""

    assert {name: row.mode for name, row in Relay.verbs.items()} == {"pulse": Mode.AT_MOST_ONCE, "switch": Mode.AT_LEAST_ONCE}
    assert Relay.kind == "relay"


def test_inherited_verbs() -> None:
    """A subclass answers its parent's verbs, keeps its state model, and may override a verb that it marks again."""

    class FastCounter(Counter):
        @verb
        def add(self, amount: Amount, stage: Stage[Count]) -> None:
            """Add it twice."""

    assert FastCounter.kind == "fast_counter"
    assert FastCounter.state_model is Count
    assert FastCounter.verbs.keys() == Counter.verbs.keys()
    assert FastCounter.verbs["add"].run is not Counter.verbs["add"].run


def test_kinds() -> None:
    """A kind is the class's name in snake case, unless the class says another; a subclass does not inherit what was said."""

    class BoilerRoom(Actor[Count]):
        """In snake case."""

    class Named(Actor[Count]):
        kind = "house"

    class Subnamed(Named):
        """Has a name of its own."""

    assert (BoilerRoom.kind, Named.kind, Subnamed.kind) == ("boiler_room", "house", "subnamed")


def test_settings() -> None:
    """An actor is made with its settings, or with their defaults."""
    assert Counter().settings == CounterSettings(step=1)
    assert Counter(CounterSettings(step=3)).settings.step == 3

    class Bare(Actor[Count]):
        """Has no settings."""

    assert Bare().settings == Settings()


def refused(build: Any) -> str:
    with pytest.raises(BadDefinition) as caught:
        build()
    assert isinstance(caught.value, TypeError)
    return str(caught.value)


def test_a_verb_without_annotation() -> None:
    """A payload that is not annotated is an error of the class, when the class is made."""

    def build() -> None:
        class Shop(Actor[Count]):
            @verb
            def buy(self, what, stage) -> None:  # type: ignore[no-untyped-def]
                """Buy."""

    assert refused(build) == "cannot use Shop.buy as a verb: annotate 'what' with a Payload model, not None"


def test_a_verb_with_another_type() -> None:
    """A payload must be a model, or it could not be checked and stored."""

    def build() -> None:
        class Shop(Actor[Count]):
            @verb
            def buy(self, what: int, stage: Stage[Count]) -> None:
                """Buy."""

    assert refused(build) == "cannot use Shop.buy as a verb: annotate 'what' with a Payload model, not <class 'int'>"


def test_a_verb_with_a_name_for_type_checkers_only() -> None:
    """A model that is imported for type checkers only cannot be read at run time, and the error shows its name."""

    def build() -> None:
        class Shop(Actor[Count]):
            @verb
            def buy(self, what: "Missing", stage: Stage[Count]) -> None:
                """Buy."""

    assert refused(build) == "cannot use Shop.buy as a verb: annotate 'what' with a Payload model, not 'Missing'"


@pytest.mark.parametrize("count", [0, 3])
def test_a_verb_of_another_shape(count: int) -> None:
    """A verb takes a payload and a stage, or a stage alone."""

    def none(self: Any) -> None: ...
    def three(self: Any, a: Amount, stage: Stage[Count], more: int) -> None: ...

    shop = type("Shop", (), {"buy": verb(none if count == 0 else three)})
    taken = [] if count == 0 else ["a", "stage", "more"]
    assert refused(lambda: verbs_of(shop)) == (
        f"cannot use Shop.buy as a verb: it takes {taken}; write (self, payload, stage) or (self, stage)"
    )


def test_a_verb_that_waits() -> None:
    """A coroutine or generator as a verb would never run: it is refused."""

    async def coroutine(self: Any, stage: Stage[Count]) -> None: ...
    def generator(self: Any, stage: Stage[Count]) -> Iterator[int]:
        yield 1

    async def both(self: Any, stage: Stage[Count]) -> AsyncIterator[int]:
        yield 1

    for method in (coroutine, generator, both):
        shop = type("Shop", (), {"buy": verb(method)})
        assert refused(lambda shop=shop: verbs_of(shop)) == (
            "cannot use Shop.buy as a verb: a turn does not wait; write it with `def`, without await or yield"
        )


def test_an_override_without_its_mark() -> None:
    """Overriding a verb without marking it is an error, or the verb would be gone without a word."""

    def build() -> None:
        class Broken(Counter):
            def clear(self, stage: Stage[Count]) -> None:
                """Forgot the mark."""

    assert refused(build) == "cannot use Broken.clear: it overrides a verb of Counter; mark it @verb"


def test_a_state_that_is_none() -> None:
    """The subscript of Actor is a State model."""

    def build() -> None:
        class Shop(Actor[Amount]):  # type: ignore[type-var]
            """Its state is a payload."""

    assert refused(build) == f"cannot use Shop as an actor: {Amount!r} is no State model"


def test_a_state_without_defaults() -> None:
    """Each field of a state has a default: an actor exists as soon as somebody writes to it."""

    class Needy(State):
        owner: str
        size: int = 0

    def build() -> None:
        class Shop(Actor[Needy]):
            """Nobody fills in its first state."""

    assert refused(build) == "cannot use Shop as an actor: Needy has no default for owner; give it one"


def test_a_kind_that_fits_no_id() -> None:
    """A kind that cannot stand in an id could never be written to."""

    def build() -> None:
        class Shop(Actor[Count]):
            kind = "corner shop"

    assert refused(build) == "cannot use Shop as an actor: 'corner shop' cannot stand in an id; set `kind`"


def test_a_verb_named_as_a_hook_is_refused() -> None:
    """The runtime would call it as the hook: `failed` is what decides about faults."""
    with pytest.raises(BadDefinition, match=r"^cannot use Trap\.failed as a verb: Actor\.failed is something else; give it another name$"):

        class Trap(Actor[State]):
            @verb
            def failed(self, stage: Stage[State]) -> None:  # type: ignore[override]  # the fault under test
                """Nobody's hook."""
