"""The seven things to build, as the reader builds them: the block goes into the file, the device is there, and the lines are typed.

The gateway, the broker, the shell and the ports are real; what is at their other end says what the real device says.
"""

import contextlib
import json
import threading
import tomllib
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Self

import pytest

from devices.codecs.simulated_meters import telegram
from devices.serial.simulated_line import SimulatedLine
from gateway.testing.clock import PATIENCE_S
from tests.brokers import Mosquitto, Peer, find_program
from tests.daemons import DaemonProcess
from tests.devices.modbus.conftest import Cable, judge
from tests.devices.sensor.tree import Tree
from tests.guide import blocks, chapter
from tests.http_servers import serving
from tests.scenarios.keyboard import Keyboard
from tests.waiting import until

CHAPTER = chapter("Seven things to build")
SECTIONS = dict(part.split("\n", 1) for part in CHAPTER.split("\n### ")[1:])
"""What stands under each head."""


class Desk:
    """A reader at the Pi: the file of one recipe, and a shell in which `gateway` and the broker's programs are this test's."""

    def __init__(self, folder: Path, broker: Mosquitto, head: str) -> None:
        self.folder = folder
        self.broker = broker
        self._toml = "".join(blocks(SECTIONS[head], "toml"))
        self.lines = "".join(blocks(SECTIONS[head], "sh")).splitlines()
        self.keyboard = Keyboard(folder / "bin")

    def changes(self, what: str, to: str) -> None:
        """Write another thing in one place of the recipe: what is particular to a Pi, a port or an account."""
        assert self._toml.count(what) == 1, f"{what!r} stands {self._toml.count(what)} times in the recipe"
        self._toml = self._toml.replace(what, to)

    @contextlib.contextmanager
    def running(self) -> Iterator[Self]:
        """The gateway runs with the recipe's block beside the broker's."""
        (broker,) = blocks(CHAPTER.split("\n### ")[0], "toml")
        found = f"{broker.replace('localhost', '127.0.0.1')}port = {self.broker.port}\n{self._toml}"
        with DaemonProcess(self.folder, found) as daemon:
            self.keyboard.has_gateway(daemon.config)
            self.keyboard.has("mosquitto_sub", f'exec {find_program("mosquitto_sub")} -p {self.broker.port} "$@"')
            assert daemon.gateway("check").returncode == 0, daemon.gateway("check").stdout
            daemon.until_listening()
            yield self
            assert daemon.stop() == 0

    def types(self, line: str, *words: str) -> str:
        """Type a line of the recipe again and again until it says all of the words: a device takes its time. What it said."""
        assert line in self.lines, f"{line!r} is no line of the recipe; it has {self.lines}"
        return str(until(lambda: self._said(line, words), said=lambda: f"{line!r} said {self._run(line)!r}, without all of {words}"))

    def _said(self, line: str, words: tuple[str, ...]) -> str:
        said = self._run(line)
        return said if all(word in said for word in words) else ""

    def _run(self, line: str) -> str:
        done = self.keyboard.types(line)
        return done.stdout + done.stderr


Sit = Callable[[str], Desk]


@pytest.fixture
def sit(tmp_path: Path) -> Iterator[Sit]:
    """Sit down with the recipe of a head, at a broker of one's own."""
    with Mosquitto(tmp_path) as broker:
        yield lambda head: Desk(tmp_path, broker, head)


@contextlib.contextmanager
def said_on(line: SimulatedLine, frame: Callable[[int], bytes]) -> Iterator[None]:
    """A device that says one frame after the other, ten a second."""
    ended = threading.Event()

    def speak() -> None:
        number = 0
        while not ended.wait(0.1):
            number += 1
            line.send(frame(number))

    thread = threading.Thread(target=speak, name="device")
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join(PATIENCE_S)


def sentence(words: str) -> bytes:
    """A sentence of NMEA with its checksum."""
    check = 0
    for byte in words.encode():
        check ^= byte
    return f"${words}*{check:02X}\r\n".encode()


def fix(number: int) -> bytes:
    """A second of a NEO-6M, which drives north."""
    at, latitude = f"1235{number % 60:02d}.00", f"48{7 + number * 0.001:08.5f}"
    rest = [f"GPGGA,{at},{latitude},N,01131.00000,E,1,08,0.9,545.4,M,46.9,M,,", "GPGSA,A,3,04,05,,09,12,,,24,,,,,2.5,1.3,2.1"]
    return b"".join(map(sentence, [f"GPRMC,{at},A,{latitude},N,01131.00000,E,12.4,0.0,230330,,,A", *rest]))


