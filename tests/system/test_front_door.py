"""The front door: the chapter for a Pi, and its two commands, as an ordinary user runs them, line by line as they are printed.

On Debian 13, from a clone of what is committed. Without a network: packages are there already, and pip's files are in a folder.
"""

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.guide import blocks, chapter
from tests.system.conftest import Timed
from tests.system.lab.container import Container
from tests.system.lab.places import build, why_no_container
from tests.system.lab.shell import Done
from tests.system.lab.wheelhouse import PROJECT, fill_test_wheelhouse

pytestmark = pytest.mark.container

LIMIT_S = 500
PASSWORD = "correct horse"
ANSWERS = {"mosquitto_passwd": f"{PASSWORD}\n{PASSWORD}\n"}
"""What is typed where a command asks."""
LGPIO = "Package: python3-lgpio\nVersion: 0.2\nArchitecture: all\nMaintainer: nobody\nDescription: stands in for Raspberry Pi OS's own\n"
NOT_WELL = "gateway show"
"""Ends with 1 while something is not well: the broker may not be reached yet."""


class Newcomer:
    """An ordinary user who may use sudo, with a clone, on a host that never heard of the gateway."""

    def __init__(self, host: Container, folder: Path) -> None:
        self.host = host
        self.home = "gateway"
        self._folder = folder
        (folder / "typed").mkdir()
        host.sh("useradd --create-home --shell /bin/bash pi && echo 'pi ALL=(ALL) NOPASSWD: ALL' > /etc/sudoers.d/pi")
        host.put("[global]\nno-index = true\nfind-links = /src/wheels\n", "/etc/pip.conf")
        host.put('#!/bin/sh\ncat "/src/typed/${1##*/}" > "$1"\n', "/usr/local/bin/nano", mode="755")
        host.sh("mkdir -p /tmp/lgpio/DEBIAN")
        host.put(LGPIO, "/tmp/lgpio/DEBIAN/control")
        host.sh("dpkg-deb --build /tmp/lgpio /tmp/lgpio.deb && dpkg --install /tmp/lgpio.deb")
        host.sh("git config --system --add safe.directory '*' && systemctl start mosquitto")
        host.sh("su --login pi --command 'git clone --quiet /src/project.git gateway'")

    def types(self, text: str, path: str) -> None:
        """Have the editor put this text into a file, when it is called for it."""
        (self._folder / "typed" / Path(path).name).write_text(text)

    def tries(self, line: str) -> Done:
        """Run a line in the clone, with a terminal where it asks for something."""
        answer = next((text for command, text in ANSWERS.items() if command in line), "")
        self.host.put(f"cd ~/{self.home} && {line}\n", "/tmp/line")
        run = "script --quiet --return --command 'bash /tmp/line' /dev/null" if answer else "bash /tmp/line"
        return self.host.try_sh(f'su --login pi --command "{run}"', stdin=answer.encode(), limit_s=LIMIT_S)

    def runs(self, line: str) -> str:
        """Run a line that must succeed; what it said."""
        done = self.tries(line)
        assert done.code == 0 or (done.code == 1 and NOT_WELL in line), f"{line!r} ended with {done.code}: {done.out}{done.err}"
        return done.out + done.err


@pytest.fixture(scope="module")
def newcomer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Newcomer]:
    """One host for all of these tests, in their order."""
    if reason := why_no_container():
        pytest.skip(f"cannot have a container: {reason}")
    if not (PROJECT / ".git").exists():
        pytest.skip("cannot clone the project: it is no checkout of git")
    folder = tmp_path_factory.mktemp("share")
    folder.chmod(0o755)  # a user of the guest clones from it
    with Timed("the lab's Debian 13 for README"):
        build("trixie")
        subprocess.run(["cp", "-R", str(fill_test_wheelhouse()), str(folder / "wheels")], check=True)
        subprocess.run(["git", "clone", "--quiet", "--bare", "--no-hardlinks", str(PROJECT), str(folder / "project.git")], check=True)
    with Container(folder, tree="trixie") as host:
        yield Newcomer(host, folder)


