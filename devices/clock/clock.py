"""A clock: the host-bound actor `clock/KEY`, one for each section `[clock.KEY]`. It does things at their time of day.

**Jobs.** At each due time an actor is told something. What fired last is on disk, so a job that was due while the gateway was off
is known, and `misfire` says what becomes of it. A job never fires twice for one due time, whatever the clock is set to; with a
new time it begins anew. This lights the hall from sunset to eleven, and has a twin note every quarter of an hour:

    [clock.main]
    timezone = "Europe/Berlin"
    latitude_deg = 52.52
    longitude_deg = 13.405

    [[clock.main.jobs]]
    name = "evening"
    at = "10 minutes before sunset"
    to = "toggle/hall"
    verb = "set"
    payload = { on = true }

    [[clock.main.jobs]]
    name = "night"
    at = "cron 0 23 * * *"
    to = "toggle/hall"
    verb = "set"
    payload = { on = false }

    [[clock.main.jobs]]
    name = "quarter"
    at = "every 15 min"
    to = "twin/house"
    verb = "report"
    payload = { values = { quarter_ms = "{due_ms}", late_s = "{late_s}" } }
    misfire = "all"

`gateway show clock/main` says when each is due next, `gateway show job/main:evening` what it did last, and
`gateway tell job/main:evening run` does it now, also while the host's clock cannot be trusted yet.

**Holding.** A message on a route that stops at `clock/main`, verb `hold`, goes on by itself when its time has come:

    route = stage.route([("clock/main", "hold"), ("gpio/lamp", "switch")])
    stage.send_along(route, Hold(for_s=600, body={"on": False}))

It waits in the clock's durable mailbox: what falls due while the gateway is off goes on when it is back, and can say how late
(`{late_s}` in its body). `window` of them are in hand at once; what is beyond that waits on disk, and may be late.

Before the host's clock can be trusted, nothing goes off that is for a time of day (`wait_for_sync`); seconds pass without it.
Counters: fired, late, skipped, failed (jobs); held, went_on, overdue (messages); jumps.
"""

import logging

from devices.clock.holds import Holds, begun_of, check_expiry, due_of
from devices.clock.jobs import Jobs
from devices.clock.settings import ClockSettings
from devices.clock.wall import WallClock
from devices.clock.zones import shown
from gateway.actors import Delivery, Health, HostBound, Reply, Start, verb
from gateway.actors.vocabulary import Hold

log = logging.getLogger(__name__)

SYNC_CHECK_MS = 2000
JUMP_MS = 2000
"""Wall time that ran so much ahead of the time that passed, or behind it, was set."""
OVERDUE_S = 60.0
"""A held message that goes on so late is counted apart."""
_NO_SYNC = "waits: the host's clock was not set by a time server yet; wait_for_sync = false where there is none"


