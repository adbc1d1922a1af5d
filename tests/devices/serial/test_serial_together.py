"""Together: the lines of one read go into a real gateway in one piece, and fare each by itself."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from devices.serial.port import SerialPort
from devices.serial.settings import SerialSettings
from devices.serial.simulated_line import SimulatedLine
from gateway.actors import Actor, BadPayload, Payload, Stage, State, verb
from gateway.actors.payloads import read_payload
from gateway.runtime.settings import EngineSettings
from gateway.testing import Rig
from gateway.testing.bench import Sent
from tests.devices.serial.conftest import Open

PORT = "serial/bench"


class Measured(Payload):
    """One line of the device."""

    device: str
    id: int


class Heard(State):
    """The numbers that came, in order."""

    numbers: tuple[int, ...] = ()


class Meter(Actor[Heard]):
    """Writes down the numbers of one device."""

    @verb
    def take(self, measured: Measured, stage: Stage[Heard]) -> None:
        stage.state = Heard(numbers=(*stage.state.numbers, measured.id))


@contextmanager
def _rig(line: SimulatedLine, *, ack: str = "", ingress_messages: int = 50) -> Iterator[Rig]:
    """A port on `line` in a gateway that lets in few messages at a time."""
    at = line.path

    class Settings(SerialSettings):
        port: str = at
        codec: str = "json"  # type: ignore[assignment]
        to: str = "meter/{device}"
        verb: str = "take"

    Settings.model_fields["ack"].default = ack
    Settings.model_rebuild(force=True)

    class Port(SerialPort):
        kind = "serial"
        settings_model = Settings

    with Rig([Meter()], {PORT: Port}, settings=EngineSettings(ingress_messages=ingress_messages)) as rig:
        yield rig
        assert rig.stop()


def _line(device: str, id: object) -> bytes:
    return f'{{"device":"{device}","id":{id}}}\n'.encode()


def test_lines_that_came_together_are_taken_in_order_and_the_bad_ones_are_named(line: SimulatedLine) -> None:
    """More than may be under way at once; one for nobody, one that fits no model and one that is no JSON cost nobody else anything."""
    with _rig(line) as rig:
        good = [_line(f"m{n % 3}", n) for n in range(600)]
        good.insert(100, b'{"device":"m1","id":"seven"}\n')
        good.insert(200, b'{"device":"m1","id":7\n')
        good.insert(300, b'{"device":true,"id":7}\n')
        line.send_all(b"".join(good))
        counters = rig.hosted[PORT].counters
        rig.until(lambda: counters["lines"] == 603)
        rig.settle()
        assert [rig.state(f"meter/m{n}").numbers for n in range(3)] == [tuple(range(n, 600, 3)) for n in range(3)]
        assert (counters["refused"], counters["bad_lines"], counters["not_json"], counters["no_address"]) == (1, 2, 1, 1)
        assert rig.engine.ingress.held == 0


def test_each_line_that_came_together_is_acknowledged_once_it_is_on_disk(line: SimulatedLine) -> None:
    """A repeat too, which is not handled again; a line that is refused is not."""
    with _rig(line, ack="ok {id}") as rig:
        lines = [_line("m1", n) for n in range(100)]
        heard: list[bytes] = []
        said = threading.Thread(target=line.send_all, args=(b"".join([*lines, _line("m1", '"x"'), *lines[50:]]),))
        said.start()

        def all_heard() -> bool:
            heard.extend(line.hear_lines())
            return len(heard) >= 150

        rig.until(all_heard)
        said.join()
        assert heard == [b"ok %d" % n for n in [*range(100), *range(50, 100)]]
        assert rig.state("meter/m1").numbers == tuple(range(100))
        assert rig.hosted[PORT].counters["refused"] == 1


SAID = [
    *(_line(f"m{n % 2}", n) for n in range(4)),
    b'{"id":4,"device":"m1"}\n',
    b'{"device":"m1","id":5,"id":6}\n',
    b'{"device":"m1","id":9223372036854775808}\n',
    b'{"device":"m1","id":1e999}\n',
    b'{"device":true,"id":7}\n',
    b'{"device":7,"id":8}\n',
    b'{"device":"m1"}\n',
    b'{"device":"m1","id":{"n":9}}\n',
    b'{"device":"m1","id":"nine"}\n',
    b'{"device":"m1","id":9,"more":1}\n',
    b'{"device":"m1","id":NaN}\n',
    b'{"device":"m\xff","id":10}\n',
    b'{"device":"m0","id":11}\n',
]


def test_lines_that_are_read_straight_into_a_model_fare_as_others(line: SimulatedLine, open_port: Open) -> None:
    """To the same actor, with the same number and acknowledgement; and what is refused is counted under the same name."""
    came = []
    for payloads in ({}, {"take": Measured}):
        bench = open_port(codec="json", to="meter/{device}", verb="take", ack="ok {id} {frame}")
        bench.payloads = payloads  # type: ignore[assignment]
        heard: list[bytes] = []
        line.send_all(b"".join(SAID))
        bench.until(lambda bench=bench: bench.counters["lines"] == len(SAID))
        last = b"ok 11 " + SAID[-1].strip()
        bench.until(lambda heard=heard, last=last: heard.extend(line.hear_lines()) or last in heard)
        sent = [
            (one.to, one.id, one.scope, one.content, read_payload(Measured, one.payload, where="it")) for one in bench.sent if _fits(one)
        ]
        counted = {name: count for name, count in bench.counters.items() if name != "acknowledged"}
        came.append((sent, heard, counted, [type(one.payload) for one in bench.sent if _fits(one)]))
        bench.stop()
    (*two_steps, as_bytes), (*straight, as_models) = came
    assert two_steps == straight
    assert as_bytes == [bytes] * 6
    assert as_models == [bytes, bytes, Measured, Measured, Measured, Measured]  # the first line for an actor says what the actor takes


def _fits(sent: Sent) -> bool:
    try:
        read_payload(Measured, sent.payload, where="it")
    except BadPayload:
        return False
    return True
