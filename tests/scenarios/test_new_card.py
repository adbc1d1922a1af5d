"""The card dies: what the chapter has the reader set up before, and type afterwards, on a card that has nothing."""

import json
import shutil
from pathlib import Path

from gateway.config import read
from tests.daemons import DaemonProcess
from tests.guide import blocks, chapter
from tests.scenarios.keyboard import Keyboard

CHAPTER = chapter("When the card dies")
BEFORE, AFTER = blocks(CHAPTER, "sh")
(ALARM,) = blocks(CHAPTER, "toml")
SYSTEMCTL = 'echo "$1" >> {folder}/systemctl'


class Pi:
    """A Pi with a card at `card` and a stick: where the chapter names a place of the host, it is one below them."""

    def __init__(self, folder: Path) -> None:
        self.card, self.stick = folder / "card", folder / "stick"
        self.stick.mkdir()
        (self.card / "etc/cron.daily").mkdir(parents=True)
        (self.card / "etc/gateway").mkdir()
        self.folder = folder
        self.keyboard = Keyboard(folder / "bin")
        self.keyboard.has("sudo", 'exec "$@"')
        self.keyboard.has("mountpoint", f'test -d {self.stick} && test "$*" = "--quiet {self.stick}"')
        self.keyboard.has("systemctl", SYSTEMCTL.format(folder=folder))

    def types(self, lines: str) -> str:
        """Type lines of the chapter, which must succeed; what they said."""
        here = lines.replace("/media/usb", str(self.stick)).replace("/etc/", f"{self.card}/etc/")
        done = self.keyboard.types(f"set -e\n{here}")
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def dies(self) -> None:
        """The card, with all that is on it; a new one has the system, and a gateway that is installed."""
        shutil.rmtree(self.card)
        (self.card / "etc/gateway").mkdir(parents=True)
        (self.card / "etc/gateway/gateway.toml").write_text("")


def test_it_goes_on_as_in_that_night(tmp_path: Path) -> None:
    """Killed, the card with its store and its file gone: with the stick alone all that it knew is there again."""
    pi = Pi(tmp_path)
    there = pi.card / "etc/gateway"
    with DaemonProcess(there, ALARM) as daemon:
        daemon.until_listening()
        pi.keyboard.has_gateway(daemon.config)
        assert daemon.gateway("ask", "collection/parts", "add", "key=a-17", "value=shelf/3").returncode == 0
        assert "done" in pi.types(BEFORE)
        assert daemon.gateway("ask", "collection/parts", "add", "key=b-4", "value=lost").returncode == 0
        daemon.kill()
        pi.dies()
        assert str(daemon.store) in pi.types(AFTER.replace("sudo gateway show\n", ""))
        assert (tmp_path / "systemctl").read_text() == "stop\nstart\n"
        daemon.again()
        daemon.until_listening()
        parts = daemon.gateway("ask", "collection/parts", "list").stdout
        assert "shelf/3" in parts
        assert "lost" not in parts
        assert "a-17" in parts
        assert pi.types("sudo gateway show twin/backup")
        assert daemon.stop() == 0


def test_a_stick_that_is_pulled_out(tmp_path: Path) -> None:
    """The script ends with a failure, writes nothing to the card, and does not say that it is done."""
    pi = Pi(tmp_path)
    with DaemonProcess(pi.card / "etc/gateway", ALARM) as daemon:
        daemon.until_listening()
        pi.keyboard.has_gateway(daemon.config)
        pi.stick.rmdir()
        script = BEFORE.split("sudo /etc/cron.daily")[0]
        pi.types(script)
        assert pi.keyboard.types(f"{pi.card}/etc/cron.daily/gateway-backup").returncode != 0
        assert not pi.stick.exists()
        assert json.loads(daemon.gateway("ask", "twin/backup", "read", "--json").stdout)["values"] == {}
        assert daemon.stop() == 0


def test_the_alarm_is_one(tmp_path: Path) -> None:
    """The block of the chapter has no problem."""
    (tmp_path / "gateway.toml").write_text(ALARM)
    assert read(tmp_path / "gateway.toml")
