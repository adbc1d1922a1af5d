"""A link: one life for every outside resource. The resource here is a FIFO, which a test makes, takes away and holds back."""

import os
import select
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from devices.backoff import Backoff, pause_s
from devices.link import ACT_WITHIN_S, ActWithin, Faulty, Link, Missing
from gateway.actors import Delivery, Health, Settings, verb
from gateway.actors.vocabulary import TextLine
from gateway.testing import Bench


class HornSettings(Settings):
    """Section `[horn.NAME]`."""

    path: Path
    act_within_s: ActWithin = ACT_WITHIN_S


class Horn(Link[HornSettings]):
    """Reads a FIFO, and says each line that comes; the line "broken" is a fault of it."""

    acts = ("blow",)
    _descriptor = -1
    turns = 0

    def open(self) -> str:
        self._descriptor = os.open(self.settings.path, os.O_RDWR | os.O_NONBLOCK)
        return f"{self.settings.path} is open"

    def block(self, timeout_s: float | None) -> None:
        poll = select.poll()
        poll.register(self.host.fileno(), select.POLLIN)
        if self.is_open:
            poll.register(self._descriptor, select.POLLIN)
        poll.poll(None if timeout_s is None else timeout_s * 1000 + 1)

    def turn(self) -> None:
        self.turns += 1
        if not self.is_open:
            return
        try:
            line = os.read(self._descriptor, 4096).decode().strip()
        except BlockingIOError:
            return
        if line == "broken":
            raise Faulty(f"cannot read {self.settings.path}: it is broken; mend it")
        if line == "gone":
            os.fstat(-1)  # an error of the system, as a driver raises it
        self.host.send("twin/horn", "line", TextLine(text=line))

    def shut(self) -> None:
        if self._descriptor >= 0:
            os.close(self._descriptor)
        self._descriptor = -1

    @verb(act_within_s=ACT_WITHIN_S)
    def blow(self, delivery: Delivery) -> None:
        """Blow it."""
        delivery.done({"blown": True})

    @verb
    def read(self, delivery: Delivery) -> None:
        """Say where it is."""
        delivery.done({"path": str(self.settings.path)})


@contextmanager
def horn(path: Path) -> Iterator[Bench]:
    """One that runs."""
    with Bench(Horn("north", HornSettings(path=path)), "horn/north") as bench:
        yield bench


def blow(path: Path, text: str) -> None:
    """Say a line into the FIFO."""
    descriptor = os.open(path, os.O_WRONLY | os.O_NONBLOCK)
    os.write(descriptor, text.encode() + b"\n")
    os.close(descriptor)


class PatientHorn(Horn):
    """One that has something to do in many years."""

    kind = "horn"

    @property
    def due_s(self) -> float:
        return self.clock() + 3e9


def test_what_is_due_in_many_years_is_waited_for(tmp_path: Path) -> None:
    """Though the kernel waits for some days at most; it hears what comes meanwhile."""
    path = tmp_path / "horn"
    os.mkfifo(path)
    with Bench(PatientHorn("north", HornSettings(path=path)), "horn/north") as bench:
        bench.until(lambda: bench.health and bench.health[-1][0] is Health.OK)
        blow(path, "hello")
        bench.until(lambda: bench.sent)
        assert bench.tell("blow").wait() == "done"


def test_what_is_not_there_is_missing_keeps_its_mail_and_is_found_when_it_comes(tmp_path: Path) -> None:
    """No attempt is burnt meanwhile: the command is carried out once it is there."""
    path = tmp_path / "horn"
    with horn(path) as bench:
        said = f"cannot open horn/north: No such file or directory ({path}); plug it in, or mend its section"
        bench.until(lambda: bench.health)
        assert (bench.health[0], bench.why_away) == ((Health.MISSING, said), said)
        told = bench.tell("blow")
        os.mkfifo(path)
        assert told.wait() == "done"
        assert bench.health[-1] == (Health.OK, f"{path} is open")
        assert (bench.why_away, bench.counters["lost"]) == ("", 0)


@pytest.mark.parametrize(
    ("word", "said"),
    [
        ("broken", "cannot read {path}: it is broken; mend it"),
        ("gone", "cannot go on with horn/north: Bad file descriptor"),
    ],
)
def test_what_fails_is_let_go_and_opened_again(tmp_path: Path, word: str, said: str) -> None:
    """Whether the device says what is wrong, or the system does; and what it says afterwards is heard."""
    path = tmp_path / "horn"
    os.mkfifo(path)
    with horn(path) as bench:
        bench.until(lambda: bench.health)
        blow(path, word)
        bench.until(lambda: (Health.FAULTY, said.format(path=path)) in bench.health)
        bench.until(lambda: bench.health[-1] == (Health.OK, f"{path} is open") and not bench.why_away)
        assert bench.counters["lost"] == 1
        blow(path, "hello")
        bench.until(lambda: bench.sent)
        assert bench.sent[0].payload.text == "hello"


def test_what_acts_has_the_age_limit_of_the_settings_and_the_rest_keeps_its_own() -> None:
    """One place says so, for every device."""
    assert Horn.age_limits(HornSettings(path=Path("x"), act_within_s=7)) == {"blow": 7.0, "read": 0.0}
    assert Horn.settings_model is HornSettings


def test_while_the_gateway_closes_nobody_looks_any_more(tmp_path: Path) -> None:
    """However long that takes; and the close is no fault."""
    path, now_s = tmp_path / "horn", [0.0]
    actor = Horn("north", HornSettings(path=path), clock=lambda: now_s[0])
    with Bench(actor, "horn/north") as bench:
        bench.until(lambda: bench.why_away)
        bench.quiet = True
        os.mkfifo(path)
        now_s[0] = 1000.0
        turns = actor.turns
        bench.wake()
        bench.until(lambda: actor.turns > turns)
        bench.stop()
        assert bench.health[-1][0] is Health.MISSING
        assert bench.error is None


def test_the_pauses_are_one_law() -> None:
    """Doubled each time up to the longest, each between half of its step and all of it; and begun anew."""
    backoff = Backoff(0.25, 2.0, chance=lambda: 1.0)
    assert [backoff.next_s() for _ in range(5)] == [0.25, 0.5, 1.0, 2.0, 2.0]
    assert [pause_s(times, 0.25, 2.0, chance=lambda: 0.0) for times in (1, 2, 5, 10_000)] == [0.125, 0.25, 1.0, 1.0]
    backoff.reset()
    backoff.at_least(1.0)
    assert backoff.next_s() == 1.0


def test_what_is_missing_and_what_is_faulty_are_told_apart() -> None:
    """By their class, which says the health."""
    assert (Missing("m").health, Faulty("f").health, str(Faulty("f"))) == (Health.MISSING, Health.FAULTY, "f")
