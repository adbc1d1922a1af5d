"""The jobs of a clock: when each is due next, and what becomes of due times that were missed.

What fired last is remembered by each job's own actor, `job/KEY:NAME`. A clock asks it first; until it has answered, the job does
not fire.
"""

import logging
from collections import deque
from datetime import tzinfo
from typing import Any, NamedTuple

from devices.clock.schedule import MISSED_AT_MOST, Sun, missed
from devices.clock.settings import ClockSettings, JobSettings
from devices.clock.zones import shown
from gateway.actors import By, GatewayError, Host, Refused, Reply
from gateway.actors.templates import filled_tree

log = logging.getLogger(__name__)

ANSWER_S = 10.0
"""A job that has not answered after so many seconds is asked again."""
SENT_AGAIN_MS = 1000
_SHOWN = 8
_WITHOUT_EVENT_MS = 36 * 3_600_000


class Firing(NamedTuple):
    """One due time of a job, of which its actor must be told."""

    due_ms: int
    missed: int
    """How many earlier ones it stands for."""


class ClockJob:
    """One job in this life of its clock. On the clock's thread."""

    def __init__(self, key: str, settings: JobSettings, clock: ClockSettings) -> None:
        self.id = f"job/{key}:{settings.name}"
        self.settings = settings
        self.schedule = clock.schedule_of(settings)
        self.definition = clock.definition_of(settings)
        self.next_ms: int | None = None
        """When the job is due next; None: not known yet, or never."""
        self.introduced = False
        """Whether its actor has heard what it is."""
        self.known = False
        """Whether its actor has said from when on it counts."""
        self.firings: deque[Firing] = deque()
        """Due, and not told yet."""
        self.fault = ""
        self.fired_id = ""
        """Of the last due time that was told, and"""
        self.refused_id = ""
        """of the last one that its actor could not tell."""
        self.asked = ""
        """The address of the question that is open."""
        self.ask_at_s = 0.0
        self._from_ms = 0

    def text(self, zone: tzinfo) -> str:
        """When the job is due next, for people; also that the sun does not rise or set until then."""
        if self.next_ms is None:
            return "not known yet"
        at = shown(self.next_ms, zone)
        if isinstance(self.schedule, Sun) and self.next_ms - self._from_ms > _WITHOUT_EVENT_MS:
            return f"{at} (no {self.schedule.event} before)"
        return at

    def begin(self, from_ms: int) -> None:
        """Count the job's due times from here on."""
        self.known, self._from_ms = True, from_ms
        self.next_ms = self.schedule.next_after(from_ms)

    def fall_due(self, now_ms: int) -> int:
        """Put the due times that have come into `firings`; return how many come to nothing."""
        if self.next_ms is None or self.next_ms > now_ms:
            return 0
        found = missed(self.schedule, self._from_ms, now_ms)
        firings, lost = self._sorted_out(found.due_ms, now_ms)
        self.firings.extend(firings)
        self._say_lost(lost, more=found.more, late_s=(now_ms - found.due_ms[0]) / 1000)
        self.begin(found.due_ms[-1])
        return lost

    def _sorted_out(self, due_ms: tuple[int, ...], now_ms: int) -> tuple[list[Firing], int]:
        """Which of these due times are told, by `misfire`, and how many are not."""
        late = [due for due in due_ms if now_ms - due > self.settings.late_after_s * 1000]
        timely = [Firing(due, 0) for due in due_ms[len(late) :]]
        if not late or self.settings.misfire == "all":
            return [*(Firing(due, 0) for due in late), *timely], 0
        if self.settings.misfire == "skip":
            return timely, len(late)
        if timely:  # it stands for those before it too
            return [timely[0]._replace(missed=len(late)), *timely[1:]], 0
        return [Firing(late[-1], len(late) - 1)], 0

    def _say_lost(self, lost: int, *, more: bool, late_s: float) -> None:
        if more and self.settings.misfire == "all":
            log.warning("%s missed more than %d due times: the last %d are told", self.id, MISSED_AT_MOST, MISSED_AT_MOST)
        if lost:
            log.warning("%s missed %d due times, the first %.0f s ago: they are skipped, as misfire says", self.id, lost, late_s)


