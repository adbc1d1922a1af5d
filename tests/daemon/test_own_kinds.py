"""Actors of one's own from a folder, in a running gateway: with no section, over a reload, and when they are broken."""

from pathlib import Path

from tests.daemons import DaemonProcess, ServiceSide

DEPOT = """
from gateway.actors import Actor, Payload, Stage, State, verb

class Amount(Payload):
    units: int = 1

class Shelf(State):
    units: int = 0

class Depot(Actor[Shelf]):
    @verb
    def add(self, amount: Amount, stage: Stage[Shelf]) -> None:
        stage.state = stage.state.changed(units=stage.state.units + amount.units)
        stage.reply(stage.state)
"""
SIREN = """
import pathlib
from gateway.actors import Delivery, Health, HostBound, Settings, Start, verb

class SirenSettings(Settings):
    word: str = "woo"

class Siren(HostBound):
    settings_model = SirenSettings

    def __init__(self, key: str, settings: SirenSettings) -> None:
        self.settings = settings

    def started(self, start: Start) -> None:
        self.host.report(Health.OK, self.settings.word)

    @verb
    def sound(self, delivery: Delivery) -> None:
        delivery.done({"said": self.settings.word})
"""


def test_they_are_there_without_a_section_and_stay_over_a_bad_reload(tmp_path: Path) -> None:
    """A broken file leaves what runs as it is; one that is mended otherwise needs a restart, and says so."""
    actors = tmp_path / "actors"
    actors.mkdir()
    (actors / "depot.py").write_text(DEPOT)
    (actors / "siren.py").write_text(SIREN)
    with (
        ServiceSide(tmp_path) as systemd,
        DaemonProcess(tmp_path, "[siren.yard]\n", environ={"NOTIFY_SOCKET": str(systemd.path)}) as daemon,
    ):
        daemon.until_listening()
        assert daemon.gateway("ask", "depot/north", "add", "units=2").stdout == "units  2\n"
        assert daemon.gateway("ask", "siren/yard", "sound").stdout == "said  woo\n"

        (actors / "depot.py").write_text(DEPOT + "\n1 / 0\n")
        _reload(daemon, systemd, "not reloaded, 1 problem in")
        assert f"{actors}/depot.py:16: its import ends in ZeroDivisionError: division by zero" in daemon.said()
        assert daemon.gateway("check").returncode == 78
        assert daemon.gateway("ask", "depot/north", "add").stdout == "units  3\n"

        (actors / "depot.py").write_text(DEPOT.replace("+ amount.units", "- amount.units"))
        _reload(daemon, systemd, "needs a restart: siren/yard (new code), actors.depot (new code)")
        assert daemon.gateway("ask", "depot/north", "add").stdout == "units  4\n"

        (actors / "depot.py").write_text(DEPOT)
        daemon.write('[siren.yard]\nword = "wee"\n')
        daemon.signal(1)
        daemon.until(lambda: "reloaded: siren/yard" in daemon.said())
        assert daemon.gateway("ask", "siren/yard", "sound").stdout == "said  wee\n"
        assert daemon.stop() == 0


def test_a_broken_one_ends_the_start_with_78(tmp_path: Path) -> None:
    """With every other problem of the configuration."""
    (tmp_path / "actors").mkdir()
    (tmp_path / "actors" / "depot.py").write_text("def (:\n")
    daemon = DaemonProcess(tmp_path, "[nonsense]\n[serial.gps]\nbuad = 1\n").start()
    assert daemon.wait() == 78
    assert f"{tmp_path}/actors/depot.py:1: no Python: invalid syntax; mend this line" in daemon.said()
    assert "did you mean 'baud'?" in daemon.said()


def _reload(daemon: DaemonProcess, systemd: ServiceSide, words: str) -> None:
    daemon.signal(1)
    systemd.until(words)
