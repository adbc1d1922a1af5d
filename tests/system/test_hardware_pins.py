"""Pins as a kernel has them: what settles, what presses mean, and each state of what is driven: at start, stop, kill and lost link.

gpio-sim gives a line that is freed the level of what is wired to it, so what a board keeps after a kill is played by that.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.system.broker_inside import HEARD, heard
from tests.system.conftest import JOURNAL, running_machine
from tests.system.lab.machine import Machine
from tests.system.test_hardware import GPIO, level, writes
from tests.waiting import until

pytestmark = pytest.mark.vm

FILE = """
[gateway]
name = "lab"
[mqtt.main]
host = "localhost"
prefix = "gateway"
reconnect_max_s = 2.0
[gpio.gate]
type = "contact"
pin = 4
stable_ms = 5000.0
report_to = "twin/gate"
[gpio.bell]
type = "button"
pin = 5
debounce_ms = 0.0
long_s = 8.0
multi_s = 10.0
[gpio.steady]
type = "relay"
pin = 6
on_start = "keep"
on_stop = "keep"
[gpio.heater]
type = "relay"
pin = 7
on_start = "on"
on_link_lost = "off"
link_lost_after_s = 10.0
[gpio.horn]
type = "relay"
pin = 8
active_low = true
on_link_lost = "on"
link_lost_after_s = 10.0
[gpio.bed]
type = "dimmer"
pin = 9
frequency_hz = 10.0
on_start = "keep"
[servo.flap]
pin = 10
rest_after_s = 2.0
[encoder.knob]
pin_a = 11
pin_b = 12
report_to = "twin/knob"
[distance.tank]
trigger = 13
echo = 14
to = "twin/tank"
every_s = 2.0
samples = 1
[actors.twin]
silent_after_s = 0.0
"""
WIRE = f"""
import pathlib, sys, time
for word in sys.argv[1:]:
    if word.startswith("+"):
        time.sleep(float(word))
    else:
        line, _, level = word.partition("=")
        pathlib.Path("{GPIO}/sim_gpio" + line + "/pull").write_text("pull-up" if level == "1" else "pull-down")
