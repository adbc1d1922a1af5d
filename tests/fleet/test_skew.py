"""Hosts whose clocks are hours off: what they share goes by the database's clock. A real PostgreSQL, with a clock that a test sets."""

import pytest

from gateway.actors import Actor, Payload, Stage, State, verb
from gateway.actors.ids import group_of
from gateway.actors.messages import Message
from gateway.runtime.mail import encode
from gateway.runtime.manual import ManualMachine
from tests.daemons import DaemonProcess
from tests.fleet.conftest import Host
from tests.postgres import PostgresServer, why_no_postgres
from tests.waiting import until

if why_no_postgres():
    pytest.skip(why_no_postgres(), allow_module_level=True)

from gateway.service.sharing import Sharing
from gateway.store.postgres.shared.edge import EdgePost
from gateway.store.postgres.shared.place import SharedPlace
from gateway.store.postgres.shared.store import GroupedStore

HOURS_MS = 3 * 3_600_000
NOON_MS = 1_750_000_000_000
_TIME = "CREATE OR REPLACE FUNCTION gateway_shared.the_time() RETURNS timestamptz LANGUAGE sql VOLATILE AS $$SELECT {}$$"


class Egg(Payload):
    """What is boiled."""

    boil_s: float


class Boiled(State):
    """When which egg was done, by the clock of the turn."""

    put_ms: int = 0
    done_ms: tuple[int, ...] = ()


class Cook(Actor[Boiled]):
    """Boils an egg, by a timer."""

    @verb
    def boil(self, egg: Egg, stage: Stage[Boiled]) -> None:
        """Begin."""
        stage.state = stage.state.changed(put_ms=stage.now_ms)
        stage.after(egg.boil_s, "done", name="egg")

    @verb
    def done(self, stage: Stage[Boiled]) -> None:
        """Note that it is done."""
        stage.state = stage.state.changed(done_ms=(*stage.state.done_ms, stage.now_ms))


class _Kitchen:
    """One host on a machine whose clocks a test turns."""

    def __init__(self, url: str, name: str, *, off_ms: int, boot_ms: int) -> None:
        place = SharedPlace(url)
        self.machine = ManualMachine(wall_ms=NOON_MS + off_ms, boot_ms=boot_ms)
        join = lambda before, clean: GroupedStore(place, name, before=before, clean=clean, lease_s=10_000)  # noqa: E731
        self.sharing = Sharing(join, [Cook()], machine=self.machine)

    def __enter__(self) -> "_Kitchen":
        self.sharing.start()
        until(lambda: len(self.sharing.groups) == 256, said=lambda: self.sharing.fault)
        return self

    def __exit__(self, *exc: object) -> None:
        assert self.sharing.stop()

    def pass_s(self, seconds: float) -> None:
        """Let time pass, and the engine see it."""
        self.machine.advance(seconds)
        engine = self.sharing.engine
        assert engine is not None
        rounds = engine.rounds
        until(lambda: engine.inspect(lambda: engine.rounds) > rounds + 3 and engine.inspect(lambda: engine.resting))


def test_a_timer_means_the_same_on_hosts_with_different_clocks(server: PostgresServer, url: str) -> None:
    """Set on a host that is three hours ahead, it fires once, at its time by the database's clock, on one that is three hours behind."""
    EdgePost(url, None, "anybody").close()
    at = "to_timestamp({} / 1000.0)"
    server.ask(url, _TIME.format(at.format(NOON_MS)))
    found = lambda: server.ask(url, "SELECT state FROM gateway_shared.actor")  # noqa: E731
    with _Kitchen(url, "ahead", off_ms=HOURS_MS, boot_ms=5_000):
        blob = encode(Message("egg-1", "cook/a", "boil", Egg(boil_s=60.0))).hex()
        server.ask(url, f"INSERT INTO gateway_shared.post (to_grp, message) VALUES ({group_of('cook/a')}, '\\x{blob}')")
        until(found)
        assert Boiled.model_validate_json(found()[0][0]).put_ms - NOON_MS < 1000
    server.ask(url, _TIME.format(at.format(NOON_MS + 30_000)))
    with _Kitchen(url, "behind", off_ms=-HOURS_MS, boot_ms=900_000_000) as behind:
        behind.pass_s(28)
        assert Boiled.model_validate_json(found()[0][0]).done_ms == ()
        behind.pass_s(3)
        until(lambda: Boiled.model_validate_json(found()[0][0]).done_ms)
        (done_ms,) = Boiled.model_validate_json(found()[0][0]).done_ms
        assert 60_000 <= done_ms - NOON_MS <= 62_000
        behind.pass_s(HOURS_MS / 1000)
        assert len(Boiled.model_validate_json(found()[0][0]).done_ms) == 1


def _send(daemon: DaemonProcess, sender: str, to: str, numbers: tuple[int, int], lasts_s: float) -> None:
    fields = {"to": to, "first": numbers[0], "last": numbers[1], "lasts_s": lasts_s}
    said = daemon.ask(do="tell", to=sender, verb="send", payload=fields, timeout_s=30.0)
    assert "error" not in said, said


def _come(daemon: DaemonProcess, id: str, numbers: list[int]) -> None:
    """Wait until as many numbers have come, and see which ones."""

    def found() -> list[int]:
        answer = daemon.ask(do="ask", to=id, verb="read", payload={}, timeout_s=30.0)
        return list(answer.get("body", {}).get("numbers", []))

    daemon.until(lambda: len(found()) >= len(numbers))
    assert found() == numbers


@pytest.mark.parametrize("off", ["-", "+"])
def test_what_expires_between_hosts_goes_by_the_time_of_all(server: PostgresServer, url: str, host: Host, off: str) -> None:
    """A database whose clock is hours off from its hosts' ends nothing early, and keeps nothing alive: from an edge to shared actors, and
    back."""
    EdgePost(url, None, "anybody").close()
    server.ask(url, _TIME.format(f"clock_timestamp() {off} interval '3 hours'"))
    house, one = host("pi-house", 'kinds = ["ledger"]\n'), host("one", 'kinds = ["ledger"]\nserves = true\n')
    one.until(lambda: one.ask(do="show")["show"]["shared"]["groups"] == 256)
    there, here = "ledger/a", "host/pi-house/scribe/a"
    _send(house, "scribe/sender", there, (1, 3), 600.0)
    _come(one, there, [1, 2, 3])
    _send(one, "ledger/sender", here, (1, 3), 600.0)
    _come(house, "scribe/a", [1, 2, 3])
    house.stop()
    _send(one, "ledger/sender", here, (4, 5), 0.001)
    _send(one, "ledger/sender", here, (6, 7), 600.0)
    one.until(lambda: server.ask(url, "SELECT count(*) FROM gateway_shared.post WHERE to_host = 'pi-house'")[0][0] >= 4)
    house.again()
    house.until_listening()
    _come(house, "scribe/a", [1, 2, 3, 6, 7])
    one.stop()
    _send(house, "scribe/sender", there, (4, 5), 120.0)
    _send(house, "scribe/sender", there, (6, 7), 7200.0)
    house.until(lambda: server.ask(url, "SELECT count(*) FROM gateway_shared.post WHERE to_grp IS NOT NULL")[0][0] >= 4)
    server.ask(url, _TIME.format(f"clock_timestamp() {off} interval '3 hours' + interval '10 minutes'"))
    one.again()
    one.until_listening()
    one.until(lambda: one.ask(do="show")["show"]["shared"]["groups"] == 256)
    _come(one, there, [1, 2, 3, 6, 7])
