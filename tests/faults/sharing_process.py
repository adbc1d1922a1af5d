"""One of several hosts that share actors, as a process of its own, for tests that stop and kill it: `python -m tests.faults.sharing_process
URL NAME [MOST]`. It says `ready` when it has joined, and ends well when its standard input ends. MOST is how many messages may be in a
mailbox, and on their way to a host or a group.

Players pass balls to each other, `HOPS` times each; some they hold for a while, by a timer.
"""

import os
import sys
import threading

from gateway.actors import Actor, Payload, Stage, State, verb
from gateway.runtime.settings import EngineSettings
from gateway.service.sharing import Sharing
from gateway.store.postgres.shared.place import SharedPlace
from gateway.store.postgres.shared.store import GroupedStore
from tests.faults.tokens import Carrier

PLAYERS = 64
HOPS = 40
LEASE_S = 1.0
_HELD_EACH = 10
_HELD_S = 0.1


class Ball(Payload):
    """One ball, and how often it was passed on."""

    number: int
    hop: int = 0


class Played(State):
    """Which balls were caught, as (ball, hop)."""

    caught: tuple[tuple[int, int], ...] = ()


def player(ball: int, hop: int) -> str:
    """Who catches a ball."""
    return f"player/{(ball * 7 + hop * 13) % PLAYERS}"


class Player(Actor[Played]):
    """Catches balls, and passes them on."""

    @verb
    def catch(self, ball: Ball, stage: Stage[Played]) -> None:
        """Catch a ball."""
        stage.state = stage.state.changed(caught=(*stage.state.caught, (ball.number, ball.hop)))
        if ball.hop % _HELD_EACH == _HELD_EACH - 1:
            stage.after(_HELD_S, "throw", ball, name=f"ball {ball.number}")
        else:
            self.throw(ball, stage)

    @verb
    def throw(self, ball: Ball, stage: Stage[Played]) -> None:
        """Pass a ball on."""
        if ball.hop + 1 < HOPS:
            stage.tell(player(ball.number, ball.hop + 1), "catch", Ball(number=ball.number, hop=ball.hop + 1))


def main() -> None:
    """Serve until the standard input ends."""
    place, name = SharedPlace(sys.argv[1]), sys.argv[2]
    most = int(sys.argv[3]) if len(sys.argv) > 3 else EngineSettings().mailbox_messages
    sharing = Sharing(
        lambda before, clean: GroupedStore(place, name, before=before, clean=clean, lease_s=LEASE_S),
        [Player(), Carrier()],
        settings=EngineSettings(mailbox_messages=most),
    )
    sharing.start()
    pause = threading.Event()
    while sharing.engine is None:
        pause.wait(0.01)
    os.write(1, b"ready\n")
    sys.stdin.read()
    sys.exit(0 if sharing.stop() else 1)


if __name__ == "__main__":
    main()
