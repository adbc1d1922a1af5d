"""The floor that the engine is: what other threads, and the hosts of host-bound actors, ask of it between turns."""

from collections import deque
from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from gateway.actors.actor import Actor
from gateway.actors.errors import Refused
from gateway.actors.hostbound import Host, HostBound
from gateway.actors.messages import START, Message, Reply, Start
from gateway.registry import Promised
from gateway.runtime import clock as clocks
from gateway.runtime.batch import Turned
from gateway.runtime.followed import Followed, FollowedIds
from gateway.runtime.inspection import inspect
from gateway.runtime.mail import Mail
from gateway.runtime.parts import EngineParts
from gateway.runtime.placement import Incoming, Placement
from gateway.runtime.round import Round
from gateway.runtime.settings import EngineSettings
from gateway.runtime.trail import DONE
from gateway.store.store import Store

T = TypeVar("T")
Desk = Callable[[Host, dict[str, Any], Callable[[dict[str, Any]], None]], Callable[[], None]]

_AHEAD = 256
"""So many messages of other engines are taken in at once: the states of their actors are read together."""
_REMEMBERED = "remembered "
"""Stands before a host-bound actor's id in the key of the note that is kept for it."""


class EngineFloor(EngineParts):
    """Does what `Floor` promises on the engine's thread, in its queue; any thread may ask."""

    def __init__(
        self,
        store: Store,
        actors: Iterable[Actor[Any] | Promised],
        hosted: Iterable[tuple[str, type[HostBound]]],
        *,
        settings: EngineSettings | None,
        clock: clocks.GatewayClock | None,
        fatal: Callable[[BaseException], None] | None,
        placement: Placement | None,
    ) -> None:
        super().__init__(store, actors, hosted, settings=settings, clock=clock, fatal=fatal, placement=placement)
        self.round = Round(self.commits.batch, self.clock)
        """The round under way, for what `post` and `inspect` run on the engine's thread."""
        self.view: Callable[[], dict[str, Any]] = dict
        """Makes what the gateway looks like, on the engine's thread; the daemon around the engine sets it."""
        self.desk: Desk = _no_desk
        """Takes what host-bound actors ask; set as `view` is."""
        self._coming: deque[Incoming] = deque()
        """What other engines have sent, and is not taken in."""
        self._remembered = {key.removeprefix(_REMEMBERED): text for key, text in self.store.notes().items() if key.startswith(_REMEMBERED)}
        """By its id, the text that a host-bound actor has had kept; any thread may look."""

    def post(self, action: Callable[[], None]) -> None:
        """Run `action` on the engine's thread, between turns."""
        self.ingress.queue.put(action)

    def take_in(self, coming: Incoming) -> None:
        """Take in messages that other engines have sent. Those that it stops before wait for whoever serves their groups next."""
        self.post(lambda: self._coming.append(coming))

    def _take_in(self) -> None:
        """Take in what other engines have sent, as far as this batch has room: what it could not run it would have to store."""
        batch = self.round.batch
        while self._coming and (room := min(_AHEAD, self._room_for_coming())) > 0:
            messages, taken = self._coming.popleft()
            if len(messages) > room:
                self._coming.appendleft(Incoming(messages[room:], taken))
                messages = messages[:room]
            self.room.take_in(messages, self.round)
            self.admission.outside += len(messages)
            numbers = [number for number, _ in messages]
            batch.replies.append((lambda reply, taken=taken, numbers=numbers: taken(numbers), Reply(of="")))  # type: ignore[misc]

    def _room_for_coming(self) -> int:
        """How many messages of other engines this batch takes more."""
        batch = self.round.batch
        return self.settings.batch_turns - len(batch.changes.post_gone) if self.admission.has_room(self.round) else 0

    def _settle(self) -> None:
        """Take in what host-bound actors have settled."""
        settled = self.ingress.settled
        taken = [settled.popleft() for _ in range(len(settled))]
        self.admission.outside += len(taken)
        self.despatch.settle(taken, self.round)

    def inspect(self, look: Callable[[], T], *, timeout_s: float = 5.0) -> T:
        """Run `look` on the engine's thread and return what it saw. Raises TimeoutError, or what `look` raised."""
        return inspect(self.post, look, timeout_s=timeout_s)

    def look(self) -> dict[str, Any]:
        return self.inspect(self.view)

    def request(self, host: Host, words: dict[str, Any], on_answer: Callable[[dict[str, Any]], None]) -> Callable[[], None]:
        return self.desk(host, words, on_answer)

    def follow(self, of: Iterable[str], wake: Callable[[], None], since: str = "") -> Followed:
        return Followed(self, FollowedIds(of, self.directory.kinds), wake, since)

    def reclaim(self, id: str, *, for_good: bool = False, then: Callable[[], None] | None = None) -> None:
        self.post(lambda: self.despatch.reclaim(id, self.round, for_good=for_good, then=then))

    def away(self, id: str, why: str, then: Callable[[], None] | None = None) -> None:
        self.post(lambda: self.despatch.away(id, why, self.round, then=then))

    def back(self, id: str) -> None:
        self.post(lambda: self.despatch.back(id))

    def forget_ids(self, source: str) -> None:
        self.ingress.bring(lambda: self._forget_ids(source))

    def _forget_ids(self, source: str) -> None:
        self.seen.forget(source, self.round.batch.changes)
        self.round.batch.urgent = True  # forgotten late, they would take new messages for repeats

    def remembered(self, id: str) -> str:
        return self._remembered.get(id, "")

    def remember(self, id: str, text: str, then: Callable[[], None]) -> None:
        self._remembered[id] = text
        self.post(lambda: self._remember(id, text, then))

    def _remember(self, id: str, text: str, then: Callable[[], None]) -> None:
        batch = self.round.batch
        batch.changes.notes[_REMEMBERED + id] = text
        batch.replies.append((lambda reply: then(), Reply(of="")))
        batch.urgent = True

    def began(self, id: str, start: Start, fault: str = "") -> None:
        self.post(lambda: self._note_start(id, start, fault))

    def _note_start(self, id: str, start: Start, fault: str) -> None:
        """Have the first message of a host-bound actor seen by `tail` and `explain`. It is on no disk: each life begins with one."""
        self.room.last_seq += 1
        mail = Mail(Message(self.ids.new(), id, START, start), self.room.last_seq, attempt=start.attempt)
        self.room.note(mail, mail.seq, self.round, f"failed, attempt {start.attempt}: {fault}" if fault else DONE)
        if self.turns.watched:
            self.round.batch.turned.append(Turned(mail.message, fault, self.round.batch.number))
            self.round.batch.urgent = True


def _no_desk(host: Host, words: dict[str, Any], on_answer: Callable[[dict[str, Any]], None]) -> Callable[[], None]:
    raise Refused(f"cannot take a request of {host.me}: this engine has no daemon around it")
