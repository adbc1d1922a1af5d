"""The doctor and what runs: a second gateway, a rival at the broker, a program that has the port, a disk without room, a secret nobody may
read. Each of them is real."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from devices.serial.holders import holders
from devices.thing import Thing
from gateway.cli.doctor.disk import look_at_disk
from gateway.cli.doctor.doctor import findings
from gateway.cli.doctor.finding import Finding, Level
from gateway.cli.doctor.others import RunningGateway, run_from
from gateway.config import read
from gateway.console.place import find
from tests.brokers import Mosquitto
from tests.cli.doctor.test_doctor import only
from tests.daemons import DaemonProcess
from tests.nobody import only_root, said_to_nobody

HOLD = "import os, sys; os.open(sys.argv[1], os.O_RDWR | os.O_NOCTTY); print('open', flush=True); sys.stdin.read()"


def found_by_doctor(config: Path) -> list[Finding]:
    """What the doctor says of this host with a file."""
    return list(findings(config, find(None, config, named=True)))


def test_two_gateways_that_want_one_port_are_found(tmp_path: Path) -> None:
    """Which process, from which file, and what both want; the gateway of the file itself is no other one."""
    text = '[serial.a]\nport = "/dev/none"\ncodec = "json"\nto = "twin/a"\n'
    (tmp_path / "one").mkdir()
    (tmp_path / "two").mkdir()
    with DaemonProcess(tmp_path / "one", text) as one:
        one.until_listening()
        assert not any(finding.about == "gateways" and str(one.config) in finding.text for finding in found_by_doctor(one.config))
        with DaemonProcess(tmp_path / "two", text) as two:
            two.until_listening()
            (found,) = [found for found in found_by_doctor(one.config) if found.about == "gateways" and str(two.config) in found.text]
            assert found.text == f"another gateway runs, process {two.pid} ({two.config}), and both want /dev/none"
            assert (found.level, found.mend) == (Level.WRONG, f"sudo kill {two.pid}, or stop its service")
            two.write("")
            (found,) = [found for found in found_by_doctor(one.config) if found.about == "gateways" and str(two.config) in found.text]
            assert found.level is Level.NOTE
            assert two.stop() == 0
        assert one.stop() == 0


def test_who_runs_from_a_file_is_known_by_whatever_path_it_names(tmp_path: Path) -> None:
    """A link leads to the same file; another file and one that this user may not see are others."""
    file, link, other = tmp_path / "gateway.toml", tmp_path / "link.toml", tmp_path / "other.toml"
    file.touch()
    other.touch()
    link.symlink_to(file)
    running = [RunningGateway(number, path) for number, path in enumerate((file, link, other, None), 7)]
    assert [one.pid for one in run_from(running, file)] == [7, 8]


def test_a_rival_at_the_broker_is_found(tmp_path: Path) -> None:
    """By the word of the gateway that runs, with the key that mends it."""
    with Mosquitto(tmp_path) as broker:
        text = f'[mqtt.main]\nhost = "127.0.0.1"\nport = {broker.port}\nclient_id = "twice"\nreconnect_min_s = 0.5\nreconnect_max_s = 2.0\n'
        (tmp_path / "one").mkdir()
        (tmp_path / "two").mkdir()
        with DaemonProcess(tmp_path / "one", text) as one, DaemonProcess(tmp_path / "two", text) as two:
            one.until_listening()

            def rival() -> list[Finding]:
                """What is found of it, while they throw each other out."""
                return [found for found in found_by_doctor(one.config) if "itself 'twice'" in found.text or "itself 'twice'" in found.mend]

            (found,) = one.until(rival)
            assert (found.level, found.about) == (Level.WRONG, "gateway")
            assert "give every gateway its own mqtt.main.client_id" in found.text + found.mend
            assert two.stop() == 0
            assert one.stop() == 0


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 20 MB."""
    folder = tmp_path / "card"
    folder.mkdir()
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=20m", "none", str(folder)], check=False, capture_output=True)
    if done.returncode:
        pytest.skip("this user may not mount")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def test_a_disk_that_is_nearly_full_is_found(small_disk: Path) -> None:
    """With what makes room."""
    found = only(look_at_disk(Path("/"), small_disk / "gateway.db", None), "disk")
    assert (found.level, found.text) == (Level.WRONG, f"21.0 MB of 21.0 MB are free where the store is ({small_disk})")
    assert "sudo journalctl --vacuum-size=50M" in found.mend


def test_a_program_that_has_the_port_is_found_though_it_is_python(tmp_path: Path) -> None:
    """Whatever runs it; here a script that has opened a serial line."""
    ours, theirs = os.openpty()
    port = os.ttyname(theirs)
    holder = subprocess.Popen([sys.executable, "-c", HOLD, port], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "open\n"
        config = tmp_path / "gateway.toml"
        config.write_text(f'[serial.a]\nport = "{port}"\ncodec = "json"\nto = "twin/a"\n')
        os.close(theirs)
        things = [Thing("serial", port, "", "", (), {"held_by": [str(one) for one in holders(port)]})]
        found = only(findings(config, find(None, config, named=True), things=lambda: things), "serial/a")
        assert found.level is Level.WRONG
        assert found.text.startswith(f"{port} is open in pid {holder.pid} (python")
        assert found.mend == f"sudo kill {holder.pid}, or stop its service"
    finally:
        holder.communicate("")
        os.close(ours)


@only_root
def test_a_secret_that_this_user_may_not_read_is_found(tmp_path: Path) -> None:
    """With the line that lets him."""
    secret = tmp_path / "password"
    secret.write_text("hunter2")
    secret.chmod(0o600)
    config = tmp_path / "gateway.toml"
    config.write_text(f'[mqtt.main]\nusername = "u"\npassword_file = "{secret}"\n')
    for folder in (config, *tmp_path.parents[:2], tmp_path):
        folder.chmod(0o755)
    found = said_to_nobody(lambda: {one.key_path: one.text for one in read(config, outside=True).outside}["mqtt.main.password_file"])
    assert found == f"this user may not read {secret}; sudo chown $USER {secret} && chmod u+r {secret}"
