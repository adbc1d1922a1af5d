"""Tokens that actors of several hosts pass on to each other: whether each message was handled once is seen by what the actors hold.

Each carrier counts what it has carried, and adds up a number that stands for (token, hop): two sums that are right together are so by
chance once in 2 ** 61. A token that is doubled on its way comes to its end twice.
"""

import hashlib
from collections.abc import Iterable
from typing import NamedTuple

from gateway.actors import Actor, Payload, Stage, State, verb
from gateway.actors.ids import group_of

CARRIERS = tuple({group_of(f"carrier/{n}"): f"carrier/{n}" for n in range(18)}.values())[:16]
"""Of sixteen groups."""
_MODULUS = 2**61 - 1


class Token(Payload):
    """One token, how often it was passed on, and after how many times it comes to its end."""

    number: int
    hop: int = 0
    hops: int
    between: tuple[str, ...] = CARRIERS
    """Who carries it, one after the other."""

    @property
    def carrier(self) -> str:
        """Who carries it now."""
        return self.between[(self.number * 5 + self.hop * 7) % len(self.between)]


class Carried(State):
    """What one carrier has carried."""

    count: int = 0
    sum: int = 0
    home: tuple[int, ...] = ()
    """The tokens that came to their end here."""


def _stands_for(token: int, hop: int) -> int:
    return int.from_bytes(hashlib.blake2b(f"{token} {hop}".encode(), digest_size=8).digest())


class Carrier(Actor[Carried]):
    """Carries tokens on."""

    @verb
    def carry(self, token: Token, stage: Stage[Carried]) -> None:
        """Carry a token to the next one."""
        is_home = token.hop + 1 == token.hops
        stage.state = stage.state.changed(
            count=stage.state.count + 1,
            sum=(stage.state.sum + _stands_for(token.number, token.hop)) % _MODULUS,
            home=(*stage.state.home, token.number) if is_home else stage.state.home,
        )
        if not is_home:
            later = token.model_copy(update={"hop": token.hop + 1})
            stage.tell(later.carrier, "carry", later)


class Conserved(NamedTuple):
    """What all carriers together have carried."""

    turns: int
    sum: int
    home: tuple[int, ...]

    @classmethod
    def of(cls, states: Iterable[Carried]) -> "Conserved":
        """What these carriers have."""
        found = list(states)
        home = sorted(token for one in found for token in one.home)
        return cls(sum(one.count for one in found), sum(one.sum for one in found) % _MODULUS, tuple(home))

    @classmethod
    def all(cls, tokens: int, hops: int) -> "Conserved":
        """What they have when each token came to its end, each message handled once."""
        total = sum(_stands_for(token, hop) for token in range(tokens) for hop in range(hops))
        return cls(tokens * hops, total % _MODULUS, tuple(range(tokens)))