class Clock(HostBound):
    """Tells actors things at their time of day, and holds messages until theirs. `wall` is what it goes by; tests give it one that
    they turn."""

    kind = "clock"
    settings_model = ClockSettings
    window = 10_000
    counters_said = {
        "late": "fired late",
        "skipped": "due times skipped",
        "went_on": "held ones that went on",
        "overdue": "held ones that went on late",
        "jumps": "times the host's clock was set",
    }
    vital = True

    def __init__(self, key: str, settings: ClockSettings, *, wall: WallClock | None = None) -> None:
        self.key = key
        self.settings = settings
        self.wall = wall or WallClock()
        self._holds = Holds()
        self._arrived: list[tuple[float, Hold, Delivery]] = []
        """Messages for a time of day that came before the clock was trusted, and at which monotonic second."""
        self._jobs: Jobs
        self._trusted = False
        """Whether the wall clock is gone by."""
        self._synced = False
        """Whether somebody has vouched for it."""
        self._ahead_ms = 0
        """How far the wall clock is ahead of the time that passed."""

    # --- its life

    def started(self, start: Start) -> None:
        self._jobs = Jobs(self.key, self.settings, self.host)
        self._ahead_ms = self._measured_ms()
        self.tick()

    def wait(self) -> None:
        self.wall.wait(self.host, self._next_ms(self.wall.now_ms()))

    def tick(self) -> None:
        self._look_for_jump()
        if not self._synced and self.wall.synchronised(self.host):
            self._synced = True
            self._holds.move(self.host.time.moved)
        self._trusted = self._trusted or self._synced or not self.settings.wait_for_sync
        if not self.host.quiet:
            self._let_go()
            if not self._trusted:
                self._jobs.introduce()
            else:
                self._jobs.tick(self.wall.now_ms(), self.wall.mono_s())
        self._report()

    def quiet(self) -> None:
        """Tell and let go nothing any more. What is held goes on in the next life: nobody should wait for it now."""
        held = len(self._holds) + len(self._arrived)
        self.host.report(Health.CLOSED, f"{held} held, which go on after the next start" if held else "")

    # --- what it answers

    @verb(idle=True)
    def hold(self, hold: Hold, delivery: Delivery) -> None:
        """Keep a message until its time, then let it go on along its route, or answer whoever asked."""
        delivery.keep()
        self.host.count("held")
        clock_ms = self.wall.clock_ms(self.host)
        begun_ms = begun_of(hold, delivery, came_ms=clock_ms)
        if begun_ms is None:
            self._arrived.append((self.wall.mono_s(), hold, delivery))
            return
        reckoned_ms = begun_ms + round((hold.for_s or 0.0) * 1000)
        due_ms = self.host.time.moved(reckoned_ms, begun_ms)
        if self._heeds_expiry(due_ms - clock_ms, self.wall.now_ms() + due_ms - clock_ms, delivery):
            may_move = due_ms == reckoned_ms and not self._synced
            self._holds.keep_for(due_ms, hold, delivery, begun_ms=begun_ms if may_move else 0)

    @verb
    def reply(self, reply: Reply, delivery: Delivery) -> None:
        """Take word from a job's actor that it could not tell its target."""
        if not reply.ok:
            self._jobs.refused(reply)

    @verb
    def read(self, delivery: Delivery) -> None:
        """Say when each job is due next (milliseconds since 1970), how much is held, and whether the time can be trusted."""
        next_ms = {job.settings.name: job.next_ms for job in self._jobs.upcoming()}
        delivery.done({"next_ms": next_ms, "held": len(self._holds) + len(self._arrived), "trusted": self._trusted})

    # --- holding

    def _take_arrived(self) -> None:
        """Work out when each message that came goes on. One that came before the clock was set came so many seconds ago, whatever the clock
        said then."""
        arrived, self._arrived = self._arrived, []
        now_ms, mono_s = self.wall.now_ms(), self.wall.mono_s()
        for came_s, hold, delivery in arrived:
            try:
                due_ms = due_of(hold, delivery, seen_ms=now_ms - round((mono_s - came_s) * 1000), zone=self.settings.zone)
            except ValueError as error:
                delivery.failed(str(error), retry=False)
                continue
            if self._heeds_expiry(due_ms - now_ms, due_ms, delivery):
                self._holds.keep(due_ms, hold, delivery)

    def _heeds_expiry(self, hold_ms: int, due_ms: int, delivery: Delivery) -> bool:
        """Whether a message goes on before it expires; one that does not is settled as failed."""
        left_ms = self.host.time.left_ms(delivery.message) if delivery.message.expires_ms else None
        try:
            check_expiry(hold_ms, due_ms, delivery, left_ms=left_ms, zone=self.settings.zone)
        except ValueError as error:
            delivery.failed(str(error), retry=False)
            return False
        return True

    def _let_go(self) -> None:
        if self._trusted:
            self._take_arrived()
        late_s = self._holds.let_go(self.wall.now_ms(), self.wall.clock_ms(self.host), trusted=self._trusted)
        if late_s:
            self.host.count("went_on", len(late_s))
            self.host.count("overdue", sum(late > OVERDUE_S for late in late_s))

    # --- time

    def _next_ms(self, now_ms: int) -> int | None:
        """The wall time at which to look next."""
        clock_ms = self.wall.clock_ms(self.host)
        if self._trusted:
            times = [self._holds.next_ms(now_ms, clock_ms), self._jobs.next_ms(now_ms)]
        else:
            next_ms = self._holds.next_clock_ms()
            times = [now_ms + SYNC_CHECK_MS, None if next_ms is None else now_ms + next_ms - clock_ms]
        return min((at_ms for at_ms in times if at_ms is not None), default=None)

    def _measured_ms(self) -> int:
        return self.wall.now_ms() - round(self.wall.mono_s() * 1000)

    def _look_for_jump(self) -> None:
        """Notice when the wall clock was set. Set forward, what was passed over is late; set back, nothing is done again."""
        ahead_ms = self._measured_ms()
        jumped_ms, self._ahead_ms = ahead_ms - self._ahead_ms, ahead_ms
        if abs(jumped_ms) < JUMP_MS:
            return
        self.host.count("jumps")
        log.warning(
            "%s: the host's clock was set %s by %.0f s", self.host.me, "back" if jumped_ms < 0 else "forward", abs(jumped_ms) / 1000
        )
        if jumped_ms < 0:
            self._jobs.forget()

    # --- how it is

    def _report(self) -> None:
        if self.host.quiet:
            return
        if self._jobs.fault:
            self.host.report(Health.FAULTY, self._jobs.fault)
        elif not self._trusted:
            self.host.report(Health.OK, f"{_NO_SYNC}{f'; jobs: {self._jobs.names()}' if self._jobs.all else ''}")
        elif not self._jobs.known:
            self.host.report(Health.STARTING, "asks when its jobs fired last")
        else:
            self.host.report(Health.OK, self._detail(), quietly=True)

    def _detail(self) -> str:
        jobs = f"next: {self._jobs.text()}" if self._jobs.all else "no jobs"
        return "; ".join(part for part in (jobs, self._held()) if part)

    def _held(self) -> str:
        first_ms = self._holds.next_ms(self.wall.now_ms(), self.wall.clock_ms(self.host))
        if first_ms is None:
            return ""
        full = "; it can hold no more, others wait on disk and may be late" if len(self._holds) >= self.window else ""
        return f"{len(self._holds)} held, the first until {shown(first_ms, self.settings.zone)}{full}"
