"""The store under its own load, and the power cut: at ten moments as it is, at a hundred more with any writes since the last flush missing.

The load is a meter whose lines are acknowledged, first without a broker, then with one: mail piles up, and is taken. Each disk is
mounted here, and the store in it opened as the gateway opens it.
"""

import json
import os
import random
import shutil
from pathlib import Path
from typing import NamedTuple

import pytest

from gateway.actors.errors import StoreFailed
from gateway.config import StoreSettings
from gateway.runtime.mail import read_header
from gateway.service.opening import open_store
from gateway.store.sqlite import SqliteStore
from tests.disks import NotMounted, mounted
from tests.system.conftest import Timed, unpack
from tests.system.lab.logged_disk import LoggedDisk
from tests.system.lab.machine import Machine
from tests.system.meter import IS_OPEN, JOURNAL, METERS, Meter, meter_on_socket

pytestmark = pytest.mark.vm

CUTS = 10
STATES = int(os.environ.get("CRASH_STATES", "100"))
SEED = int(os.environ.get("CRASH_SEED", "1"))
"""Of the moments, and of what is missing. A longer run sets both in the environment."""
CONTROLS = 10
AHEAD = 40
"""How many lines the meter says before the first of them is acknowledged."""
FILE = f"{METERS}[store]\nballast_mb = 0\n"


class Acknowledged(NamedTuple):
    """What the meter knew at one moment."""

    logged: int
    """Bytes of the disk's log by then: any state that holds so much of it must hold these numbers."""
    numbers: frozenset[int]


class Load:
    """A machine whose gateway has its store on a logged disk, and a meter that talks to it."""

    def __init__(self, folder: Path, disk: LoggedDisk, machine: Machine, meter: Meter) -> None:
        self._folder = folder
        self._disk = disk
        self._machine = machine
        self._meter = meter
        self._said = 0
        self.known = [Acknowledged(0, frozenset())]
        self.cuts: list[tuple[Path, frozenset[int]]] = []

    def begin(self) -> None:
        """Start the gateway, with no broker there."""
        self._disk.plug_into(self._machine)
        self._machine.sh("systemctl stop mosquitto; mkdir -p /var/lib/gateway && mount /dev/vdb /var/lib/gateway")
        self._machine.put(FILE, "/etc/gateway/gateway.toml")
        self._machine.sh("systemctl start gateway", limit_s=240)
        self._machine.until(JOURNAL, IS_OPEN, limit_s=240)

    def live(self, lines: int) -> None:
        """Until so many more lines are acknowledged."""
        enough = len(self._meter.acknowledged) + lines
        self._meter.run(lambda: self._turn() >= enough, limit_s=120)

    def cut(self, *, last: bool = False) -> None:
        """Keep the disk as a power cut leaves it now, and what the meter knows by then; at the last cut the machine ends."""
        image = self._folder / f"cut{len(self.cuts)}.img"
        if last:
            self._machine.cut()
            self._meter.listen_on()
            shutil.copyfile(self._disk.image, image)
        else:
            with self._machine.held():
                self._meter.listen_on()
                shutil.copyfile(self._disk.image, image)
        self.cuts.append((image, frozenset(self._meter.acknowledged)))

    def _turn(self) -> int:
        """Say what may be said now; note what is known, and only then how much of the log there is."""
        if self._said - len(self._meter.acknowledged) < AHEAD:
            self._meter.send(AHEAD)
            self._said += AHEAD
        acknowledged = self._meter.acknowledged
        if len(acknowledged) > len(self.known[-1].numbers):
            numbers = frozenset(acknowledged)
            self.known.append(Acknowledged(self._disk.logged, numbers))
        return len(acknowledged)


def wrong_with(image: Path, folder: Path, acknowledged: frozenset[int]) -> str:
    """What is wrong with a disk, or with the store on it, after a power cut; empty where nothing is."""
    try:
        with mounted(image, folder / "mounted") as disk:
            return _wrong_on(disk / "gateway.db", acknowledged)
    except OSError as error:
        return str(error)