def test_a_gps(sit: Sit, tmp_path: Path) -> None:
    """What a NEO-6M says is where the van is, at the broker too."""
    desk = sit("A GPS")
    with SimulatedLine(tmp_path / "serial0") as line, said_on(line, fix):
        desk.changes("/dev/serial0", line.path)
        with desk.running():
            desk.types("gateway show serial/van", "ok")
            desk.types("gateway show trip/van", "48.1")
            position = json.loads(desk.types("mosquitto_sub -C 1 -t 'gateway/+/trip/van/position'", "latitude_deg"))
            assert (round(position["latitude_deg"], 1), round(position["longitude_deg"], 2)) == (48.1, 11.52)


def said_by_p1(number: int) -> bytes:
    """A telegram of a Dutch meter of version 5."""
    return telegram(number, at_ms=1_900_000_000_000 + 1000 * number) + b"\r\n"


def test_a_p1_meter(sit: Sit, tmp_path: Path) -> None:
    """A telegram of version 5 is a twin with the house's power and its energies."""
    desk = sit("A P1 meter")
    with SimulatedLine(tmp_path / "p1") as line, said_on(line, said_by_p1):
        desk.changes("/dev/ttyUSB0", line.path)
        with desk.running():
            desk.types("gateway show serial/mains", "ok")
            desk.types("gateway show twin/mains", "power_import_w", "energy_import_t1_kwh", "gas_m3")
            desk.types("mosquitto_sub -C 1 -t 'gateway/+/twin/mains'", "power_import_w")


def test_a_modbus_meter(sit: Sit, tmp_path: Path) -> None:
    """A unit on a line, here one that pymodbus serves, has the voltage and the current of its profile."""
    desk = sit("A Modbus meter")
    with judge("rtu") as port, SimulatedLine(tmp_path / "rs485") as line:
        cable = Cable(line, port)
        try:
            desk.changes("/dev/ttyUSB0", line.path)
            desk.changes("unit = 1\n", "unit = 7\n")
            with desk.running():
                desk.types("gateway show modbus/cabinet", "is open, 1 unit")
                desk.types("gateway show twin/heating", "voltage_v", "230.5", "current_a", "1.25")
                desk.types("mosquitto_sub -C 1 -t 'gateway/+/twin/heating'", "230.5")
        finally:
            cable.close()


def test_a_door_and_a_lamp(sit: Sit, tmp_path: Path) -> None:
    """The lamp is on while the door is open, and off when it is closed."""
    desk = sit("A door and a lamp")
    panel = f'simulate = {{ panel = "{tmp_path}/panel" }}'
    desk.changes("pin = 22\n", f"pin = 22\n{panel}\n")
    desk.changes("pin = 27\n", f"pin = 27\n{panel}\n")
    lamp, door = tmp_path / "panel/gpio27", tmp_path / "panel/gpio22.press"
    with desk.running():
        desk.types("gateway show twin/shed", "open")
        for word, on in (("off", "false"), ("on", "true"), ("off", "false")):
            with door.open("w") as fifo:
                fifo.write(f"{word}\n")
            desk.types("gateway ask gpio/shed_lamp read", on)
            assert until(lambda word=word: lamp.read_text() == f"{word}\n")
            desk.types("mosquitto_sub -C 1 -t 'gateway/+/gpio/shed_lamp'", on)


class _Phone(ThreadingHTTPServer):
    rings: list[tuple[str, str, str]]


class _Push(BaseHTTPRequestHandler):
    """Source: ntfy, Publishing: the topic in the path, title and priority in headers, the text as the body."""

    server: _Phone

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        assert self.headers["Priority"] == "high"
        self.server.rings.append((self.path, self.headers["Title"], body))
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:
        """Log nothing."""


@contextlib.contextmanager
def phone() -> Iterator[_Phone]:
    """A server that is to us what ntfy is."""
    with serving(_Phone(("127.0.0.1", 0), _Push)) as server:
        server.rings = []
        yield server


