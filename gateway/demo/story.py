"""The story of one demo: its parts up, what is seen and what to try, what happens, and the account at the end.

broker → tracker, finger, listener → gateway (again and again, if need be) → finish the fixes → ask the actors → stop → account.
"""

import json
import shlex
import shutil
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from gateway.console.client import Client
from gateway.console.exits import FINE, NO, Failed
from gateway.console.output import say, say_json
from gateway.demo.account import Account, in_trips
from gateway.demo.child import Child, end_orphans
from gateway.demo.folder import Folder
from gateway.demo.hands import Finger, Tracker
from gateway.demo.ledger import POSITION, TOGGLE, Ledger
from gateway.registry import doors
from gateway.service.lock import AlreadyRunning, Lock
from gateway.service.signals import STOP, Signals

_LOOK_S = 0.1
_FINISH_S = 20.0
_ASK_S = 5.0
_CONNECT_S = 5.0


def demo(path: Path, *, seconds: float, broker: str, quiet: bool, as_json: bool) -> int:
    """Run a demo in a folder; 1 when anything is missing at its end."""
    folder = Folder(path)
    try:
        lock = Lock(folder.path / "demo")
    except AlreadyRunning:
        raise Failed(f"another demo runs in {folder.path}; give this one another --folder") from None
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})  # for the broker too: Ctrl-C is ours to follow
    try:
        for pid in end_orphans(folder):
            say(f"ended process {pid}, left behind by a demo that was killed")
        with _broker(folder, broker) as address:
            account = _Stage(folder, address, quiet=quiet).play(seconds)
    finally:
        lock.release()
    if as_json:
        say_json(account.as_json())
    else:
        say("\n".join(["", *account.lines(), f"its state stays in {folder.path}; the next demo goes on with it"]))
    return NO if account.faults else FINE


class Address(NamedTuple):
    """Where the broker is, and the version of MQTT to speak with it."""

    host: str
    port: int
    protocol: str


@contextmanager
def _broker(folder: Folder, given: str) -> Iterator[Address]:
    """The broker that was named, or one of the demo's own for as long as it lasts."""
    if given:
        host, _, port = given.rpartition(":")
        if not host or not port.isdigit():
            raise Failed(f"cannot use {given!r} as a broker: write HOST:PORT, as in localhost:1883", 2)
        try:
            socket.create_connection((host, int(port)), _CONNECT_S).close()
        except (OSError, OverflowError) as error:
            raise Failed(
                f"no broker answers at {given}: {getattr(error, 'strerror', None) or error}; start it, or leave --broker out"
            ) from None
        yield Address(host, int(port), "5")
        return
    door = doors().get("broker")
    if door is None:
        raise Failed("no installed package brings a broker; name one with --broker HOST:PORT")
    with door.load()(folder.broker) as broker:
        yield Address("127.0.0.1", broker.port, broker.protocol)


