"""Event-sourced actors and a read model of theirs, for the tests of the engine."""

from typing import ClassVar

from gateway.actors import Event, EventSourced, Payload, ReadModel, ReadStage, ReadState, Reply, Stage, State, on, verb


class Amount(Payload):
    """Cents in or out."""

    cents: int = 1
    fails: bool = False


class Deposited(Event):
    """Money came."""

    cents: int


class Withdrawn(Event):
    """Money went."""

    cents: int


class Noted(Event):
    """Something was said that changes nothing."""

    text: str = ""


class Balance(State):
    """What an account holds."""

    cents: int = 0
    events: int = 0


class Account(EventSourced[Balance]):
    """Money in, money out, never below nothing."""

    events = (Deposited, Withdrawn, Noted)
    snapshot_every: ClassVar[int] = 5
    attempts = 2
    retry_s = 0.01

    def __init__(self) -> None:
        super().__init__()
        self.folds = 0

    def fold(self, state: Balance, event: Event) -> Balance:
        self.folds += 1
        match event:
            case Deposited():
                return state.changed(cents=state.cents + event.cents, events=state.events + 1)
            case Withdrawn():
                return state.changed(cents=state.cents - event.cents, events=state.events + 1)
        return state

    @verb
    def deposit(self, amount: Amount, stage: Stage[Balance]) -> None:
        stage.record(Deposited(cents=amount.cents))
        if amount.fails:
            raise RuntimeError("it fails as it was told")
        stage.reply(stage.state)

    @verb
    def withdraw(self, amount: Amount, stage: Stage[Balance]) -> None:
        if amount.cents > stage.state.cents:
            stage.refuse(f"there is only {stage.state.cents}")
            return
        stage.record(Withdrawn(cents=amount.cents))
        stage.reply(stage.state)

    @verb
    def swap(self, amount: Amount, stage: Stage[Balance]) -> None:
        """Two events in one turn."""
        stage.record(Deposited(cents=amount.cents))
        stage.record(Withdrawn(cents=amount.cents))

    @verb
    def note(self, stage: Stage[Balance]) -> None:
        stage.record(Noted(text="nothing changes"))

    @verb
    def remind(self, amount: Amount, stage: Stage[Balance]) -> None:
        """Deposit in so many seconds, without an event now."""
        stage.after(amount.cents, "deposit", Amount(cents=amount.cents), name=str(amount.cents))

    @verb
    def close(self, stage: Stage[Balance]) -> None:
        stage.record(Noted(text="the last"))
        stage.stop()

    @verb
    def pay_out(self, stage: Stage[Balance]) -> None:
        stage.record(Withdrawn(cents=stage.state.cents))
        stage.stop()

    @verb
    def cheat(self, stage: Stage[Balance]) -> None:
        stage.state = stage.state.changed(cents=1_000_000)

    @verb
    def read(self, stage: Stage[Balance]) -> None:
        stage.reply(stage.state)

    @verb
    def reply(self, reply: Reply, stage: Stage[Balance]) -> None:
        """Somebody answered."""


class Sums(ReadState):
    """Cents by account, and which events made them."""

    cents: dict[str, int] = {}
    seen: tuple[int, ...] = ()


class Totals(ReadModel[Sums]):
    """What all accounts hold."""

    follows = (Account,)

    @on(Deposited)
    def deposited(self, event: Deposited, stage: ReadStage[Sums]) -> None:
        self._add(event.cents, stage)

    @on(Withdrawn)
    def withdrawn(self, event: Withdrawn, stage: ReadStage[Sums]) -> None:
        self._add(-event.cents, stage)

    def _add(self, cents: int, stage: ReadStage[Sums]) -> None:
        state, actor = stage.state, stage.recorded.actor
        sums = {**state.cents, actor: state.cents.get(actor, 0) + cents}
        stage.state = state.changed(cents=sums, seen=(*state.seen, stage.recorded.n))
