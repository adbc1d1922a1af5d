"""Names of ports: stable ones are found, ambiguous ones refused, two of one device known."""

import os
from pathlib import Path

import pytest

from devices.serial.discovery import find_ports
from devices.serial.names import PortAmbiguous, PortMissing, find_port, meaning
from devices.serial.simulated_line import SimulatedLine


def test_part_of_a_name(line: SimulatedLine, tmp_path: Path):
    """A part of a by-id name stands for the one port whose name holds it."""
    assert find_port("simul", serial=tmp_path / "serial") == line.path


def test_part_of_no_name(tmp_path: Path):
    """A part that no name holds is a missing port."""
    with pytest.raises(PortMissing) as caught:
        find_port("FTDI", serial=tmp_path)
    assert str(caught.value) == f"cannot open port 'FTDI': no name in {tmp_path}/by-id holds it; plug it in, or see `gateway ports`"


def test_part_of_two_names(line: SimulatedLine, tmp_path: Path):
    """A part that two names hold is refused, and both are listed."""
    with SimulatedLine(tmp_path / "serial" / "by-id" / "usb-simulated-2"), pytest.raises(PortAmbiguous) as caught:
        find_port("usb", serial=tmp_path / "serial")
    assert str(caught.value) == "cannot open port 'usb': 2 names hold it; write more of one of them: usb-simulated, usb-simulated-2"


def test_dangling_link(tmp_path: Path):
    """A link whose device has gone is a missing port."""
    (tmp_path / "link").symlink_to(tmp_path / "gone")
    with pytest.raises(PortMissing):
        find_port(str(tmp_path / "link"))


def test_two_names_of_one_device_mean_the_same(line: SimulatedLine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Links lead to it, and a name that is written otherwise is the same; another terminal is not."""
    (tmp_path / "gps").symlink_to(line.path)
    monkeypatch.chdir(tmp_path)
    device = os.path.realpath(line.path)
    names = [line.path, device, str(tmp_path / "gps"), "./gps", device.replace("/dev/", "/dev/../dev/")]
    assert len({meaning(name) for name in names}) == 1
    with SimulatedLine() as other:
        assert meaning(other.path) != meaning(device)


@pytest.mark.parametrize(("one", "other"), [("/dev/none", "/dev/../dev/none"), ("none", "none"), ("/dev/no\0ne", "/dev/no\0ne")])
def test_names_of_devices_that_are_not_there(one: str, other: str):
    """They are told apart by their paths, and parts of names by themselves."""
    assert meaning(one) == meaning(other)
    assert meaning(one) != meaning(f"{other}-2")


def test_discovery(tmp_path: Path):
    """A port is listed with its stable names, and a number that the kernel reserves without hardware is not."""
    dev, tty = tmp_path / "dev", tmp_path / "tty"
    with SimulatedLine(dev / "ttyUSB0") as usb:
        for name, kind in (("ttyUSB0", None), ("ttyS0", "0"), ("ttyS1", "4"), ("tty1", None)):
            (tty / name).mkdir(parents=True)
            if name != "tty1":
                (tty / name / "device").mkdir()
            if kind:
                (tty / name / "type").write_text(f"{kind}\n")
        for folder in ("by-id", "by-path"):
            (tmp_path / "serial" / folder).mkdir(parents=True)
            (tmp_path / "serial" / folder / "usb-one").symlink_to(os.path.realpath(usb.path))
        (found,) = find_ports(dev=dev, tty=tty, serial=tmp_path / "serial")
    assert found[:3] == (str(dev / "ttyUSB0"), (f"{tmp_path}/serial/by-id/usb-one",), (f"{tmp_path}/serial/by-path/usb-one",))
    assert (found.readable, found.held_by) == (True, ())


def test_discovery_on_this_host():
    """Listing the ports of a real host raises nothing."""
    assert all(found.device.startswith("/dev/") for found in find_ports())
