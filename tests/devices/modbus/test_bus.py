"""A bus, and its units: judged by a server of pymodbus, by TCP, by RTU over TCP and on a pseudo-terminal."""

import shutil
import subprocess
from collections.abc import Callable
from typing import Any

import pytest

from devices.modbus.bus import ModbusBus, PolledUnit
from devices.modbus.frames import EXCEPTIONS
from devices.modbus.settings import ModbusSettings
from devices.serial.simulated_line import SimulatedLine
from gateway.actors import Health
from gateway.testing import Bench
from tests.devices.modbus.conftest import Cable
from tests.devices.modbus.judge import UNIT

VALUES: dict[str, Any] = {
    "word": {"register": 0},
    "minus": {"register": 1, "type": "i16"},
    "running": {"register": 2, "bit": 1},
    "stopped": {"register": 2, "bit": 2},
    "energy_wh": {"register": 10, "type": "i32", "scale": 0.1, "precision": 1},
    "temperature_c": {"register": 12, "type": "f32"},
    "double": {"register": 14, "type": "f64"},
    "long": {"register": 18, "type": "u64"},
    "model": {"register": 30, "type": "text", "length": 2},
    "turned": {"register": 40, "type": "u32", "words": "little"},
    "pump": {"register": 0, "area": "coil"},
    "valve": {"register": 3, "area": "coil"},
    "door": {"register": 4, "area": "discrete"},
    "voltage_v": {"register": 0, "area": "input", "type": "f32"},
}
SAID = {
    **{"word": 0x1234, "minus": -2, "running": True, "stopped": False, "energy_wh": -12345.6, "temperature_c": 21.5, "double": -2.25},
    **{"long": 2**63 + 1, "model": "ABC", "turned": 0x20001, "pump": True, "valve": True, "door": True, "voltage_v": 230.5},
}


def settings(unit: dict[str, Any] | None = None, **bus: Any) -> ModbusSettings:
    told = {"unit": UNIT, "to": "twin/a", "every_s": 0.1, "values": VALUES, **(unit or {})}
    return ModbusSettings.model_validate({"timeout_s": 5.0, "units": {"a": told}, **bus})


def bench_of(told: ModbusSettings) -> Bench:
    return Bench(ModbusBus("bus", told))


def reads(bench: Bench, is_so: Callable[[dict[str, Any]], bool] = bool) -> dict[str, Any]:
    """The values of the first report that is so."""
    bench.until(lambda: any(is_so(sent.payload.values) for sent in bench.sent))
    return next(sent.payload.values for sent in bench.sent if is_so(sent.payload.values))


def test_each_type_by_tcp(tcp_judge: int):
    """Each type, each area, bits and word orders, as pymodbus keeps them."""
    with bench_of(settings(host="127.0.0.1", tcp_port=tcp_judge)) as bench:
        assert reads(bench) == SAID
        assert (bench.sent[0].to, bench.sent[0].verb) == ("twin/a", "report")
        assert bench.health[-1] == (Health.OK, f"127.0.0.1:{tcp_judge} is open, 1 unit")


def test_rtu_over_tcp(rtu_judge: int):
    """An adapter that passes a serial line's frames through."""
    with bench_of(settings(host="127.0.0.1", tcp_port=rtu_judge, framing="rtu")) as bench:
        assert reads(bench) == SAID


@pytest.mark.parametrize(("noise", "echo"), [(b"", False), (b"\x07\x03\xff\x00", False), (b"", True), (bytes(40), True)])
def test_a_serial_line(noise: bytes, echo: bool, line: SimulatedLine, cable: Cable):
    """Noise before an answer, and an adapter's echo, cost nothing."""
    cable.noise, cable.echo = noise, echo
    with bench_of(settings(port=line.path)) as bench:
        assert reads(bench) == SAID
        assert bench.counters["timeouts"] == 0