"""
LIMIT_S = 240.0


@pytest.fixture(scope="module")
def board(installed: Path, machine_lab: None) -> Iterator[Machine]:
    """A machine whose lines are wired, and a gateway that has claimed them."""
    with running_machine(installed, "one machine with pins of all kinds", FILE, _wire) as machine:
        yield machine


def _wire(machine: Machine) -> None:
    machine.sh("mount -t tracefs tracefs /sys/kernel/tracing && echo 8192 > /sys/kernel/tracing/buffer_size_kb")
    machine.sh("echo 1 > /sys/kernel/tracing/events/gpio/enable")
    machine.sh("python3 /usr/local/lib/gpiosim.py up")
    machine.put(WIRE, "/root/wire.py")


def wire(machine: Machine, *words: str) -> None:
    """Have lines be pulled up or down from outside, in order, with pauses: "4=1", "+0.1"."""
    machine.sh(f"python3 /root/wire.py {' '.join(words)}")


def tell(machine: Machine, to: str, **payload: Any) -> None:
    """Publish a command."""
    machine.sh(f"mosquitto_pub -h localhost -q 1 -t gateway/tell/{to} -m '{json.dumps(payload)}'")


def values(machine: Machine, twin: str, name: str) -> list[Any]:
    """What a twin has said of one value, in order."""
    return [body["values"][name]["value"] for body in heard(machine, f"gateway/twin/{twin}") if name in body["values"]]


def until_told(machine: Machine, twin: str, name: str, wanted: list[Any]) -> None:
    """Wait until a twin has said these of one value, all in all."""
    until(lambda: values(machine, twin, name) == wanted, said=lambda: f"{twin} said {heard(machine, f'gateway/twin/{twin}')}")


def events(machine: Machine) -> list[str]:
    """What the presses of the bell meant, in order."""
    return [body["event_type"] for body in heard(machine, "gateway/gpio/bell/event")]


def until_written(machine: Machine, line: int, levels: list[str]) -> None:
    """Wait until these levels were written to a line, all in all."""
    until(lambda: writes(machine, line) == levels, said=lambda: f"written to line {line}: {writes(machine, line)}")


def test_a_spike_on_a_long_wire_is_no_open_gate(board: Machine) -> None:
    """Only what has stayed for stable_ms is told, in order. Claimed with its pull, the line of a gate is high: it is open."""
    wire(board, "4=0")
    until_told(board, "gate", "open", [True, False])
    wire(board, "4=1", "4=0", "+0.2", "4=1", "4=0")
    wire(board, "4=1")
    until_told(board, "gate", "open", [True, False, True])


def test_presses_are_told_by_what_they_mean(board: Machine) -> None:
    """One, two, three; and one that is held, which is told before it is let go."""
    for presses, meant in ((1, "press"), (2, "double"), (3, "multi")):
        wire(board, *["5=0", "+0.1", "5=1", "+0.1"] * presses)
        until(lambda meant=meant: events(board)[-1:] == [meant])
    wire(board, "5=0")
    until(lambda: events(board)[-1] == "long")
    wire(board, "5=1")
    assert events(board) == ["press", "double", "multi", "long"]


def test_a_lost_link_has_its_state(board: Machine) -> None:
    """On from the start and off for want of commands; told on, and off again. One that goes on then is a low line."""
    until_written(board, 7, ["1", "0"])
    until_written(board, 8, ["1", "0"])
    tell(board, "gpio/heater/switch", on=True)
    until_written(board, 7, ["1", "0", "1", "0"])
    assert board.sh(f"{JOURNAL} | grep -c 'GPIO 7: no command for 10 s, it is off now (on_link_lost)'") == "2\n"


def test_a_knob_is_turned(board: Machine) -> None:
    """Two steps clockwise and one back, by the edges of two lines."""
    step, back = ("11=0", "12=0", "11=1", "12=1"), ("12=0", "11=0", "12=1", "11=1")
    wire(board, *[word for level in (*step, *step, *back) for word in (level, "+0.1")])
    until(lambda: values(board, "knob", "position")[-1] == 1, said=lambda: board.sh(f"tail -n 40 {HEARD}"))


def test_a_servo_has_pulses_until_it_rests(board: Machine) -> None:
    """None before it is told an angle."""
    assert writes(board, 10) == ["0"]
    tell(board, "servo/flap/angle", angle_deg=30)
    board.until(JOURNAL, "servo/flap is ok")
    until(lambda: len(writes(board, 10)) > 10)
    tell(board, "servo/flap/rest")
    until_still(board, 10)
    assert level(board, 10) == "0"


def test_a_distance_is_that_of_the_two_edges(board: Machine) -> None:
    """Missing while nothing answers the trigger; then what the time between two edges says."""
    assert values(board, "tank", "distance_m")[:1] in ([], [None])
    assert writes(board, 13)[:3] == ["0", "1", "0"]
    board.sh("systemd-run --quiet --unit=echo python3 /root/wire.py $(for i in $(seq 3000); do echo 14=1 +0.004 14=0 +0.004; done)")
    far_m = until(lambda: [far_m for far_m in values(board, "tank", "distance_m") if far_m is not None])
    assert all(0.02 <= one <= 4 for one in far_m)
    board.sh("systemctl stop echo")


def until_still(machine: Machine, line: int) -> None:
    """Wait until nothing is written to a line any more."""

    def is_still() -> bool:
        before = len(writes(machine, line))
        machine.sh("sleep 1")
        return len(writes(machine, line)) == before

    until(is_still)


def test_after_a_kill_each_output_is_as_the_file_says(board: Machine) -> None:
    """What keeps its level is claimed at the one it is found at, a dimmer dims as it was told last, all others begin anew."""
    tell(board, "gpio/steady/switch", on=True)
    until_written(board, 6, ["0", "1"])
    tell(board, "gpio/bed/dim", brightness_pct=40)
    until(lambda: len(writes(board, 9)) > 6)
    wire(board, "6=1")
    board.sh("systemctl kill --signal=KILL gateway && echo > /sys/kernel/tracing/trace")
    board.until(f"{JOURNAL} | grep -c 'mqtt/main is ok'", "2", limit_s=LIMIT_S)
    first = {6: ["1"], 7: ["1"], 8: ["1"], 10: ["0"]}
    until(
        lambda: {line: writes(board, line)[:1] for line in first} == first,
        said=lambda: board.sh(f"{JOURNAL}; tail /sys/kernel/tracing/trace"),
    )
    until(lambda: len(writes(board, 9)) > 6)
    tell(board, "gpio/bed/switch", on=False)
    until_still(board, 9)
    assert level(board, 9) == "0"


def test_a_stop_leaves_outputs_as_they_are_told(board: Machine) -> None:
    """What keeps its level is not written to; a dimmer is off."""
    tell(board, "gpio/bed/switch", on=True)
    count = len(writes(board, 9))
    until(lambda: len(writes(board, 9)) > count + 6)
    before = len(writes(board, 6))
    board.sh("systemctl stop gateway")
    assert (writes(board, 6)[before:], writes(board, 9)[-1], writes(board, 7)[-1]) == ([], "0", "0")
