"""The gateway as a service, under a real systemd: its start, reload, faults and end."""

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from gateway.registry import installed
from tests.system.broker_inside import numbers_heard, start_broker, until_heard
from tests.system.lab.container import Container
from tests.system.meter import Meter, meter_on_pty

pytestmark = pytest.mark.container

CONFIG = "/etc/gateway/gateway.toml"
FILE = """
[gateway]
name = "lab"
[serial.meters]
port = "/dev/ttyLAB0"
codec = "json"
to = "twin/{device}"
ack = "ok {id}"
[mqtt.main]
host = "localhost"
prefix = "gateway"
reconnect_max_s = 2.0
[gpio.door]
type = "button"
pin = 17
report_to = "twin/door"
"""
BAD_START = f"""
cannot start: 2 problems in {CONFIG}
  10:8   mqtt.main.hots: no such key; did you mean 'host'?
  15:7   gpio.door.pin: 99 is too large; write 27 or less
"""
HANGING = """
import threading
from gateway.actors import Actor, Stage, State, verb

class Hanging(Actor[State]):
    @verb
    def hang(self, stage: Stage[State]) -> None:
        threading.Event().wait()
"""
DROP_IN = "/etc/systemd/system/gateway.service.d/lab.conf"


class House(NamedTuple):
    """A host with the gateway, its broker, and a meter on its serial port."""

    host: Container
    meter: Meter


@pytest.fixture
def house(installed: Path) -> Iterator[House]:
    """Nothing is started yet but the broker."""
    with meter_on_pty() as (meter, port), Container(installed, binds=[f"{port}:/dev/ttyLAB0"]) as host:
        host.sh("tar -C / -xf /src/installed.tar && systemctl daemon-reload")
        host.put(FILE, CONFIG)
        start_broker(host)
        yield House(host, meter)


def shown(host: Container, name: str) -> str:
    """A property of the service."""
    return host.sh(f"systemctl show --property={name} --value gateway").strip()


def journal(host: Container) -> str:
    """What the service said."""
    return host.sh("journalctl --unit=gateway --output=cat --no-pager")


def test_ready_although_a_device_is_missing(house: House) -> None:
    """It is ready when configuration, store and actors are; what hardware is missing stands in STATUS, and in the journal with fields."""
    house.host.sh("systemctl start gateway")
    assert (shown(house.host, "ActiveState"), shown(house.host, "SubState")) == ("active", "running")
    house.host.until("systemctl show --property=StatusText --value gateway", "2 of 3 well; gpio/door is missing")
    assert "gateway.daemon" in house.host.sh("journalctl --unit=gateway --output=json --no-pager")
    assert shown(house.host, "User") == "gateway"


def test_from_the_serial_port_to_the_broker(house: House) -> None:
    """Each line that a meter sends is acknowledged, and published once, in order."""
    house.host.sh("systemctl start gateway")
    house.meter.until_acknowledged(house.meter.send(50))
    house.host.until("cat /var/tmp/heard", '"count":50')
    assert numbers_heard(house.host, "boiler") == list(range(1, 51))


def test_the_command_line_inside(house: House) -> None:
    """Root and members of the group gateway ask the running service; others are told how to become one."""
    host = house.host
    assert host.sh("/opt/gateway/bin/gateway check") == f"fine: 3 devices, {len(installed().ordinary.names)} kinds of actors in {CONFIG}\n"
    host.sh("systemctl start gateway")
    host.sh('/opt/gateway/bin/gateway tell twin/shed report \'{"values": {"t": 21.5}}\'')
    assert '"t"' in host.sh("/opt/gateway/bin/gateway ask twin/shed read --json").replace(" ", "")
    assert "twin/shed" in host.sh("/opt/gateway/bin/gateway show twin")
    host.sh("useradd ann && useradd --groups gateway ben")
    assert "twin/shed" in host.sh("runuser -u ben -- /opt/gateway/bin/gateway show twin")
    join = "only the group gateway may; join it (sudo usermod --append --groups gateway ann, then log in again), or use sudo"
    for words in (
        "show",
        "show twin/shed",
        "tell twin/shed forget",
        "ask twin/shed read",
        "tail",
        "explain twin/shed",
        "dead-letters",
        "resume twin/shed",
        "events",
        "reload",
    ):
        refused = host.try_sh(f"runuser -u ann -- /opt/gateway/bin/gateway {words}")
        assert (refused.code, refused.err) == (77, f"gateway: cannot ask the gateway at /run/gateway/gateway.sock: {join}\n")
    host.sh("usermod --append --groups gateway ann")
    early = host.try_sh("setpriv --reuid=ann --regid=ann --groups=ann -- /opt/gateway/bin/gateway show")
    assert "ann has come into the group gateway since this login began; log in again, or use sudo" in early.err


