"""Real pins and a real USB serial adapter, as the kernel shows them: one machine with a gateway that runs."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.system.broker_inside import HEARD, heard, until_heard
from tests.system.conftest import JOURNAL, running_machine
from tests.system.lab.machine import Machine
from tests.system.meter import meter_on_socket

pytestmark = pytest.mark.vm

SERIAL = "GATEWAY1"
BY_ID = f"/dev/serial/by-id/usb-QEMU_QEMU_USB_SERIAL_{SERIAL}-if00-port0"
GPIO = "/sys/devices/platform/gpio-sim.0/gpiochip0"
FILE = f"""
[gateway]
name = "lab"
[mqtt.main]
host = "localhost"
prefix = "gateway"
reconnect_max_s = 2.0
[serial.meters]
port = "{BY_ID}"
codec = "json"
to = "twin/{{device}}"
ack = "ok {{id}}"
[gpio.door]
type = "button"
pin = 17
report_to = "twin/door"
[gpio.lamp]
type = "relay"
pin = 27
on_start = "on"
on_stop = "off"
[gpio.siren]
type = "relay"
pin = 23
active_low = true
[gpio.bell]
type = "led"
pin = 22
[actors.twin]
silent_after_s = 0.0
"""


@pytest.fixture(scope="session")
def machine(installed: Path, machine_lab: None) -> Iterator[Machine]:
    """A machine with a chip of pins, of which another program holds line 22, and a gateway that runs."""
    with running_machine(installed, "one machine with a gateway that runs", FILE, _wire) as machine:
        yield machine


def _wire(machine: Machine) -> None:
    machine.sh("mount -t tracefs tracefs /sys/kernel/tracing && echo 1 > /sys/kernel/tracing/events/gpio/enable")
    machine.sh("python3 /usr/local/lib/gpiosim.py up && python3 /usr/local/lib/gpiosim.py pull 17 up")
    machine.sh("echo $(($(cat /sys/class/gpio/gpiochip*/base) + 22)) > /sys/class/gpio/export")


def writes(machine: Machine, line: int) -> list[str]:
    """Every level that was written to a line since the machine began, as the kernel traced it."""
    number = int(machine.sh("cat /sys/class/gpio/gpiochip*/base")) + line
    traced = machine.sh("cat /sys/kernel/tracing/trace").splitlines()
    return [row.rpartition(" ")[2] for row in traced if f"gpio_value: {number} set" in row]


def level(machine: Machine, line: int) -> str:
    """The level of a line, as what is wired to it sees it: 0 or 1."""
    return machine.sh(f"cat {GPIO}/sim_gpio{line}/value").strip()


def test_outputs_have_their_states_from_the_start(machine: Machine) -> None:
    """A relay that shall be on is on, and one that works the other way round is off, a high line; they had no other level before."""
    machine.until(JOURNAL, "gpio/siren is ok")
    machine.until(JOURNAL, "gpio/lamp is ok")
    assert (level(machine, 27), level(machine, 23)) == ("1", "1")
    assert (writes(machine, 27), writes(machine, 23)) == (["1"], ["1"])


def test_a_busy_line_is_named_and_claimed_when_it_is_free(machine: Machine) -> None:
    """The fault says who holds the line; its end needs no restart."""
    machine.until(JOURNAL, "gpio/bell is faulty: cannot claim GPIO 22: GPIO busy, held by 'sysfs'; stop what holds it, or use another pin")
    machine.sh("echo $(($(cat /sys/class/gpio/gpiochip*/base) + 22)) > /sys/class/gpio/unexport")
    machine.until(JOURNAL, "gpio/bell is ok", limit_s=240)


def test_a_button_reaches_the_broker(machine: Machine) -> None:
    """An edge on a line becomes a value of the button's twin, and so does its end."""
    machine.sh(f"echo pull-down > {GPIO}/sim_gpio17/pull")
    twin = f"grep gateway/twin/door {HEARD} | tail -n 1"
    machine.until(twin, '"pressed":{"value":true')
    machine.sh(f"echo pull-up > {GPIO}/sim_gpio17/pull")
    machine.until(twin, '"pressed":{"value":false')
    assert [body["values"]["pressed"]["value"] for body in heard(machine, "gateway/twin/door")] == [False, True, False]


def test_a_command_switches_a_relay(machine: Machine) -> None:
    """What is published under the gateway's own topics moves the line."""
    machine.sh("mosquitto_pub -h localhost -q 1 -t gateway/tell/gpio/siren/switch -m '{\"on\": true}'")
    machine.until(f"cat {GPIO}/sim_gpio23/value", "0")


def test_an_adapter_is_pulled_out_and_comes_back_under_another_number(machine: Machine) -> None:
    """Pulled out in a read it is missing within a second; plugged in again it is opened by its stable name, without a restart."""
    before = machine.sh("systemctl show --property=MainPID --value gateway")
    with meter_on_socket(machine.plug_adapter(SERIAL)) as meter:
        machine.until(JOURNAL, f"serial/meters is ok: {BY_ID} is open", limit_s=240)
        meter.until_acknowledged(meter.send(5))
        assert machine.sh(f"readlink -f {BY_ID}") == "/dev/ttyUSB0\n"
        machine.unplug_adapter()
        machine.until(JOURNAL, f"serial/meters is missing: {BY_ID} was unplugged")
    assert noticed_after_s(machine) < 1.0

    with meter_on_socket(machine.plug_adapter("ANOTHER", "another")):
        machine.until("ls /dev/serial/by-id", "ANOTHER")
        with meter_on_socket(machine.plug_adapter(SERIAL)) as again:
            machine.until(f"readlink -f {BY_ID}", "/dev/ttyUSB1")
            machine.until(f"{JOURNAL} | tail -n 1", f"serial/meters is ok: {BY_ID} is open", limit_s=240)
            again.skip(5)
            again.until_acknowledged(again.send(5))
            until_heard(machine, "boiler", set(range(1, 11)))
    assert machine.sh("systemctl show --property=MainPID --value gateway") == before


def noticed_after_s(machine: Machine) -> float:
    """How long after the kernel's word that the adapter is gone the gateway said so."""
    lines = machine.sh("journalctl --output=json --no-pager --boot | grep -E 'USB disconnect|was unplugged'").splitlines()
    at_us = [int(json.loads(line)["__MONOTONIC_TIMESTAMP"]) for line in lines]
    return (at_us[1] - at_us[0]) / 1e6


def test_a_stop_leaves_outputs_as_they_are_told(machine: Machine) -> None:
    """At the stop the lamp goes off, as on_stop says, and the siren too, which is a high line. (gpio-sim forgets what a freed line had.)"""
    machine.sh("systemctl stop gateway")
    assert (writes(machine, 27), writes(machine, 23)) == (["1", "0"], ["1", "0", "1"])
