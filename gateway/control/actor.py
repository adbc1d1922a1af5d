"""The control actor: it owns the socket, its clients, and the requests that are under way.

One thread. What other threads have to say (a commit, a reply, a look into the engine) comes in by `_outcomes`.
"""

import contextlib
import errno
import logging
import os
import selectors
import socket
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Any

from gateway.actors.errors import GatewayError
from gateway.actors.hostbound import Delivery, Health, HostBound
from gateway.actors.messages import Start
from gateway.actors.verbs import verb
from gateway.control.connection import ControlClient
from gateway.control.elsewhere import Everywhere
from gateway.control.faults import fault_of
from gateway.control.house import ControlSettings, House
from gateway.control.listening import Listening
from gateway.control.looking import FarClient, LookThere
from gateway.control.pending import Answer, Asker, AskOutcome, Pending, no
from gateway.control.reading import SocketRequest, read_request
from gateway.control.tail import Tail
from gateway.control.within import InsideClient

log = logging.getLogger(__name__)

CONTROL = "control/local"
MOST_CLIENTS = 32
_FOR_ROOT = 4
"""Places that are root's alone, beside those."""
_GIVES_WAY_S = 1.0
"""Where all places are taken, who has said nothing for so long gives his to who comes."""
_BACKLOG = 256
"""Clients that may wait to be taken: beyond it the system refuses them, and nobody can tell them why."""
_AT_ONCE = 8
"""Requests of one client that are looked at before others have their turn."""
_REOPEN_S = 5.0
_LAST_WORDS_S = 0.5
_CLOSING = no("closing", "the gateway is closing; whether it was done is not known")