def _wrong_on(path: Path, acknowledged: frozenset[int]) -> str:
    """The same of a store."""
    if not path.exists():
        return "there is no store" if acknowledged else ""
    try:
        store, fault = open_store(StoreSettings(path=path, ballast_mb=0), simulated=False)
    except StoreFailed as error:
        return str(error)
    try:
        return fault or _wrong_within(store, acknowledged)
    except StoreFailed as error:
        return str(error)
    finally:
        store.close()


def _wrong_within(store: SqliteStore, acknowledged: frozenset[int]) -> str:
    """The ids say which lines came in, the twin's state how many were counted, the mail that waits which counts were not yet published."""
    numbers = [int(row.id.partition("\x1f")[0]) for row in store.seen() if row.source == "serial/meters#twin/boiler"]
    state = store.load("twin/boiler")
    count = json.loads(state.state)["count"] if state else 0
    bodies = [json.loads(json.loads(read_header(row.message)[1])["body"]) for row in store.mail("mqtt/main", 0, 100_000)]
    counts = [body["count"] for body in bodies if body.get("values")]
    if missing := acknowledged - set(numbers):
        return f"acknowledged and missing: {sorted(missing)[:10]}"
    if not len(set(numbers)) == len(numbers) == count:
        return f"{len(numbers)} lines came in, {len(set(numbers))} of them different, and {count} were counted"
    if counts != list(range(count - len(counts) + 1, count + 1)):
        return f"{count} were counted, and the mail says {counts[:5]}...{counts[-5:]}"
    return ""


@pytest.fixture(scope="module")
def load(installed: Path, machine_lab: None, tmp_path_factory: pytest.TempPathFactory) -> tuple[Load, LoggedDisk]:
    """One run of the machine, with all its cuts."""
    folder, rng = tmp_path_factory.mktemp("reordered"), random.Random(SEED)
    disk = LoggedDisk(folder)
    try:
        with mounted(disk.blank, folder / "mounted"):
            pass
    except NotMounted as error:
        pytest.skip(f"cannot mount a file here: {error}")
    with Timed("ten power cuts, and a log of all writes"), Machine(installed) as machine, meter_on_socket(machine.second_port()) as meter:
        unpack(machine)
        load = Load(folder, disk, machine, meter)
        load.begin()
        for number in range(1, CUTS + 1):
            load.live(rng.randint(20, 200))
            load.cut(last=number == CUTS)
            if number == CUTS // 2:
                machine.sh("systemctl start --no-block mosquitto")
    return load, disk


def test_ten_power_cuts_under_load(load: tuple[Load, LoggedDisk], tmp_path: Path) -> None:
    """What was acknowledged is there, counted once; the store is not set aside."""
    for image, acknowledged in load[0].cuts:
        assert wrong_with(image, tmp_path, acknowledged) == ""
    assert len(load[0].cuts[-1][1]) > CUTS


def test_a_hundred_states_with_writes_missing(load: tuple[Load, LoggedDisk], tmp_path: Path) -> None:
    """The same at moments of all the run, though any part of what was written since the last flush is missing."""
    assert _all_wrong(*load, tmp_path, STATES) == []


def test_a_disk_that_lies_is_seen(load: tuple[Load, LoggedDisk], tmp_path: Path) -> None:
    """The control: were flushes in vain, acknowledged lines would be missing, and these tests would say so."""
    assert _all_wrong(*load, tmp_path, CONTROLS, flushed=False) != []


def _all_wrong(load: Load, disk: LoggedDisk, folder: Path, count: int, *, flushed: bool = True) -> list[str]:
    """What is wrong with so many states of the disk, from the first acknowledged line on."""
    rng, writes = random.Random(SEED), disk.writes()
    first = next(index for index, write in enumerate(writes, 1) if write.end >= load.known[1].logged)
    moments = sorted(rng.choices(range(first, len(writes) + 1), k=count))
    found, image = [], folder / "state.img"
    for moment, (write, state) in zip(moments, disk.states(writes, moments, rng, flushed=flushed), strict=True):
        image.write_bytes(state)
        acknowledged = next(known.numbers for known in reversed(load.known) if known.logged <= write.end)
        if wrong := wrong_with(image, folder, acknowledged):
            found.append(f"after write {moment} of {len(writes)}: {wrong}")
    return found
