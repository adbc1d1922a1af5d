"""The story of one demo: its parts up, what is seen and what to try, what happens, and the account at the end.

broker → tracker, finger, listener → gateway (again and again, if need be) → finish the fixes → ask the actors → stop → account.
The main thread says everything there is to say, and starts every process.
"""

import os
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

from gateway.actors.words import described
from gateway.console.client import Client
from gateway.console.exits import FINE, NO, Failed
from gateway.console.output import complain, say, say_json
from gateway.console.streams import Unheard
from gateway.demo.account import Account, in_trips
from gateway.demo.child import Child
from gateway.demo.folder import Folder
from gateway.demo.hands import Finger, Tracker
from gateway.demo.hearing import Hearing
from gateway.demo.leash import leashed
from gateway.demo.ledger import DemoLedger
from gateway.demo.page_port import find_port
from gateway.registry import doors
from gateway.service.lock import AlreadyRunning, Lock
from gateway.service.signals import STOP, Signals

_LOOK_S = 0.1
_FINISH_S = 20.0
_ASK_S = 5.0
_CONNECT_S = 5.0


def demo(path: Path, *, seconds: float, broker: str, fresh: bool, quiet: bool, as_json: bool) -> int:
    """Run a demo in a folder; return 1 where anything is missing at its end. Raises Unheard when it ended since nobody reads what it says.

    `fresh`: begin anew, without what earlier demos have left in the folder.
    """
    folder = Folder(path)
    try:
        lock = Lock(folder.path / "demo")
    except AlreadyRunning:
        raise Failed(f"another demo runs in {folder.path}; end it, or give this one another --folder") from None
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})  # while the parts are started, too, Ctrl-C is ours to follow
    try:
        if fresh or folder.is_half_dropped:
            what = "what earlier demos had left is gone" if folder.drop() else "no earlier demo has left anything"
            tell = complain if as_json else say
            tell(f"a fresh demo in {folder.path}: {what}")
        with _broker(folder, broker) as address:
            stage = _Stage(folder, address, quiet=quiet, say=complain if as_json else say)
            account = stage.play(seconds)
    finally:
        lock.release()
    if stage.unheard is not None:
        if account.faults:
            complain(f"gateway: {account.lines()[-1]}")
            return NO
        raise stage.unheard
    if as_json:
        say_json(account.as_json())
    else:
        say(
            "\n".join(
                ["", *account.lines(), f"its state stays in {folder.path}; the next demo goes on with it, gateway demo --fresh does not"]
            )
        )
    return NO if account.faults else FINE


class BrokerAddress(NamedTuple):
    """Where the broker is, and the version of MQTT to speak with it."""

    host: str
    port: int
    protocol: str
    own: bool
    """Whether it is the demo's own."""
    look: Callable[[], str]
    """Starts it again where it has ended, if it is; what to say of that, or nothing."""


@contextmanager
def _broker(folder: Folder, given: str) -> Iterator[BrokerAddress]:
    """A context with the broker that was named, or one of the demo's own for as long as it lasts."""
    if given:
        host, _, port = given.rpartition(":")
        if not host or not port.isdigit():
            raise Failed(f"cannot use {given!r} as a broker: write HOST:PORT, as in localhost:1883", 2)
        try:
            socket.create_connection((host, int(port)), _CONNECT_S).close()  # noqa: TID251  # a person may interrupt it
        except (OSError, OverflowError, UnicodeError) as error:
            raise Failed(
                f"no broker answers at {given}: {getattr(error, 'strerror', None) or error}; start it, or leave --broker out"
            ) from None
        yield BrokerAddress(host, int(port), "5", own=False, look=lambda: "")
        return
    door = doors().get("broker")
    if door is None:
        raise Failed("no installed package brings a broker; name one with --broker HOST:PORT")
    with door.load()(folder.broker, through=_on_a_leash) as broker:
        yield BrokerAddress("127.0.0.1", broker.port, broker.protocol, own=True, look=broker.look)


def _on_a_leash(command: list[str]) -> list[str]:
    """The command that runs a broker on a leash, which asks it to end, for it writes down what it has still to deliver."""
    return leashed(command, signal.SIGTERM)