class Control(HostBound):
    """The actor `control/local`: the Unix socket of this daemon."""

    kind = "control"
    settings_model = ControlSettings
    close_s = 3.0

    def __init__(self, key: str, settings: ControlSettings, house: House) -> None:
        self.key = key
        self.settings = settings
        self.house = house
        self._selector: selectors.BaseSelector
        self._listener: socket.socket | None = None
        self._reopen_s = 0.0
        self._accept_s = 0.0
        """When to look for clients again; 0: the listener is looked at."""
        self._connections: dict[int, ControlClient] = {}
        self._pending: list[Pending] = []
        self._tails: list[Tail | Listening] = []
        self._outcomes: deque[AskOutcome] = deque()
        self._requests = Everywhere(house, self)

    @staticmethod
    def answers(path: Path) -> bool:
        """Whether somebody listens at a socket."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
            probe.settimeout(1.0)
            try:
                probe.connect(str(path))
            except OSError as error:
                return isinstance(error, (BlockingIOError, TimeoutError))  # a full backlog is somebody who is busy
            return True

    # --- the life of the actor

    def started(self, start: Start) -> None:
        """Open the socket, and look at what is asked from within."""
        self.house.within.wake = self.host.wake
        self._selector = selectors.DefaultSelector()
        self._selector.register(self.host.fileno(), selectors.EVENT_READ)
        self._open()

    def wait(self) -> None:
        """Block until a client, an outcome, or the next deadline comes."""
        for key, events in self._selector.select(self._timeout_s()):
            if key.data is None:
                if key.fileobj is self._listener:
                    self._accept()
                continue
            if events & selectors.EVENT_READ:
                key.data.read()
            if events & selectors.EVENT_WRITE:
                key.data.flush()

    def tick(self) -> None:
        """Answer the requests that have an outcome or are over their time; send the tails."""
        while self._outcomes:
            self._settle(*self._outcomes.popleft())
        now_s = time.monotonic()
        for pending in [p for p in self._pending if p.deadline_s <= now_s]:
            self._settle(pending, pending.late())
        for tail in self._tails:
            tail.pour()
        if self._listener is None and now_s >= self._reopen_s:
            self._open()
        if self._listener is not None and 0 < self._accept_s <= now_s:
            self._accept_s = 0.0
            self._selector.register(self._listener, selectors.EVENT_READ)
        self._serve_within()
        for connection in list(self._connections.values()):
            self._serve(connection)
            self._mind(connection, now_s)
        more = any(tail.pours_on for tail in self._tails) or any(each.has_requests for each in self._connections.values())
        if more:  # what was poured, or read, is out of the socket already: it would not wake us for the rest
            self.host.wake()

    def close(self) -> None:
        """Send what must still be said, and remove the socket."""
        for pending in list(self._pending):
            self._settle(pending, _CLOSING)
        self.house.within.end(_CLOSING, shut="the gateway is closing" if self.host.closing else "")
        for connection in list(self._connections.values()):
            connection.peer.setblocking(True)
            connection.peer.settimeout(_LAST_WORDS_S / (1 + len(self._connections)))
            with contextlib.suppress(OSError):
                connection.flush()
            self._drop(connection)
        if self._listener is not None:
            self.settings.path.unlink(missing_ok=True)
            self._listener.close()
        if hasattr(self, "_selector"):
            self._selector.close()

    @verb
    def look(self, asked: LookThere, delivery: Delivery) -> None:
        """Answer what another host asks, as a client of the socket is answered."""
        delivery.keep()
        client = FarClient(delivery)
        try:
            answer = self._requests.take_from_afar(client, read_request(asked.request.encode()).fields)
        except GatewayError as error:
            answer = no(fault_of(error), str(error))
        if answer is not None:
            client.say(answer)

    # --- what requests use

    def later(self, connection: Asker, n: Any, timeout_s: float, late: Callable[[], Answer]) -> Pending:
        """Keep a request whose answer comes by `settle`, or at the deadline from `late`."""
        pending = Pending(connection, n, time.monotonic() + timeout_s, late)
        connection.asked += 1
        self._pending.append(pending)
        return pending

    def settle(self, pending: Pending, answer: Answer) -> None:
        """Take the answer of a request, to be sent. Any thread."""
        self._outcomes.append(AskOutcome(pending, answer))
        self.host.wake()

    def follow(self, connection: Asker, n: Any, *, prefix: str, verb: str) -> None:
        """Stream turns to a client from now on."""
        tail = Tail(connection, n, prefix=prefix, verb=verb, wake=self.host.wake)
        self._tails.append(tail)
        connection.follows = True
        self.house.engine.watch(tail.observe)

    def overhear(self, connection: Asker, n: Any, id: str) -> None:
        """Stream what goes over the wire of a device to a client from now on."""
        listening = Listening(connection, n, wake=self.host.wake)
        self._tails.append(listening)
        connection.follows = True
        for hosted in self.house.hosts.all:
            if hosted.me == id:
                hosted.taps = (*hosted.taps, listening.hear)

    def _unfollow(self, tail: Tail | Listening) -> None:
        """Stream no more. A device that was replaced meanwhile has the taps of the one before."""
        self._tails.remove(tail)
        if isinstance(tail, Tail):
            self.house.engine.unwatch(tail.observe)
            return
        for hosted in self.house.hosts.all:
            if tail.hear in hosted.taps:
                hosted.taps = tuple(tap for tap in hosted.taps if tap != tail.hear)

    # --- the socket

    def _open(self) -> None:
        path = self.settings.path
        self._reopen_s = time.monotonic() + _REOPEN_S
        if self.answers(path):
            self.host.report(Health.FAULTY, f"another gateway answers at {path}; stop it, or set gateway.control_socket otherwise")
            return
        try:
            self._listener = _listen(path)
        except OSError as error:
            self.host.report(Health.FAULTY, f"cannot listen at {path}: {_explained(error)}")
            return
        self._selector.register(self._listener, selectors.EVENT_READ)
        self.host.report(Health.OK, "")

    def _accept(self) -> None:
        """Take in the clients that have come, some at a time."""
        assert self._listener is not None
        for _ in range(_AT_ONCE):
            try:
                peer, _address = self._listener.accept()
            except (BlockingIOError, ConnectionAbortedError):
                return
            except OSError as error:
                self._rest(error)
                return
            self.host.report(Health.OK, "")
            self._take_in(ControlClient(peer))

    def _take_in(self, connection: ControlClient) -> None:
        if not (self._has_place(connection) or self._make_place(connection.is_root)):
            connection.end(
                "busy", f"cannot take one more client: {len(self._connections)} are connected, and all are busy; try again later"
            )
            return
        self._connections[connection.peer.fileno()] = connection
        self._selector.register(connection.peer, selectors.EVENT_READ, connection)

    def _rest(self, error: OSError) -> None:
        """Accept no clients for a while, because the system has nothing left for one more: the listener would wake us without end."""
        assert self._listener is not None
        self._selector.unregister(self._listener)
        self._accept_s = time.monotonic() + _REOPEN_S
        self.host.report(Health.FAULTY, f"cannot take a client: {error.strerror}; raise the gateway's limit (LimitNOFILE), or restart it")

    def _has_place(self, connection: ControlClient) -> bool:
        taken = len(self._connections)
        return taken < MOST_CLIENTS or (taken < MOST_CLIENTS + _FOR_ROOT and connection.is_root)

    def _make_place(self, for_root: bool) -> bool:
        """Let the clients go that have hung up, or the one that has been idle for longest, if that is long enough. Whether one went.

        For others than root none of root's goes.
        """
        gone = [each for each in self._connections.values() if each.gone]
        for connection in gone:
            self._drop(connection)
        if gone:
            return True
        until_s = time.monotonic() - _GIVES_WAY_S
        idle = [each for each in self._connections.values() if each.idle and each.active_s <= until_s]
        idle = [each for each in idle if for_root or not each.is_root]
        if not idle:
            return False
        self._let_go(min(idle, key=lambda each: each.active_s), "its place was needed for another client")
        return True

    def _let_go(self, connection: ControlClient, why: str) -> None:
        connection.say(no("idle", f"closed after {time.monotonic() - connection.active_s:.0f} s without a request: {why}; connect again"))
        connection.flush()
        self._drop(connection)

    def _serve(self, connection: ControlClient) -> None:
        """Answer some of the requests of a client; the others have their turn before the rest."""
        for _ in range(_AT_ONCE):
            if not connection.has_requests:
                return
            self._answer(connection, connection.next_request())

    def _serve_within(self) -> None:
        """Answer what host-bound actors ask, and forget those who have given up."""
        within = self.house.within
        for client, words in within.take():
            try:
                answer = self._requests.take(client, None, words) if client.open else None
            except GatewayError as error:
                answer = no(fault_of(error), str(error))
            if answer is not None:
                client.say(answer)
            self._end_within(client)
        for client in within.left():
            self._forget(client)
            within.ended(client)

    def _end_within(self, client: Asker) -> None:
        if isinstance(client, InsideClient) and client.finished:
            self.house.within.ended(client)

    def _answer(self, connection: ControlClient, line: bytes) -> None:
        """Answer one request, now or later."""
        request = SocketRequest(None, {})
        try:
            request = read_request(line)
            answer = self._requests.take(connection, request.n, request.fields)
        except GatewayError as error:
            answer = no(fault_of(error), str(error))
        if answer is not None:
            connection.say({"n": request.n, **answer})

    def _settle(self, pending: Pending, answer: Answer) -> None:
        if pending.settled:
            return
        pending.settled = True
        self._pending.remove(pending)
        pending.abandon()
        pending.connection.asked -= 1
        pending.connection.say({"n": pending.n, **answer})
        self._end_within(pending.connection)

    def _mind(self, connection: ControlClient, now_s: float) -> None:
        """Send what can be sent, and have the selector look for what matters now."""
        connection.flush()
        if connection.finished:
            self._drop(connection)
            return
        if connection.idle and now_s - connection.active_s >= self.settings.idle_s:
            self._let_go(connection, f"{self.settings.idle_s:g} s are the most")
            return
        wanted = (selectors.EVENT_READ if connection.wants_in else 0) | (selectors.EVENT_WRITE if connection.wants_out else 0)
        registered = self._selector.get_map().get(connection.peer)
        if registered is None and wanted:
            self._selector.register(connection.peer, wanted, connection)
        elif registered is not None and not wanted:
            self._selector.unregister(connection.peer)
        elif registered is not None and registered.events != wanted:
            self._selector.modify(connection.peer, wanted, connection)

    def _forget(self, asker: Asker) -> None:
        """Stream nothing more to somebody who has gone, and wait for nothing on their behalf."""
        for tail in [t for t in self._tails if t.connection is asker]:
            self._unfollow(tail)
        for pending in [p for p in self._pending if p.connection is asker]:
            pending.settled = True
            self._pending.remove(pending)
            pending.abandon()

    def _drop(self, connection: ControlClient) -> None:
        self._forget(connection)
        del self._connections[connection.peer.fileno()]
        with contextlib.suppress(KeyError):
            self._selector.unregister(connection.peer)
        connection.close()

    def _timeout_s(self) -> float | None:
        deadlines = [pending.deadline_s for pending in self._pending]
        deadlines += [each.active_s + self.settings.idle_s for each in self._connections.values() if each.idle]
        if self._listener is None:
            deadlines.append(self._reopen_s)
        elif self._accept_s:
            deadlines.append(self._accept_s)
        return max(0.0, min(deadlines) - time.monotonic()) if deadlines else None


def _listen(path: Path) -> socket.socket:
    """Open a listening socket at `path`, for its owner and group. It gets its name last, so that nobody finds it half made."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f"{path.name}.{os.getpid()}")
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_CLOEXEC | socket.SOCK_NONBLOCK)
    try:
        fresh.unlink(missing_ok=True)
        listener.bind(str(fresh))
        fresh.chmod(0o660)
        listener.listen(_BACKLOG)
        fresh.replace(path)
    except OSError:
        listener.close()
        fresh.unlink(missing_ok=True)
        raise
    return listener


def _explained(error: OSError) -> str:
    if "too long" in str(error):
        return "the path is too long for a socket (about 100 characters); set gateway.control_socket to a shorter one"
    if error.errno in (errno.EACCES, errno.EROFS):
        return f"{error.strerror}; set gateway.control_socket to a folder that the gateway may write to"
    return str(error.strerror or error)