def test_what_a_unit_refuses(tcp_judge: int, caplog: pytest.LogCaptureFixture):
    """It is said by its name, once a minute; the other values come."""
    values = {"word": {"register": 0}, "nothing": {"register": 500}}
    with bench_of(settings({"values": values}, host="127.0.0.1", tcp_port=tcp_judge)) as bench:
        assert reads(bench) == {"word": 0x1234}
        bench.until(lambda: bench.counters["exceptions"] >= 3)
    said = [record.message for record in caplog.records if "cannot read holding" in record.message]
    assert said == [f"modbus/bench: unit 7 (a): cannot read holding 500 to 500 (nothing): it says {EXCEPTIONS[2]!r}"]


def test_a_range_that_a_unit_refuses_as_a_whole(tcp_judge: int, caplog: pytest.LogCaptureFixture):
    """It is split until the values that the unit has are read, also over a gap; only the others are said, and it is found out once."""
    values = {
        **{"word": {"register": 0}, "minus": {"register": 1, "type": "i16"}, "far": {"register": 10, "type": "i32"}},
        **{"none_a": {"register": 3}, "none_b": {"register": 4}, "temperature_c": {"register": 12, "type": "f32"}},
    }
    with bench_of(settings({"values": values, "gap": 10}, host="127.0.0.1", tcp_port=tcp_judge)) as bench:
        assert reads(bench) == {"word": 0x1234, "minus": -2, "far": -123456, "temperature_c": 21.5}
        splits = bench.counters["splits"]
        bench.until(lambda: len(bench.sent) >= 4)
        assert bench.counters["splits"] == splits
    said = sorted(record.message.partition(": it says")[0] for record in caplog.records if "cannot read" in record.message)
    assert said == ["modbus/bench: unit 7 (a): cannot read holding 3 to 3 (none_a)"]


def test_a_unit_that_refuses_all(tcp_judge: int):
    """It answers, and tells nothing: then the bus is not well, where it has no other unit."""
    refusing = {"unit": UNIT, "to": "twin/b", "every_s": 0.1, "values": {"nothing": {"register": 500}}}
    where = f"127.0.0.1:{tcp_judge} is open"
    with bench_of(settings(refusing, host="127.0.0.1", tcp_port=tcp_judge)) as bench:
        bench.until(lambda: bench.health[-1:] == [(Health.FAULTY, f"{where}, 1 unit; all is refused by a ({EXCEPTIONS[2]})")])
    both = {"a": {**refusing, "values": {"word": {"register": 0}}}, "b": refusing}
    with bench_of(settings(host="127.0.0.1", tcp_port=tcp_judge, units=both)) as bench:
        bench.until(lambda: bench.health[-1:] == [(Health.OK, f"{where}, 2 units; all is refused by b ({EXCEPTIONS[2]})")])


def test_a_unit_that_is_busy_once():
    """It asks to be asked again: that it refuses all is said when it does so twice, or by another word."""
    unit = PolledUnit("a", settings({"values": {"word": {"register": 0}}}, host="127.0.0.1").units["a"])
    said = []
    for told, refusal in ((True, 0), (False, 6), (True, 0), (False, 6), (False, 5), (True, 0), (False, 2), (False, 6)):
        unit.answered(0.0, told=told, refusal=refusal)
        said.append(unit.refuses)
    assert said == ["", "", "", "", EXCEPTIONS[5], "", EXCEPTIONS[2], EXCEPTIONS[2]]


@pytest.mark.parametrize("echo", [False, True])
def test_an_answer_that_is_none(echo: bool, line: SimulatedLine, cable: Cable, caplog: pytest.LogCaptureFixture):
    """Something is there, and is not understood: that is another thing than silence, and our own bytes are none of it."""
    cable.spoilt, cable.echo = True, echo
    with bench_of(settings({"values": {"word": {"register": 0}}}, port=line.path, timeout_s=0.3)) as bench:
        bench.until(lambda: bench.counters["timeouts"] >= 2)
    said = [record.message for record in caplog.records if "unit 7 (a)" in record.message]
    assert said == [
        "modbus/bench: unit 7 (a): what comes is no answer of it (07 03 02 12 34 3d 32); are baud, parity and its number as it has them?"
    ]