def test_the_chapter_for_a_pi(newcomer: Newcomer) -> None:
    """Each line of it does what the chapter says: installed, described, started, with a password, brought up to date, kept, taken off."""
    text = chapter("On your Pi")
    first, broker, told, update, backup, restoring, removal = (block.splitlines() for block in blocks(text, "sh"))
    described = f"{blocks(text, 'toml')[0]}\n[gateway]\nsimulate = true\n"
    newcomer.types(described, "/etc/gateway/gateway.toml")
    said = {line: newcomer.runs(line) for line in first}
    assert "installed. Next:" in said["sudo make install"]
    assert said["gateway check"].startswith("fine, simulated: 5 devices, ")
    newcomer.host.until("gateway show", ": well; ")
    assert "pi" in newcomer.runs("sudo usermod --append --groups gateway $USER; getent group gateway")
    newcomer.runs("gateway ask gpio/lamp switch on=true && gateway show gpio/lamp")
    assert newcomer.tries("mosquitto_pub -t a -m b").code == 0

    newcomer.types(f"{PASSWORD}\n", "/etc/gateway/mqtt_password")
    newcomer.types(_with_password(described, text), "/etc/gateway/gateway.toml")
    for line in (*broker, *told):
        newcomer.runs(line)
    newcomer.host.until("gateway show", ": well; ")
    assert newcomer.tries("mosquitto_pub -t a -m b").code != 0
    assert newcomer.tries(f"mosquitto_pub -t a -m b -u gateway -P '{PASSWORD}'").code == 0
    assert "0.0.0.0:1883" in newcomer.runs("ss --listening --tcp --numeric")
    assert "connected to localhost:1883" in newcomer.runs("sudo journalctl --quiet -u gateway")

    before = newcomer.runs("systemctl show --property=MainPID gateway")
    assert "installed, and running" in [newcomer.runs(line) for line in update][-1]
    assert newcomer.runs("systemctl show --property=MainPID gateway") != before
    newcomer.runs("sudo mkdir --parents /media/usb")
    assert "read back and whole" in [newcomer.runs(line) for line in backup][-1]
    for line in restoring:
        newcomer.runs(line)
    newcomer.host.until("gateway show", ": well; ")

    for line in removal:
        newcomer.runs(line)
    left = newcomer.runs("ls -d /opt/gateway /usr/local/bin/gateway /etc/gateway /var/lib/gateway 2>/dev/null; true")
    assert left.split() == ["/etc/gateway", "/var/lib/gateway"]
    assert "nothing is left" in newcomer.runs("sudo make uninstall ARGS=--purge")


def _with_password(described: str, text: str) -> str:
    """The configuration with the two keys that the chapter names for a broker with a password."""
    keys = re.findall(r"`((?:username|password_file) = \"[^\"]+\")`", text)
    assert len(keys) == 2
    return described.replace('host = "localhost"\n', 'host = "localhost"\n' + "".join(f"{key}\n" for key in keys), 1)


def test_the_demo(newcomer: Newcomer) -> None:
    """README's first command; told to end by itself, it says that nothing is missing."""
    (command,) = blocks(chapter("See it work"), "sh")
    assert "nothing is missing, nothing is double" in newcomer.runs(f"{command.strip()} ARGS='--seconds 5 --quiet'")


def test_the_tests(newcomer: Newcomer) -> None:
    """README's second command, with one file of tests for all of them; behind style, types and walls."""
    (command,) = blocks(chapter("Tests"), "sh")
    said = newcomer.runs(f"{command.strip()} ARGS=tests/actors/test_ids.py")
    assert "Success: no issues found" in said
    assert " 0 broken." in said
    assert re.search(r"\d+ passed in ", said)


def test_a_checkout_that_is_moved_goes_on(newcomer: Newcomer) -> None:
    """What is in its .venv is of another place: it is made anew, and that is said."""
    newcomer.host.sh("mv /home/pi/gateway '/home/pi/my gateway'")
    newcomer.home = "my\\ gateway"
    said = newcomer.runs("make demo ARGS='--seconds 5 --quiet'")
    assert "the .venv here is made anew, which takes a minute: it belongs to /home/pi/gateway/.venv\n" in said
    assert "nothing is missing, nothing is double" in said
