"""What a web server takes in memory: beside the same gateway without one, each started as the unit starts it."""

from pathlib import Path

from tests.daemons import DaemonProcess
from tests.devices.web.served import WebGateway

GPS = '[serial.gps]\ncodec = "nmea"\nto = "trip/van"\nsimulate = true\n'
OWN_KB, MAPPED_KB = 9_700, 5 * 1024
"""What may be its own, a tenth more than it is: speed.md says of what; and of files that are mapped, OpenSSL's libraries above all, which
asyncio and uvicorn load."""


def _held_kb(pid: int) -> tuple[int, int]:
    """The memory of a process that is its own, and that of mapped files, in kB. Source: proc(5), /proc/pid/status."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    found = {line.split(":")[0]: int(line.split()[1]) for line in lines if line.startswith("Rss")}
    return found["RssAnon"], found["RssFile"]


def test_a_web_server_takes_no_more_than_is_said(tmp_path: Path) -> None:
    """In its second life, when all is compiled; a request has been answered, so that all of it is there."""
    environ = {"PYTHONPYCACHEPREFIX": str(tmp_path / "compiled"), "PYTHONDONTWRITEBYTECODE": "", "MALLOC_ARENA_MAX": "1"}
    (tmp_path / "with").mkdir()
    (tmp_path / "without").mkdir()
    with WebGateway(tmp_path / "with", GPS, python=["-OO"], environ=environ) as gateway:
        gateway.until(lambda: gateway.call("GET", "/api/actors/trip/van").status == 200)
        assert gateway.stop() == 0
        gateway.again()
        gateway.until(lambda: "listening at" in gateway.said())
        gateway.until(lambda: gateway.call("GET", "/api/actors/trip/van").status == 200)
        own_kb, mapped_kb = _held_kb(gateway.pid)
    with DaemonProcess(tmp_path / "without", GPS, python=["-OO"], environ=environ) as plain:
        plain.until(lambda: plain.ask(do="show", id="trip/van")["ok"])
        assert plain.stop() == 0
        plain.again()
        plain.until(lambda: plain.ask(do="show", id="trip/van")["ok"])
        plain_own_kb, plain_mapped_kb = _held_kb(plain.pid)
    assert own_kb - plain_own_kb < OWN_KB
    assert mapped_kb - plain_mapped_kb < MAPPED_KB
