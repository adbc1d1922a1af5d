"""Classes that run and do not do what their writer thinks: `gateway check` names those of one's own folder, the test kit any."""

from importlib.metadata import entry_points
from pathlib import Path

import pytest

from gateway.actors import Actor, BadDefinition, Delivery, HostBound, Payload, Stage, State, verb
from gateway.registry import installed
from gateway.testing import Bench, Turns
from gateway.testing.shape import check_shape


class Amount(Payload):
    units: int = 1


class Stock(State):
    units: int = 0


class Forgetful(Actor[Stock]):
    @verb
    def add(self, amount: Amount, stage: Stage[Stock]) -> None:
        stage.state = stage.state.changed(units=amount.units)

    def take(self, amount: Amount, stage: Stage[Stock]) -> None:
        stage.state = stage.state.changed(units=-amount.units)


class Answering(Actor[Stock]):
    @verb
    def read(self, stage: Stage[Stock]) -> None:
        return stage.state  # type: ignore[return-value]


class Keeping(Actor[Stock]):
    @verb
    def add(self, amount: Amount, stage: Stage[Stock]) -> None:
        self.last = amount.units
        self.seen: list[int] = []
        self.seen.append(amount.units)


class Staged(HostBound):
    @verb
    def switch(self, amount: Amount, stage: Stage[Stock]) -> None:
        """Takes a stage, which no host-bound actor is given."""


class Delivered(Actor[Stock]):
    @verb
    def switch(self, amount: Amount, delivery: Delivery) -> None:
        """Takes a delivery, which no ordinary actor is given."""


class Fine(Actor[Stock]):
    @verb
    def add(self, amount: Amount, stage: Stage[Stock]) -> None:
        if not amount.units:
            return stage.reply(stage.state)
        return self._taken(stage)

    def _taken(self, stage: Stage[Stock]) -> None:
        """Is no verb, as its name says."""

    def shelf(self, number: int) -> int:
        """Takes no stage."""
        return number


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        (Forgetful, ["Forgetful.take looks like a verb and is not marked; write @verb above it, or begin its name with _"]),
        (Answering, ["Answering.read returns something, which nobody gets; answer with stage.reply(...)"]),
        (
            Keeping,
            [
                f"Keeping.add keeps {name!r} on self, which all actors of the kind share and no power cut survives; keep it in the state"
                for name in ("last", "seen", "seen")
            ],
        ),
        (Staged, ["Staged.switch takes a stage, and a host-bound actor's verb is given a delivery; write (self, amount, delivery)"]),
        (Delivered, ["Delivered.switch takes a delivery, and an ordinary actor's verb is given a stage; write (self, amount, stage)"]),
        (Fine, []),
    ],
)
def test_the_kit_names_what_is_odd_about_a_class(kind: type[Actor[Stock]] | type[HostBound], said: list[str]) -> None:
    """Each oddity, with its file and line, before any turn is run; a class that is as it should be passes."""
    if not said:
        check_shape(kind)
        return
    with pytest.raises(BadDefinition) as raised:
        Bench(kind()) if issubclass(kind, HostBound) else Turns(kind())
    lines = str(raised.value).splitlines()
    assert [line.partition(": ")[2] for line in lines] == said
    source = Path(__file__).read_text().splitlines()
    for line in lines:
        number = int(line.partition(": ")[0].rpartition(":")[2])
        assert kind.__name__ in "".join(row for row in source[:number] if row.startswith("class ")).split("class ")[-1]


def test_nothing_is_odd_about_what_comes_in_the_box() -> None:
    """Every kind that the gateway brings."""
    assert entry_points(group="gateway.actors")
    kinds = installed()
    for name in kinds.ordinary.names:
        check_shape(kinds.ordinary.load(name))
    for name in kinds.host_bound.names:
        check_shape(kinds.host_bound.load(name))