def test_a_freezer_that_calls_your_phone(sit: Sit, tmp_path: Path) -> None:
    """The drill rings; acknowledged, a freezer that really gets warm rings again."""
    desk = sit("A freezer that calls your phone")
    (tmp_path / "sys").mkdir()
    tree = Tree(tmp_path / "sys")
    thermometer = tree.thermometer("28-0316a2795bff", -19.5)
    with phone() as ntfy:
        desk.changes("https://ntfy.sh", f"http://127.0.0.1:{ntfy.server_port}")
        desk.changes('to = "twin/freezer"\n', f'to = "twin/freezer"\nsysfs = "{tree.root}"\nevery_s = 0.2\n')
        desk.changes("for_s = 600", "for_s = 0.1")
        with desk.running():
            desk.types("gateway show twin/freezer", "-19.5")
            desk.types("gateway ask alarm/freezer drill")
            (topic, title, text) = until(lambda: ntfy.rings)[0]
            assert topic == "/freezer-k3v9q2m7"
            assert "DRILL" in title + text
            desk.types("gateway ask alarm/freezer acknowledge by=ann")
            tree.measures(thermometer, -9.5)
            until(lambda: any("DRILL" not in title + text for _, title, text in ntfy.rings), said=lambda: ntfy.rings)
            desk.types("gateway show alarm/freezer", "active")


HEARD = (
    '{"time" : "2031-02-03 04:05:06", "model" : "Nexus-TH", "id" : 135, "channel" : 1, "battery_ok" : 1, "temperature_C" : -3.400, '
    '"humidity" : 91}',
    '{"time" : "2031-02-03 04:05:09", "model" : "Fineoffset-WHx080", "subtype" : 0, "id" : 28, "battery_ok" : 0, "temperature_C" : 7.1, '
    '"humidity" : 80, "wind_dir_deg" : 135, "wind_avg_km_h" : 4.896, "wind_max_km_h" : 9.792, "rain_mm" : 205.5, "mic" : "CRC"}',
)
"""What rtl_433 prints of a thermometer and of a weather station. Source: rtl_433, docs/DATA_FORMAT.md."""


def test_the_neighbourhoods_sensors(sit: Sit, tmp_path: Path) -> None:
    """Each station is a twin, with the names and units that its values have here."""
    desk = sit("The neighbourhood's sensors, by rtl_433")
    desk.keyboard.has("rtl_433", "".join(f"echo '{line}'\n" for line in HEARD) + "exec sleep 1000")
    desk.changes('"rtl_433"', f'"{tmp_path}/bin/rtl_433"')
    with desk.running():
        desk.types("gateway show exec/radio", "runs")
        desk.types("gateway show", "exec/radio")
        desk.types("gateway show twin/Nexus-TH-135", "temperature_c", "-3.4", "humidity_rh", "91")
        desk.types("mosquitto_sub -C 1 -t 'gateway/+/twin/Nexus-TH-135'", "temperature_c", "-3.4")


FRIDGE = {"battery": 91.5, "humidity": 48.21, "linkquality": 98, "pressure": 1003.4, "temperature": 4.37, "voltage": 2985}
DOOR = {"battery": 100, "contact": False, "device_temperature": 21, "linkquality": 131, "power_outage_count": 12, "voltage": 3015}
"""What zigbee2mqtt publishes of a WSDCGQ11LM and of an MCCGQ11LM. Source: zigbee2mqtt.io, supported devices, Exposes."""


def test_what_zigbee2mqtt_has(sit: Sit) -> None:
    """Each friendly name is a twin; a contact that is not made is an open door."""
    desk = sit("What zigbee2mqtt has")
    with desk.running(), Peer(desk.broker.port) as zigbee:
        desk.types("gateway show mqtt/main", "ok")
        for name, said in (("Fridge", FRIDGE), ("Back door", DOOR)):
            zigbee.publish(f"zigbee2mqtt/{name}", json.dumps(said))
        desk.types("gateway show twin/Fridge", "temperature_c", "4.37", "pressure_hpa", "1003.4")
        desk.types("gateway show twin/Back_door", "open", "true")
        desk.types("mosquitto_sub -C 1 -t 'gateway/+/twin/Back_door'", "open")


@pytest.mark.parametrize("head", SECTIONS)
def test_each_has_its_wiring_and_is_short(head: str) -> None:
    """The wires are drawn before the block, and the block is one that can be typed."""
    wiring, *_ = blocks(SECTIONS[head], "text")
    assert SECTIONS[head].index(wiring) < SECTIONS[head].index("```toml")
    block = "".join(blocks(SECTIONS[head], "toml"))
    tomllib.loads(block)
    assert len([line for line in block.splitlines() if line]) <= 20
