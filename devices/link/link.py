"""A link: the life of one outside resource, from the first look for it to the end of the gateway.

    looks ──open()──▶ open ──lose(fault), or a LinkFault out of turn()──▶ shut() ──▶ looks again, later each time

While it looks, the resource is away: mail for it waits on disk, no attempt is burnt, and a command that acts is answered "expired"
once it is older than `act_within_s`. A device overrides the hooks that it needs, and nothing else of its life is its business:

hook           when                                                    what it may raise
prepare()      once, before the first look                             nothing that is expected
open()         to open the resource, by its stable name                Missing, Faulty, OSError
turn()         after each wait, whether it is open (`is_open`) or not  the same: the link is lost
due_s          when `turn` must come at the latest                     nothing
block(s)       to wait, in a poll of its own where it has descriptors  nothing
shut()         to let go at once of what is open, half open or gone    nothing
failed(...)    when it could not be opened, or was lost: to count it   nothing
leave()        at the end of the gateway: to give it back in order     nothing

Every hook runs on the actor's own thread. `quiet` is the one of HostBound.
"""

import math
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Annotated, Any, ClassVar, Generic, TypeVar, get_args, get_origin

from pydantic import Field

from devices.backoff import Backoff
from devices.link.faults import LinkFault, of_system
from gateway.actors import Health, HostBound, Settings, Start

S = TypeVar("S", bound=Settings)

_WAITS_S = 86_400.0
"""What is due later is waited for a day at a time: poll takes 24.8 days at most."""
ACT_WITHIN_S = 30.0
"""So long a command may wait for its resource, unless the settings say otherwise."""
ActWithin = Annotated[float, Field(ge=0, le=7 * 86400)]
"""The type of the setting `act_within_s`: how old, in seconds, a command may grow that cannot be obeyed; 0: however old."""


class Link(HostBound, Generic[S]):
    """The actor of one outside resource. `Link[PinSettings]` says what settings it takes."""

    acts: ClassVar[tuple[str, ...]] = ()
    """The verbs that act on the outside: they wait for `act_within_s` of the settings, at most."""
    looks_while_closing: ClassVar[bool] = False
    """Whether it goes on looking while the gateway closes: for one that carries mail out."""

    settings: S

    def __init__(self, key: str, settings: S, *, clock: Callable[[], float] = time.monotonic) -> None:
        """Make it, without I/O. `clock` gives the seconds that everything of its life goes by; tests turn one of their own."""
        self.key = key
        self.settings = settings
        self.clock = clock
        self.is_open = False
        self._backoff = Backoff()
        self.look_s = math.inf
        """When to look for the resource next."""

    def __init_subclass__(cls, **keywords: Any) -> None:
        super().__init_subclass__(**keywords)
        for base in cls.__dict__.get("__orig_bases__", ()):
            origin, taken = get_origin(base), get_args(base)
            if isinstance(origin, type) and issubclass(origin, Link) and taken and isinstance(taken[0], type):
                cls.settings_model = taken[0]

    @classmethod
    def age_limits(cls, settings: Settings) -> dict[str, float]:
        """How many seconds a message may wait, by verb: for those that act, as the settings say."""
        limits = super().age_limits(settings)
        within_s: float | None = getattr(settings, "act_within_s", None)
        return limits if within_s is None else {**limits, **dict.fromkeys(cls.acts, within_s)}

    # --- what a device overrides

    def backoff(self) -> Backoff:
        """Make what says how long to wait between two looks."""
        return Backoff()

    def prepare(self) -> None:
        """Make what lasts as long as the actor, before the first look."""

    def open(self) -> str:
        """Open the resource, and return in words what is open, for `gateway show`; "" where only its use will show that it works."""
        return "open"

    def begin(self) -> str:
        """Open the resource, or what stands in its place. For kinds of links; a device says `open`."""
        return self.open()

    def turn(self) -> None:
        """Do what is due."""

    @property
    def due_s(self) -> float:
        """The second of `clock` at which `turn` must come at the latest; infinite where nothing is due."""
        return math.inf

    def block(self, timeout_s: float | None) -> None:
        """Block until there is something to do, at most `timeout_s` seconds. One with descriptors of its own polls them here, and
        `host.fileno()` too."""
        self.host.wait(timeout_s)

    def shut(self) -> None:
        """Let go of the resource at once, in whatever state it is."""

    def failed(self, fault: LinkFault, *, was_open: bool) -> None:
        """Count that the resource could not be opened, or was lost."""
        del fault
        if was_open:
            self.host.count("lost")

    def leave(self) -> None:
        """Give the resource back in order, at the end of the gateway; also called where it is not open."""
        self.shut()

    # --- what a device says

    def works(self, said: str = "") -> None:
        """Say that the resource does its work: the next loss is followed by a short wait again. `said` goes to `gateway show`."""
        self._backoff.reset()
        if said:
            self.host.report(Health.OK, said)

    def lose(self, fault: LinkFault, *, again_s: float | None = None) -> None:
        """Let go of the resource because of a fault, and look for it later: at second `again_s` of the clock, or after the backoff."""
        was_open, self.is_open = self.is_open, False
        with suppress(OSError):  # what is gone cannot always be closed well
            self.shut()
        self.look_s = self.clock() + self._backoff.next_s() if again_s is None else again_s
        self.failed(fault, was_open=was_open)
        self.host.report(fault.health, str(fault))
        self.host.away(str(fault))

    # --- its life

    def started(self, start: Start) -> None:
        """Look for the resource for the first time."""
        del start
        if self.is_open:  # started again after an error, with no close between
            self.is_open = False
            self.shut()
        self._backoff = self.backoff()
        self.prepare()
        self._look()

    def wait(self) -> None:
        """Block until there is mail or something of the resource, or something is due."""
        due_s = min(self.due_s, self.look_s if self._looks else math.inf)
        self.block(None if due_s == math.inf else min(_WAITS_S, max(0.0, due_s - self.clock())))

    def tick(self) -> None:
        """Look for the resource when it is time; do what is due."""
        if self._looks and self.clock() >= self.look_s:
            self._look()
        try:
            self.turn()
        except LinkFault as fault:
            self.lose(fault)
        except OSError as error:
            self.lose(of_system(error, f"go on with {self.host.me}"))

    def close(self) -> None:
        """Give the resource back."""
        self.leave()
        self.is_open = False

    @property
    def _looks(self) -> bool:
        return not self.is_open and (self.looks_while_closing or not self.host.quiet)

    def _look(self) -> None:
        self.look_s = math.inf
        try:
            said = self.begin()
        except LinkFault as fault:
            return self.lose(fault)
        except OSError as error:
            return self.lose(of_system(error, f"open {self.host.me}"))
        self.is_open = True
        if said:
            self.works(said)
        return self.host.back()
