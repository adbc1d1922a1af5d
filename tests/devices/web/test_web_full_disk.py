"""A disk that is full, and programs that post: they are told to come again, and nothing is answered with a yes that is not on disk."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.devices.web.served import Said, WebGateway
from tests.disks import fill, small_disk

SCALES = '[web.in.scales]\nto = "twin/{device}"\nvalues = { weight_kg = { from = "g", scale = 0.001 } }\n'
FULL = "nothing is taken in: the disk is full"


@pytest.fixture
def gateway(tmp_path: Path) -> Iterator[WebGateway]:
    """A gateway whose store is on a file system of 12 MiB, `disk` beside its file."""
    with small_disk(tmp_path, mib=12) as disk:
        daemon = WebGateway(tmp_path, SCALES)
        daemon.config.write_text(daemon.config.read_text().replace(str(daemon.store), str(disk / "gateway.db")))
        daemon.store = disk / "gateway.db"
        with daemon:
            yield daemon


def _until_full(gateway: WebGateway) -> Path:
    """Leave no byte on the disk, however often SQLite gives some back; return the file that takes them."""
    hog = gateway.store.parent / "hog"

    def full() -> bool:
        fill(hog)
        gateway.ask(do="tell", to="twin/any", verb="report", payload={"values": {"a": 1}}, timeout_s=0.1)  # a commit notices
        return FULL in gateway.ask(do="health")["problems"]

    gateway.until(full)
    return hog


def _post(gateway: WebGateway, device: str, **headers: str) -> Said:
    return gateway.call("POST", "/api/in/scales", raw=b'{"device": "%s", "g": 512}' % device.encode(), **headers)


def _told(said: Said) -> str:
    """The sentence of a no that says when to come again."""
    assert said.status == 503, said.body
    assert said.headers["Retry-After"] == "1"
    return str(said.json["detail"])


def test_a_full_disk_takes_nothing_in_and_goes_on_with_room(gateway: WebGateway) -> None:
    """Ingest, tell and ask are answered 503 in words; what was said yes to is there after a kill, and what was said no to is not."""
    assert _post(gateway, "before").status == 202
    hog = _until_full(gateway)
    assert "the disk is full" in _told(_post(gateway, "meanwhile", Idempotency_Key="7"))
    assert "the disk is full" in _told(gateway.post("/api/actors/toggle/hall/set/tell", {"on": True}))
    assert "the disk is full" in _told(gateway.post("/api/actors/toggle/hall/set", {"on": True}))
    assert gateway.get("/api/actors/twin/before")["state"]["count"] == 1  # to look needs no room
    hog.unlink()
    gateway.until(lambda: _post(gateway, "meanwhile", Idempotency_Key="7").status == 202)
    assert gateway.post("/api/actors/toggle/hall/set", {"on": True}).status == 200
    gateway.kill()
    gateway.again()
    gateway.until(lambda: "listening at" in gateway.said())
    assert gateway.get("/api/actors/twin/before")["state"]["count"] == 1
    assert gateway.get("/api/actors/twin/meanwhile")["state"]["count"] == 1
    assert gateway.get("/api/actors/toggle/hall")["state"]["on"] is True


def test_each_yes_is_on_disk_however_often_the_disk_is_full(gateway: WebGateway) -> None:
    """Room comes and goes while a program posts; each of its readings is in the twin once, or was refused; a kill changes nothing."""
    yes = sent = 0
    for _ in range(3):
        hog = _until_full(gateway)
        refused = _post(gateway, "kitchen", Idempotency_Key=f"k{sent}")
        _told(refused)
        hog.unlink()
        for _ in range(20):
            gateway.until(lambda key=f"k{sent}": _post(gateway, "kitchen", Idempotency_Key=key).status == 202)
            sent, yes = sent + 1, yes + 1
    gateway.kill()
    gateway.again()
    gateway.until(lambda: "listening at" in gateway.said())
    assert gateway.get("/api/actors/twin/kitchen")["state"]["count"] == yes