class _Stage:
    """One demo under way."""

    def __init__(self, folder: Folder, address: Address, *, quiet: bool) -> None:
        self._folder = folder
        self._address = address
        self._quiet = quiet
        self._lock = threading.Lock()
        self._lamp = ""
        folder.write_config(*address)
        self._signals = Signals()
        self._ledger = Ledger(folder.ledger)
        self._book = folder.read_book()
        self._kills = int(self._book.get("kills", 0))
        self._tracker: Tracker
        self._finger: Finger
        self._child: Child
        self._ready = False

    def play(self, seconds: float) -> Account:
        """From the first part up to the account."""
        listener = doors()["listener"].load()
        topics = [POSITION, TOGGLE]
        self._tracker = Tracker(self._folder, self._book, keep=self._keep)
        self._finger = Finger(self._folder, self._book, keep=self._keep)
        self._ready = True
        with listener(self._address.host, self._address.port, topics, self._heard, protocol=self._address.protocol):
            self._child = Child(self._folder)
            try:
                self._say_what_to_try()
                self._watch(seconds)
                return self._close_books()
            finally:
                self._child.stop()
                self._tracker.unplug()
                self._signals.restore()
                self._ledger.close()

    def _watch(self, seconds: float) -> None:
        """Until the time is over or Ctrl-C: start the gateway again when it ends, and show the lamp."""
        until_s = time.monotonic() + seconds if seconds else float("inf")
        while time.monotonic() < until_s and self._signals.wait(_LOOK_S) not in STOP:
            self._look()

    def _look(self) -> None:
        said = self._child.look()
        if said:
            self._keep()
            say(f"!!  {said}")
        lamp = self._folder.lamp.read_text(encoding="ascii").strip() if self._folder.lamp.exists() else ""
        if lamp != self._lamp:
            self._lamp = lamp
            self._tell(f"lamp        is {lamp}")

    def _close_books(self) -> Account:
        """Nothing new goes in; all that went in comes out; then count."""
        say("ending: the last fixes are acknowledged, and the actors asked")
        self._during(self._finger.finish)
        self._during(lambda: self._tracker.finish(_FINISH_S))
        trip, toggle = self._ask("trip/van"), self._ask("toggle/hall")
        unpublished = int(trip["jumps"]) + int(trip["repeated"])
        until_s = time.monotonic() + _FINISH_S
        while time.monotonic() < until_s and self._came_out() + unpublished < in_trips(self._ledger.numbers(), trip):
            self._signals.wait(_LOOK_S)
            self._look()
        self._keep()
        return Account(
            made=self._tracker.made,
            acknowledged=self._tracker.acknowledged,
            committed=in_trips(self._ledger.numbers(), trip),
            came_out=self._came_out(),
            unpublished=unpublished,
            ids=self._ledger.distinct,
            repeats=self._ledger.repeats,
            doubled=self._ledger.doubled,
            pressed=self._finger.made,
            counted=self._finger.counted,
            presses=int(toggle["presses"]),
            kills=self._kills + self._child.kills,
        )

    def _came_out(self) -> int:
        return sum(map(len, self._ledger.numbers().values()))

    def _during(self, act: Callable[[], None]) -> None:
        """Wait for something, and start the gateway again meanwhile if it is killed even now."""
        thread = threading.Thread(target=act, daemon=True)
        thread.start()
        while thread.is_alive():
            self._signals.wait(_LOOK_S)
            self._look()

    def _ask(self, id: str) -> dict[str, Any]:
        """What an actor knows, as soon as the gateway answers."""
        until_s = time.monotonic() + _FINISH_S
        while True:
            try:
                with Client(self._folder.socket) as client:
                    found: dict[str, Any] = client.ask({"do": "ask", "to": id, "verb": "read", "timeout_s": _ASK_S})["body"]
                    return found
            except Failed as error:
                if time.monotonic() > until_s:
                    raise Failed(f"the gateway does not say what {id} knows: {error}; see {self._folder.log}") from None
            self._signals.wait(_LOOK_S)
            self._look()

    def _heard(self, message: Any) -> None:
        """What came out, on the listener's thread."""
        try:
            fields = json.loads(message.body)
        except ValueError:
            return
        if message.topic == POSITION:
            self._ledger.enter(message.id, fields, retained=message.retained)
            self._tell(
                f"gps         fix {fields['latitude_deg']:.5f} {fields['longitude_deg']:.5f} → trip/van: "
                f"fix {fields['fixes']}, {fields['length_m']:.0f} m → {POSITION}"
            )
        elif message.topic == TOGGLE:
            if self._ready:
                self._finger.seen(int(fields["presses"]))
            self._tell(f"button      → toggle/hall: {fields['presses']} presses, {'on' if fields['on'] else 'off'} → gpio/lamp, {TOGGLE}")

    def _keep(self) -> None:
        """Write the book: what the devices remember. Any thread."""
        if not self._ready:
            return
        with self._lock:
            book = {
                "acknowledged": self._tracker.acknowledged,
                "began_ms": self._tracker.began_ms,
                "pressed": self._finger.made,
                "counted": self._finger.counted,
                "kills": self._kills + (self._child.kills if hasattr(self, "_child") else 0),
            }
            self._folder.write_book(book)

    def _tell(self, line: str) -> None:
        if not self._quiet:
            say(f"{time.strftime('%H:%M:%S')}  {line}")

    def _say_what_to_try(self) -> None:
        folder, gateway, config = self._folder, _own_command(), shlex.quote(str(self._folder.config))
        before = f"it goes on after {self._tracker.before} fixes of earlier demos" if self._tracker.before else "it begins afresh"
        host, port, protocol = self._address
        version = "" if protocol == "5" else " -V mqttv311"
        missing = "" if shutil.which("mosquitto_sub") else "   # needs: sudo apt install mosquitto-clients"
        say(
            f"a gateway (process {self._child.pid}) in {folder.path}; {before}. Look, in another terminal:\n"
            f"  {gateway} show --config {config}\n"
            f"  {gateway} tail --config {config}\n"
            f"  {gateway} show --config {config} trip/van\n"
            f"  mosquitto_sub -h {host} -p {port}{version} -t 'gateway/#' -v{missing}\n"
            f"and try:\n"
            f"  echo press > {shlex.quote(str(folder.press))}\n"
            f"  {gateway} tell --config {config} toggle/hall pressed\n"
            f"  kill -9 {self._child.pid}\n"
            f"Ctrl-C ends it, with an account of what went in and what came out.\n"
        )


def _own_command() -> str:
    """What another terminal has to call, which has no venv activated."""
    own = Path(sys.executable).with_name("gateway")
    if shutil.which("gateway") == str(own):
        return "gateway"
    return shlex.quote(str(own)) if own.exists() else f"{shlex.quote(sys.executable)} -m gateway.cli"
