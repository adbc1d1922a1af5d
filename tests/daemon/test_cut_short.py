"""A daemon whose start is cut short, by systemd's patience or by a power cut, while it takes over what can be read of its store."""

from pathlib import Path

from gateway.store.sqlite import SqliteStore
from tests.daemons import DaemonProcess, ServiceSide
from tests.stores import ROWS, corrupt


def test_systemd_hears_that_it_goes_on_and_a_kill_loses_nothing(tmp_path: Path) -> None:
    """Killed as soon as it says so; the next start has what can be read, and is not well in that life, but in the next."""
    with ServiceSide(tmp_path) as systemd, DaemonProcess(tmp_path, environ={"NOTIFY_SOCKET": str(systemd.path)}) as daemon:
        assert daemon.stop() == 0
        corrupt(daemon.store, page=25)
        daemon.start()
        assert systemd.until("EXTEND_TIMEOUT_USEC=") == "EXTEND_TIMEOUT_USEC=120000000"
        daemon.kill()
        daemon.again()
        daemon.until_listening()
        [problem] = [text for text in daemon.ask(do="health")["problems"] if "corrupt" in text]
        assert problem.endswith("pages that cannot be read: 1 of messages")
        assert daemon.stop() == 0
        store = SqliteStore(daemon.store)
        [box] = [box for box in store.boxes() if box.box == "mqtt/main"]
        store.close()
        assert ROWS - 200 < box.count < ROWS
        daemon.again()
        daemon.until_listening()
        assert not [text for text in daemon.ask(do="health")["problems"] if "corrupt" in text]
        assert daemon.stop() == 0