def test_the_command_line_says_how_the_service_stands(house: House) -> None:
    """Where nobody answers: stopped, failed or starting, and what to do; not a path that the service never had."""
    host = house.host
    stopped = host.try_sh("/opt/gateway/bin/gateway show")
    assert (stopped.code, stopped.err) == (
        69,
        "gateway: no gateway answers at /run/gateway/gateway.sock: the service is stopped; sudo systemctl start gateway "
        "(journalctl -u gateway says what it did last)\n",
    )
    host.sh("useradd ann")
    assert host.try_sh("runuser -u ann -- /opt/gateway/bin/gateway tell gpio/lamp switch on=true").err == stopped.err
    assert "the service is asked with --socket /run/gateway/gateway.sock" in host.try_sh("/opt/gateway/bin/gateway show --socket /a").err
    host.put(FILE.replace("pin = 17", "pin = 99"), CONFIG)
    host.try_sh("systemctl start gateway")
    failed = host.try_sh("/opt/gateway/bin/gateway show")
    assert "the service has failed; journalctl -u gateway says why; then sudo systemctl start gateway" in failed.err


def test_a_bad_file_makes_the_reload_fail_and_changes_nothing(house: House) -> None:
    """What is wrong stands in the journal and in STATUS, the old configuration stays in force, and a good file is taken over again."""
    host = house.host
    host.sh("systemctl start gateway")
    before = shown(host, "MainPID")
    host.put(FILE.replace("ack =", "akc ="), CONFIG)
    assert host.try_sh("systemctl reload gateway").code != 0
    host.until("systemctl show --property=StatusText --value gateway", f"not reloaded, 1 problem in {CONFIG}")
    said = f"cannot reload: 1 problem in {CONFIG}\n  8:7   serial.meters.akc: no such key; did you mean 'ack'?\n"
    host.until("journalctl --unit=gateway --output=cat --no-pager", said)
    assert "cannot start" not in journal(host)
    assert [shown(host, name) for name in ("ActiveState", "SubState", "MainPID")] == ["active", "running", before]
    house.meter.until_acknowledged(house.meter.send(3))
    host.put(FILE + "report_every_s = 3600.0\n", CONFIG)
    host.sh("systemctl reload gateway")
    host.until("journalctl --unit=gateway --output=cat --no-pager", "reloaded: gpio/door\n")
    assert "not reloaded" not in shown(host, "StatusText")
    host.put(FILE + '[gpio.lamp]\ntype = "led"\npin = 4\n', CONFIG)
    host.sh("systemctl reload gateway")
    host.until("journalctl --unit=gateway --output=cat --no-pager", "reloaded: gpio/door, gpio/lamp (new)\n")
    assert shown(host, "MainPID") == before
    again = host.sh("cd /tmp && /opt/gateway/bin/gateway reload")
    assert again == "reloaded: nothing has changed\n"


def test_a_bad_file_at_the_start_waits_for_a_person(house: House) -> None:
    """It exits with 78, says every problem with its line, and systemd does not try again."""
    house.host.put(FILE.replace("pin = 17", "pin = 99").replace("host =", "hots ="), CONFIG)
    assert house.host.try_sh("systemctl start gateway").code != 0
    assert [shown(house.host, name) for name in ("ActiveState", "SubState", "ExecMainStatus", "NRestarts")] == [
        "failed",
        "failed",
        "78",
        "0",
    ]
    assert BAD_START in journal(house.host)
    house.host.put(FILE, CONFIG)
    house.host.sh("systemctl start gateway")


def test_killed_it_comes_back_and_nothing_is_lost(house: House) -> None:
    """After a kill -9 systemd starts it again, once; every acknowledged line is published."""
    host, meter = house
    host.sh("systemctl start gateway")
    meter.until_acknowledged(meter.send(20))
    meter.send(1000)
    meter.run(lambda: len(meter.acknowledged) > 100)
    before = shown(host, "MainPID")
    host.sh("systemctl kill --signal=KILL gateway")
    meter.send(20)
    meter.until_acknowledged(range(1, 1041))
    assert shown(host, "MainPID") != before
    assert shown(host, "NRestarts") == "1"
    host.until("cat /var/tmp/heard", '"count":1040')
    assert set(numbers_heard(host, "boiler")) == set(range(1, 1041))