def test_a_dead_unit(line: SimulatedLine, cable: Cable):
    """It costs a timeout now and then, and the others are read."""
    cable.dead = b"\x09"
    values = {"word": {"register": 0}}
    units = {
        "dead": {"unit": 9, "to": "twin/dead", "every_s": 0.1, "values": values},
        "a": {"unit": UNIT, "to": "twin/a", "every_s": 0.1, "values": values},
    }
    told = ModbusSettings.model_validate({"port": line.path, "timeout_s": 0.3, "units": units})
    with bench_of(told) as bench:
        bench.until(lambda: bench.counters["timeouts"] >= 3 and len(bench.sent) >= 10)
        bench.until(lambda: bench.health[-1] == (Health.OK, f"{line.path} is open, 2 units; no answer from dead"))
        assert {sent.to for sent in bench.sent} == {"twin/a"}


def test_a_dead_unit_is_asked_less_and_less():
    """Until five minutes lie between; and at its own pace as soon as it answers."""
    unit = PolledUnit("a", settings({"every_s": 1.0}, host="a").units["a"])
    waits_s = []
    for _ in range(12):
        unit.missed(100.0)
        waits_s.append(unit.next_s - 100.0)
    assert waits_s[0] <= 1.5
    assert 150 <= waits_s[-1] <= 450
    unit.answered(unit.next_s + 0.2, told=True, refusal=0)
    before_s = unit.next_s
    unit.answered(before_s + 0.2, told=True, refusal=0)
    assert unit.next_s == before_s + 1.0


def test_a_line_that_is_pulled_out(line: SimulatedLine):
    """It is missing, and said so."""
    with bench_of(settings(port=line.path, timeout_s=0.05)) as bench:
        bench.until(lambda: bench.counters["timeouts"])
        line.unplug()
        bench.until(lambda: bench.health[-1][0] is Health.MISSING)


def test_nobody_listens():
    """A host where nothing answers is away, and is looked for again."""
    with bench_of(settings(host="127.0.0.1", tcp_port=1)) as bench:
        bench.until(lambda: bench.health)
        assert bench.health[-1] == (
            Health.MISSING,
            "cannot connect to 127.0.0.1:1: Connection refused; is it on, and is Modbus TCP?",
        )


@pytest.mark.skipif(shutil.which("mbpoll") is None, reason="mbpoll is not installed")
def test_mbpoll_agrees(tcp_judge: int):
    """A program of others reads the same number from the same register."""
    command = ["mbpoll", "-m", "tcp", "-p", str(tcp_judge), "-a", str(UNIT), "-0", "-r", "0", "-c", "1", "-t", "4", "-1", "127.0.0.1"]
    said = subprocess.run(command, capture_output=True, text=True, check=True, timeout=30).stdout
    with bench_of(settings({"values": {"word": VALUES["word"]}}, host="127.0.0.1", tcp_port=tcp_judge)) as bench:
        assert f"[0]: \t{reads(bench)['word']}" in said


@pytest.mark.parametrize("profile", ["sdm120", "sdm630", "pzem004t", "r4dcb08", "growatt_tlx"])
def test_profiles(profile: str):
    """A profile of the box, simulated: every value comes, and near what is usual."""
    units = {"m": {"unit": 1, "to": "twin/m", "profile": profile, "every_s": 0.1}}
    told = ModbusSettings.model_validate({"simulate": True, "units": units})
    with bench_of(told) as bench:
        values = reads(bench)
    assert set(values) == set(told.units["m"].values)
    assert all(abs(value - 230) < 10 for name, value in values.items() if name.endswith("_v"))
    assert all(value == pytest.approx(50, abs=2) for name, value in values.items() if name.endswith("_hz"))
    assert all(value == pytest.approx(21, abs=1) for name, value in values.items() if name.endswith("_c"))