class _Stage:
    """One demo under way, with all its parts. On the main thread."""

    def __init__(self, folder: Folder, address: BrokerAddress, *, quiet: bool, say: Callable[[str], None]) -> None:
        self.unheard: Unheard | None = None
        """Set when nobody reads any more what the demo says: it ends, and its account is right all the same."""
        self._folder = folder
        self._address = address
        self._quiet = quiet
        self._tell_people = say
        """Writes for people: where programs read standard output, on the other stream."""
        self._lock = threading.Lock()
        self._lamp = ""
        self._signals = Signals()
        self._ends = STOP if signal.getsignal(signal.SIGHUP) is signal.SIG_IGN else STOP | {signal.SIGHUP}
        """What ends a demo: a terminal that closes, too, unless the demo is to outlive it (nohup)."""
        self._ledger = DemoLedger(folder.ledger)
        self._book = folder.read_book()
        self._name = str(self._book.get("name") or os.urandom(4).hex())
        """Tells this folder's demos from others at a broker that they share."""
        self._kills = int(self._book.get("kills", 0))
        self._root = "demo" if address.own else f"demo-{self._name}"
        self._hearing = Hearing(self._ledger, self._seen, root=self._root)
        self._listener: Any
        self._tracker: Tracker
        self._finger: Finger
        self._child: Child | None = None
        self._ready = False
        self._page_port = find_port()
        folder.write_config(
            address.host, address.port, address.protocol, client_id=f"gateway-demo-{self._name}", root=self._root, page_port=self._page_port
        )

    def play(self, seconds: float) -> Account:
        """Run the demo, from its first part up to the account."""
        self._tracker = Tracker(self._folder, self._book, keep=self._keep)
        self._finger = Finger(self._folder, self._book, keep=self._keep)
        self._ready = True
        self._keep()  # how the tracker's time began is known before its first fix goes in
        with self._listening():
            self._child = Child(self._folder)
            try:
                self._say(self._what_to_try())
                self._watch(seconds)
                return self._close_books()
            finally:
                self._child.stop()
                self._tracker.unplug()
                self._signals.restore()
                self._ledger.close()

    @contextmanager
    def _listening(self) -> Iterator[None]:
        host, port, protocol, own, _ = self._address
        listener = doors()["listener"].load()(
            host,
            port,
            self._hearing.topics,
            self._hearing.heard,
            client_id=f"gateway-demo-ledger-{self._name}",
            anew="name" not in self._book,
            for_ever=own,
            protocol=protocol,
        )
        with listener as self._listener:
            yield

    def _seen(self, presses: int) -> None:
        """Note how many presses the toggle has counted. On the listener's thread."""
        if self._ready:
            self._finger.seen(presses)

    def _watch(self, seconds: float) -> None:
        """Start again what ends, and show what happens, until the time is over, Ctrl-C, or nobody reads any more."""
        until_s = time.monotonic() + seconds if seconds else float("inf")
        while time.monotonic() < until_s and self.unheard is None and self._signals.wait(_LOOK_S) not in self._ends:
            self._look()

    def _look(self) -> None:
        for fault, of in ((self._listener.fault, "listener"), (self._tracker.fault, "tracker"), (self._finger.fault, "finger")):
            if fault is not None:
                raise fault if isinstance(fault, Failed) else Failed(f"the demo cannot go on without its {of}: {described(fault)}")
        assert self._child is not None
        for said in (self._address.look(), self._child.look()):
            if said:
                self._keep()
                self._say(f"!!  {said}")
        for line in self._hearing.take_lines():
            self._tell(line)
        lamp = self._folder.lamp.read_text(encoding="ascii").strip() if self._folder.lamp.exists() else ""
        if lamp != self._lamp:
            self._lamp = lamp
            self._tell(f"{time.strftime('%H:%M:%S')}  lamp        is {lamp}")

    def _close_books(self) -> Account:
        """Let nothing new in, wait until all that went in has come out, then count."""
        self._say("ending: the last fixes are acknowledged, and the actors asked")
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
            kills=self._all_kills,
        )

    def _came_out(self) -> int:
        return sum(map(len, self._ledger.numbers().values()))

    @property
    def _all_kills(self) -> int:
        return self._kills + (self._child.kills if self._child else 0)

    def _during(self, act: Callable[[], None]) -> None:
        """Wait for something, and start the gateway again meanwhile if it is killed even now."""
        thread = threading.Thread(target=act, daemon=True)
        thread.start()
        while thread.is_alive():
            self._signals.wait(_LOOK_S)
            self._look()

    def _ask(self, id: str) -> dict[str, Any]:
        """Ask an actor what it knows, as soon as the gateway answers."""
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

    def _keep(self) -> None:
        """Write the book: what the devices remember. Any thread."""
        if not self._ready:
            return
        with self._lock:
            book = {
                "name": self._name,
                "acknowledged": self._tracker.acknowledged,
                "began_ms": self._tracker.began_ms,
                "pressed": self._finger.made,
                "counted": self._finger.counted,
                "kills": self._all_kills,
            }
            self._folder.write_book(book)

    def _tell(self, line: str) -> None:
        if not self._quiet:
            self._say(line)

    def _say(self, text: str) -> None:
        try:
            self._tell_people(text)
        except Unheard as error:
            self.unheard = error

    def _what_to_try(self) -> str:
        assert self._child is not None
        folder, gateway, config = self._folder, _own_command(), shlex.quote(str(self._folder.config))
        before = f"it goes on after {self._tracker.before} fixes of earlier demos" if self._tracker.before else "it begins afresh"
        host, port, protocol, *_ = self._address
        version = "" if protocol == "5" else " -V mqttv311"
        page = "  http://localhost:{}/   in a browser: the tracker, the button and the lamp, live\n" if self._page_port else ""
        missing = "" if shutil.which("mosquitto_sub") else "   # needs: sudo apt install mosquitto-clients"
        return (
            f"a gateway (process {self._child.pid}) in {folder.path}; {before}. Look:\n"
            f"{page.format(self._page_port)}"
            f"and in another terminal:\n"
            f"  {gateway} show --config {config}\n"
            f"  {gateway} tail --config {config}\n"
            f"  {gateway} show --config {config} trip/van\n"
            f"  mosquitto_sub -h {host} -p {port}{version} -t '{self._root}/#' -v{missing}\n"
            f"and try:\n"
            f"  echo press > {shlex.quote(str(folder.press))}\n"
            f"  {gateway} tell --config {config} toggle/hall pressed\n"
            f"  kill -9 {self._child.pid}\n"
            f"Ctrl-C ends it, with an account of what went in and what came out.\n"
        )


def _own_command() -> str:
    """The command that another terminal has to call, which has no venv activated."""
    own = Path(sys.executable).with_name("gateway")
    if shutil.which("gateway") == str(own):
        return "gateway"
    return shlex.quote(str(own)) if own.exists() else f"{shlex.quote(sys.executable)} -m gateway.cli"
