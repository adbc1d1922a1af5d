"""Customers, and carts that keep copies of them: for the tests of copies."""

from typing import Any, ClassVar

from gateway.actors import Actor, Copy, Order, Payload, Stage, State, verb


class Change(Payload):
    """What is to change."""

    name: str = ""
    tier: str = ""
    tell: str = ""
    """Whom to send a `note` in the same turn."""
    fails: bool = False


class Keep(Payload):
    """Which copy of whom; empty: drop it."""

    name: str
    of: str = ""


class CustomerState(State):
    """What others keep copies of, and what they do not."""

    name: str = "nobody"
    tier: str = "none"
    secret: str = "?"


class Customer(Actor[CustomerState]):
    """Changes as it is told."""

    attempts = 1

    @verb(begins=True)
    def join(self, change: Change, stage: Stage[CustomerState]) -> None:
        """Begin."""
        stage.state = stage.state.changed(name=change.name, tier=change.tier)

    @verb
    def change(self, change: Change, stage: Stage[CustomerState]) -> None:
        """Change a field, and tell somebody."""
        kept = {field: getattr(change, field) for field in ("name", "tier") if getattr(change, field)}
        stage.state = stage.state.changed(**kept)
        if change.tell:
            stage.tell(change.tell, "note")
        if change.fails:
            raise RuntimeError("it was told so")

    @verb
    def whisper(self, change: Change, stage: Stage[CustomerState]) -> None:
        """Change what nobody keeps a copy of."""
        stage.state = stage.state.changed(secret=change.name)

    @verb
    def leave(self, stage: Stage[CustomerState]) -> None:
        """End."""
        stage.stop()


class CartState(State):
    """What it saw, in its order."""

    log: tuple[str, ...] = ()
    tier: str = ""


class Cart(Actor[CartState]):
    """Keeps copies and logs when they come, and what they are when a note comes."""

    copies: ClassVar = {
        "first": Copy("customer", "name", "tier"),
        "late": Copy("customer", "tier", order=Order.AFTER),
        "lazy": Copy("customer", "tier", order=Order.WITH),
    }

    @verb
    def keep(self, keep: Keep, stage: Stage[CartState]) -> None:
        """Keep one, or drop it."""
        if keep.of:
            stage.keep_copy(keep.name, keep.of)
        else:
            stage.drop_copy(keep.name)

    @verb
    def note(self, stage: Stage[CartState]) -> None:
        """Log what the copies say."""
        said = [f"{name}={copy.values.get('tier', '?')}" for name in self.copies if (copy := stage.copy(name))]
        stage.state = stage.state.changed(log=(*stage.state.log, f"note {' '.join(said)}"))

    @verb
    def leave(self, stage: Stage[CartState]) -> None:
        """End."""
        stage.stop()

    def copied(self, name: str, stage: Stage[CartState]) -> None:
        """Log it."""
        copy = stage.copy(name)
        assert copy is not None
        said = f"{name}: {copy.values} {copy.standing.value}"
        stage.state = stage.state.changed(log=(*stage.state.log, said), tier=str(copy.values.get("tier", "")))


class Shadow(Actor[CartState]):
    """Keeps a copy of a cart, which keeps one of a customer."""

    copies: ClassVar = {"cart": Copy("cart", "tier"), "other": Copy("shadow", "tier")}

    @verb
    def keep(self, keep: Keep, stage: Stage[CartState]) -> None:
        """Keep one."""
        stage.keep_copy(keep.name, keep.of)

    @verb
    def set(self, change: Change, stage: Stage[CartState]) -> None:
        """Change what others may watch."""
        stage.state = stage.state.changed(tier=change.tier)

    def copied(self, name: str, stage: Stage[CartState]) -> None:
        """Become what it shows."""
        copy = stage.copy(name)
        assert copy is not None
        stage.state = stage.state.changed(tier=str(copy.values["tier"]), log=(*stage.state.log, name))


def stored(rig: Any, id: str) -> bool:
    """Whether the store has a row of it."""
    return rig.store.load(id) is not None
