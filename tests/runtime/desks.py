"""Desks that messages walk along, and a press that the test holds in its hands: for the tests of routes."""

from gateway.actors import Actor, Delivery, HostBound, Mode, Payload, Reply, Route, RouteFailed, Stage, State, verb


class Walk(Payload):
    """What is carried along."""

    seen: tuple[str, ...] = ()
    note: str = ""


class Narrow(Payload):
    """What takes no walk."""

    number: int


class Journey(Payload):
    """Where a walk is to go."""

    stops: tuple[tuple[str, str], ...]
    error: tuple[str, str] | None = None
    expires_ms: int = 0
    note: str = ""
    fails: bool = False


class DeskState(State):
    """What a desk has seen."""

    walks: tuple[tuple[str, ...], ...] = ()
    failures: tuple[RouteFailed, ...] = ()
    kept: Route | None = None
    carried: Walk = Walk()
    answers: tuple[Reply, ...] = ()
    traces: tuple[str, ...] = ()
    lives: int = 0


class Desk(Actor[DeskState]):
    """Does one thing with what comes along, as its verbs say."""

    attempts = 2
    retry_s = 0.1

    @verb
    def set_out(self, journey: Journey, stage: Stage[DeskState]) -> None:
        """Send a walk on its way; whoever asked is answered on it."""
        route = stage.route(journey.stops, error=journey.error)
        to = stage.message.reply_to
        stage.send_along(route, Walk(note=journey.note), reply_to=to, expires_ms=journey.expires_ms)
        if journey.fails:
            raise RuntimeError("it was told so")

    @verb
    def stamp(self, walk: Walk, stage: Stage[DeskState]) -> None:
        """Enrich it."""
        self._log(walk, stage)
        stage.forward(walk.changed(seen=(*walk.seen, stage.key)))

    @verb
    def watch(self, walk: Walk, stage: Stage[DeskState]) -> None:
        """Say nothing of the route."""
        self._log(walk, stage)

    @verb
    def detour(self, walk: Walk, stage: Stage[DeskState]) -> None:
        """Have it go by way of two others first; its note names them."""
        self._log(walk, stage)
        stage.detour([(desk, "stamp") for desk in walk.note.split()], walk.changed(seen=(*walk.seen, stage.key)))

    @verb
    def keep(self, walk: Walk, stage: Stage[DeskState]) -> None:
        """Keep it, to go on later."""
        stage.state = stage.state.changed(kept=stage.keep_route(), carried=walk)

    @verb
    def go_on(self, stage: Stage[DeskState]) -> None:
        """Later is now."""
        assert stage.state.kept is not None
        stage.send_along(stage.state.kept, stage.state.carried.changed(note="kept"))
        stage.state = stage.state.changed(kept=None)

    @verb
    def arrive(self, walk: Walk, stage: Stage[DeskState]) -> None:
        """Log what came, and answer."""
        self._log(walk, stage)
        stage.reply(walk)

    @verb
    def break_down(self, walk: Walk, stage: Stage[DeskState]) -> None:
        """Stage whatever can be, and raise."""
        self._log(walk, stage)
        stage.forward(walk)
        stage.after(0.01, "go_on")
        stage.tell("desk/other", "watch", walk)
        stage.stop_child(stage.child("desk", "child"))
        raise RuntimeError("the desk broke down")

    @verb
    def refuse_it(self, walk: Walk, stage: Stage[DeskState]) -> None:
        """Refuse, and log that it did."""
        self._log(walk, stage)
        stage.refuse(f"{stage.key} takes no walks")

    @verb
    def twice(self, walk: Walk, stage: Stage[DeskState]) -> None:
        """Send it on, once too often."""
        stage.forward(walk)
        stage.forward(walk)

    @verb
    def leave(self, walk: Walk, stage: Stage[DeskState]) -> None:
        """End with it."""
        stage.stop()

    @verb
    def take_number(self, number: Narrow, stage: Stage[DeskState]) -> None:
        """Take no walk."""

    @verb
    def went_wrong(self, failure: RouteFailed, stage: Stage[DeskState]) -> None:
        """Keep what failed."""
        stage.state = stage.state.changed(failures=(*stage.state.failures, failure))

    @verb
    def went_worse(self, failure: RouteFailed, stage: Stage[DeskState]) -> None:
        """Fail too."""
        raise RuntimeError("the error desk broke down")

    @verb
    def reply(self, reply: Reply, stage: Stage[DeskState]) -> None:
        """Keep the answer."""
        stage.state = stage.state.changed(answers=(*stage.state.answers, reply))

    def _log(self, walk: Walk, stage: Stage[DeskState]) -> None:
        state = stage.state
        stage.state = state.changed(walks=(*state.walks, walk.seen), traces=(*state.traces, stage.message.trace))


class Aside(Desk):
    """A kind of its own, which a later life may do without."""


class Press(HostBound):
    """Never runs: the test takes its deliveries in its own hands."""

    window = 4

    @verb
    def print(self, walk: Walk, delivery: Delivery) -> None:
        """At least once."""

    @verb(mode=Mode.AT_MOST_ONCE)
    def punch(self, walk: Walk, delivery: Delivery) -> None:
        """At most once."""
