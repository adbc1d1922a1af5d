"""Actors that pass tokens on to each other, for the benchmark of several hosts."""

from gateway.actors import Actor, Payload, Stage, State, verb

RUNNERS = 5_000


class Token(Payload):
    """What runners pass on."""

    number: int
    hops_left: int


class Passed(State):
    """What a runner had."""

    count: int = 0
    last: int = 0


class Runner(Actor[Passed]):
    """Passes tokens on, each to somebody else, who is mostly in another group."""

    @verb
    def catch(self, token: Token, stage: Stage[Passed]) -> None:
        """Count a token, and pass it on."""
        stage.state = stage.state.changed(count=stage.state.count + 1, last=token.number)
        if token.hops_left:
            stage.tell(runner(token.number, token.hops_left - 1), "catch", Token(number=token.number, hops_left=token.hops_left - 1))

    @verb
    def say(self, stage: Stage[Passed]) -> None:
        """Answer at once."""
        stage.reply(stage.state)


def runner(number: int, hops_left: int) -> str:
    """Who has a token then."""
    return f"runner/r{(number * 7919 + hops_left * 104_729) % RUNNERS}"
