"""Actors for a host-bound actor to follow, whose states the test sets: `bench.others.become("twin/door", {"open": True})`."""

import json
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from gateway.actors.following import Committed, LookAnew, NewState, StatesPage
from gateway.actors.id_patterns import IdPatterns


class Others:
    """The other actors of the gateway that a bench stands in for. Each change is a commit of its own, and all are kept."""

    def __init__(self) -> None:
        self.commits: list[Committed] = []
        self.wakes: list[Callable[[], None]] = []
        """Who is woken by each commit: one item for each that follows."""

    def become(self, id: str, state: dict[str, Any] | None) -> None:
        """Give an actor another state; None: it has ended."""
        number = len(self.commits) + 1
        content = None if state is None else json.dumps(state).encode()
        self.commits.append(Committed(number, f"1-{number}-bench", [NewState(id, 1, content)]))
        for wake in list(self.wakes):
            wake()

    def follow(self, of: Iterable[str], wake: Callable[[], None], since: str = "") -> "FollowedOnBench":
        """Follow some of them, as `Host.follow` does."""
        self.wakes.append(wake)
        return FollowedOnBench(self, IdPatterns(of), wake, since)


class FollowedOnBench:
    """What one listener follows of them."""

    def __init__(self, others: Others, patterns: IdPatterns, wake: Callable[[], None], since: str) -> None:
        self.place = since
        self._others = others
        self._patterns = patterns
        self._wake = wake

    def take(self) -> Sequence[Committed]:
        """What was committed since the last time."""
        places = ["1-0-bench", *(one.place for one in self._others.commits)]
        if self.place not in places:
            raise LookAnew("cannot go on from there: the gateway has begun a new life since; look anew")
        new = self._others.commits[places.index(self.place) :]
        self.place = places[-1]
        return [one for one in new if self._patterns.fit(one.states[0].id, "")]

    def look(self, on_page: Callable[[StatesPage], None], after: str = "") -> None:
        """Give how all that are followed stand, on one page, at once."""
        del after
        commits = self._others.commits
        self.place = commits[-1].place if commits else "1-0-bench"
        last = {state.id: state for one in commits for state in one.states}
        there = [state for id, state in sorted(last.items()) if state.state is not None and self._patterns.fit(id, "")]
        on_page(StatesPage(there, ""))

    def end(self) -> None:
        """Follow no more."""
        if self._wake in self._others.wakes:
            self._others.wakes.remove(self._wake)
