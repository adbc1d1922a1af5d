"""The floor: what the host of a host-bound actor stands on. The engine is one; a host asks nothing else of it."""

from collections.abc import Callable, Iterable
from typing import Any, Protocol

from gateway.actors.following import Following
from gateway.actors.hostbound import Host
from gateway.actors.messages import Reply, Start
from gateway.runtime.clock import GatewayClock
from gateway.runtime.directory import Directory
from gateway.runtime.ids import Ids
from gateway.runtime.ingress import Ingress


class Floor(Protocol):
    """What a host-bound actor's host needs of the engine. Called on any thread."""

    clock: GatewayClock
    directory: Directory
    ids: Ids
    ingress: Ingress

    def look(self) -> dict[str, Any]:
        """Return what the gateway looks like now. Blocks until the engine has turned; raises TimeoutError where it does not in time."""

    def request(self, host: Host, words: dict[str, Any], on_answer: Callable[[dict[str, Any]], None]) -> Callable[[], None]:
        """Ask, in an actor's name, what a program asks by the control socket; return what gives the request up."""

    def follow(self, of: Iterable[str], wake: Callable[[], None], since: str = "") -> Following:
        """Follow what commits make of the actors that fit some patterns, from a place on: see `Host.follow`."""

    def reclaim(self, id: str, *, for_good: bool = False, then: Callable[[], None] | None = None) -> None:
        """Take back what an actor that is gone had in hands, hand it nothing (`for_good`) until it is `back`, and call `then`."""

    def away(self, id: str, why: str, then: Callable[[], None] | None = None) -> None:
        """Note that what an actor owns is away, and take back what the actor had in hands, without counting an attempt."""

    def back(self, id: str) -> None:
        """Note that what an actor owns is there: hand the actor its mail."""

    def forget_ids(self, source: str) -> None:
        """Forget the ids seen from a source, for deduplication."""

    def remembered(self, id: str) -> str:
        """The text that is kept for a host-bound actor; empty where none is."""

    def remember(self, id: str, text: str, then: Callable[[], None]) -> None:
        """Keep a text for a host-bound actor, and call `then` when it is on disk."""

    def began(self, id: str, start: Start, fault: str = "") -> None:
        """Note that an actor has handled its Start, or has failed at it."""

    def expect(self, answer: Callable[[Reply], None]) -> str:
        """Make an address whose first reply is handed to `answer`."""

    def give_up(self, address: str) -> None:
        """Wait no more for the reply to an address."""