class Jobs:
    """All jobs of one clock. On the clock's thread, `_hear` excepted."""

    def __init__(self, key: str, settings: ClockSettings, host: Host) -> None:
        self.all = [ClockJob(key, job, settings) for job in settings.jobs]
        self._by_name = {job.settings.name: job for job in self.all}
        self._zone = settings.zone
        self._host = host
        self._answers: deque[tuple[ClockJob, Reply]] = deque()
        self._send_at_ms = 0

    def next_ms(self, now_ms: int) -> int | None:
        """When the jobs have something to do; soon, while a question is open or something is not told."""
        if not self.known:
            return now_ms + SENT_AGAIN_MS
        times = [self._send_at_ms if job.firings else job.next_ms for job in self.all]
        return min((at_ms for at_ms in times if at_ms is not None), default=None)

    def tick(self, now_ms: int, mono_s: float) -> None:
        """Ask the job actors that have not answered, and tell those that are due."""
        self._take_answers()
        for job in self.all:
            if not job.known:
                self._ask(job, now_ms, mono_s)
                continue
            if lost := job.fall_due(now_ms):
                self._host.count("skipped", lost)
        if now_ms >= self._send_at_ms or self._send_at_ms > now_ms + SENT_AGAIN_MS:
            self._send(now_ms)

    def introduce(self) -> None:
        """Say to each job's actor once what the job is, before the time is known: so that it can be looked at, and run by hand."""
        for job in self.all:
            if job.introduced:
                continue
            try:
                self._host.send(job.id, "define", self._definition(job, 0), wait=False, by=By.ACTORS)
            except Refused:
                return  # there is no room now: at the next look
            except GatewayError as error:
                job.fault = str(error)
            job.introduced = True

    def forget(self) -> None:
        """Forget what was asked, because the clock was set back: what is due next depends on what each job's actor knows."""
        for job in self.all:
            job.known = False
            job.ask_at_s = 0.0
            if job.asked:
                self._host.give_up(job.asked)
                job.asked = ""

    def refused(self, reply: Reply) -> None:
        """Note that a job's actor could not tell its target; `of` is the id we gave."""
        job = self._by_name.get(reply.of.rpartition("@")[0])
        if job is not None:
            job.fault, job.refused_id = reply.reason, reply.of
            self._host.count("failed")

    @property
    def fault(self) -> str:
        """What is wrong with the first job that has a fault; empty where none has."""
        return next((f"job {job.settings.name}: {job.fault}" for job in self.all if job.fault), "")

    @property
    def known(self) -> bool:
        """Whether every job's actor has answered."""
        return all(job.known for job in self.all)

    def upcoming(self) -> list[ClockJob]:
        """The jobs, in the order in which they are due next."""
        return sorted(self.all, key=lambda job: (job.next_ms is None, job.next_ms))

    def text(self) -> str:
        """When the next jobs are due, for people."""
        return _listed([f"{job.settings.name} {job.text(self._zone)}" for job in self.upcoming()])

    def names(self) -> str:
        """The jobs and their schedules, for people who cannot be told yet when each is due."""
        return _listed([f"{job.settings.name} ({job.settings.at})" for job in self.all])

    # --- asking what fired last

    def _ask(self, job: ClockJob, now_ms: int, mono_s: float) -> None:
        if mono_s < job.ask_at_s:
            return
        if job.asked:
            self._host.give_up(job.asked)
            job.fault = f"{job.id} has not answered for {ANSWER_S:g} s; it is asked again"
        job.ask_at_s = mono_s + ANSWER_S
        try:
            job.asked = self._host.ask(job.id, "define", self._definition(job, now_ms), on_reply=self._hear(job), by=By.ACTORS)
        except GatewayError as error:
            job.asked, job.fault = "", str(error)

    def _definition(self, job: ClockJob, now_ms: int) -> dict[str, Any]:
        return {
            "schedule": job.definition,
            "to": job.settings.to,
            "verb": job.settings.verb,
            "payload": filled_tree(job.settings.payload, {"due_ms": now_ms, "late_s": 0.0, "missed": 0}),
            "now_ms": now_ms,
        }

    def _hear(self, job: ClockJob) -> Any:
        """Make the callback that takes the answer of a job's actor, on a runtime thread."""

        def hear(reply: Reply) -> None:
            self._answers.append((job, reply))
            self._host.wake()

        return hear

    def _take_answers(self) -> None:
        while self._answers:
            job, reply = self._answers.popleft()
            job.asked = ""
            if reply.ok:
                job.fault = reply.body["fault"]
                job.begin(reply.body["from_ms"])
            else:
                job.fault = reply.reason

    # --- telling what is due

    def _send(self, now_ms: int) -> None:
        """Send what is due; where the gateway takes no more now, send the rest a second later."""
        self._send_at_ms = 0
        for job in self.all:
            while job.firings:
                try:
                    self._fire(job, job.firings[0], now_ms)
                except Refused:
                    self._send_at_ms = now_ms + SENT_AGAIN_MS
                    return
                except GatewayError as error:
                    job.fault = str(error)
                job.firings.popleft()

    def _fire(self, job: ClockJob, firing: Firing, now_ms: int) -> None:
        """Tell a job's actor that the job is due. The message's id makes a due time one for ever, whatever the clock does."""
        late_s = max(0, now_ms - firing.due_ms) / 1000
        facts = {"due_ms": firing.due_ms, "late_s": late_s, "missed": firing.missed}
        fire = {**facts, "payload": filled_tree(job.settings.payload, facts)}
        id = f"{job.settings.name}@{firing.due_ms}"
        self._host.send(job.id, "fire", fire, id=id, reply_to=self._host.me, wait=False, by=By.ACTORS)
        if job.refused_id != job.fired_id:  # the one before went well
            job.fault = ""
        job.fired_id = id
        self._host.count("fired")
        if firing.missed or late_s > job.settings.late_after_s:
            self._host.count("late")


def _listed(rows: list[str]) -> str:
    return ", ".join(rows[:_SHOWN]) + (f" and {len(rows) - _SHOWN} more" if len(rows) > _SHOWN else "")
