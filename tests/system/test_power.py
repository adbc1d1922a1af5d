"""The power is cut in the middle of a stream of acknowledged lines."""

from pathlib import Path

import pytest

from tests.system.broker_inside import start_broker, until_heard
from tests.system.conftest import Timed, unpack
from tests.system.lab.machine import Machine
from tests.system.meter import IS_OPEN, JOURNAL, METERS, meter_on_socket

pytestmark = pytest.mark.vm


def test_nothing_acknowledged_is_lost_with_the_power(installed: Path, machine_lab: None, tmp_path: Path) -> None:
    """The broker was away, the power is cut, the machine boots again: every line that was acknowledged is published."""
    disk = tmp_path / "disk.qcow2"
    with Timed("one power cut, and the boot after it"):
        with Machine(installed, disk=disk) as machine, meter_on_socket(machine.second_port()) as meter:
            unpack(machine)
            machine.put(METERS, "/etc/gateway/gateway.toml")
            start_broker(machine)  # it remembers the witness, who comes later than the gateway after the boot
            machine.sh("systemctl stop witness mosquitto; sync; systemctl start gateway", limit_s=240)
            machine.until(JOURNAL, IS_OPEN, limit_s=240)
            meter.send(2000)
            meter.run(lambda: len(meter.acknowledged) > 200)
            machine.cut()
            meter.listen_on()
            acknowledged = set(meter.acknowledged)
        assert 200 < len(acknowledged) < 2000

        with Machine(installed, disk=disk, resume=False) as machine:
            machine.until(JOURNAL, IS_OPEN, limit_s=240)
            assert "the last life did not end well: power cut: the host began anew before the gateway had ended" in machine.sh(JOURNAL)
            start_broker(machine)
            until_heard(machine, "boiler", acknowledged)