def test_without_progress_the_watchdog_bites(house: House) -> None:
    """A process that stands still is killed by systemd, and started again."""
    host, meter = house
    host.sh(f"mkdir -p {DROP_IN.rpartition('/')[0]}")
    host.put("[Service]\nWatchdogSec=3\nRestartSec=1\n", DROP_IN)
    host.sh("systemctl daemon-reload && systemctl start gateway")
    meter.until_acknowledged(meter.send(5))
    host.sh("systemctl kill --signal=STOP gateway")
    host.until("journalctl --unit=gateway --output=cat --no-pager", "Watchdog timeout (limit 3s)!")
    meter.until_acknowledged(meter.send(5))
    assert shown(host, "NRestarts") == "1"


def test_after_an_abort_of_the_watchdog_the_next_life_tells_why_and_where_each_thread_stood(house: House) -> None:
    """In the journal, and in `gateway show`; a kill and a stop are told from it, by the word of systemd."""
    host = house.host
    host.sh(f"mkdir -p {DROP_IN.rpartition('/')[0]} /etc/gateway/actors")
    host.put("[Service]\nWatchdogSec=3\nRestartSec=1\n", DROP_IN)
    host.put(HANGING, "/etc/gateway/actors/hanging.py")
    host.sh("systemctl daemon-reload && systemctl start gateway")
    host.sh("/opt/gateway/bin/gateway tell hanging/a hang '{}' || true")
    host.until("journalctl --unit=gateway --output=cat --no-pager", "the last life did not end well: watchdog: ")
    host.until("journalctl --unit=gateway --output=cat --no-pager", "where each thread of it stood, innermost first:\n")
    assert " < hang (hanging.py:" in journal(host)
    seen = host.until("/opt/gateway/bin/gateway show || true", "the life before did not end well:\n  watchdog: it made no progress")
    assert " < hang (hanging.py:" in seen
    host.sh("systemctl kill --signal=KILL gateway")
    host.until("/opt/gateway/bin/gateway show || true", "  killed: it was killed (KILL)\n")
    host.sh("systemctl restart gateway")
    host.until("/opt/gateway/bin/gateway show || true", "the life before:\n  stopped: signal 15\n")


def test_it_lives_as_long_as_it_makes_progress(house: House) -> None:
    """Neither a broker that is away nor a missing device keeps it from saying that it is alive."""
    host, meter = house
    host.sh(f"mkdir -p {DROP_IN.rpartition('/')[0]}")
    host.put("[Service]\nWatchdogSec=2\n", DROP_IN)
    host.sh("systemctl daemon-reload && systemctl stop mosquitto && systemctl start gateway")
    before = shown(host, "MainPID")
    meter.until_acknowledged(meter.send(5))
    host.sh("sleep 5")  # more than two of the watchdog's limits
    assert (shown(host, "MainPID"), shown(host, "NRestarts")) == (before, "0")
    host.sh("systemctl start mosquitto")
    host.until("cat /var/tmp/heard", '"count":5')


def test_it_stops_in_time_and_well(house: House) -> None:
    """SIGTERM: sources first, then the mail, then the sinks; systemd sees it stopping, and a clean end within TimeoutStopSec."""
    host, meter = house
    host.sh("systemctl start gateway")
    host.until("journalctl --unit=gateway --output=cat --no-pager", "mqtt/main is ok")  # mail for one that is not well is not waited for
    meter.until_acknowledged(meter.send(100))
    host.sh("systemctl stop gateway")
    assert shown(host, "Result") == "success"
    said = journal(host)
    assert said.index("stopping: signal 15") < said.index("ended: well")
    assert until_heard(host, "boiler", set(range(1, 101))) == list(range(1, 101))
    host.until("mosquitto_sub -h localhost -t 'gateway/status' -C 1 -W 5", "offline")


def test_it_stops_in_time_without_a_broker(house: House) -> None:
    """What nobody takes waits in the store until the next life; the stop does not wait for it: systemd sees a clean end."""
    host, meter = house
    host.put(FILE + "[runtime]\nclose_s = 600\n", CONFIG)
    host.sh("systemctl stop mosquitto && systemctl start gateway")
    meter.until_acknowledged(meter.send(10))
    host.sh("systemctl stop gateway")
    assert shown(host, "Result") == "success"
    host.sh("systemctl start mosquitto gateway")
    host.until("cat /var/tmp/heard", '"count":10')
    assert numbers_heard(host, "boiler") == list(range(1, 11))


def test_it_takes_little_memory_as_it_is_installed(house: House) -> None:
    """With a serial port and a broker, as a user who cannot write to Python's folders: it compiles nothing at its start."""
    host, meter = house
    host.put(FILE.partition("[gpio.door]")[0], CONFIG)
    host.sh("systemctl start gateway")
    meter.until_acknowledged(meter.send(100))
    host.until("cat /var/tmp/heard", '"count":100')
    status = host.sh("cat /proc/$(systemctl show --property=MainPID --value gateway)/status")
    (most,) = [int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM:")]
    assert most < 48_000, f"{most} kB"
