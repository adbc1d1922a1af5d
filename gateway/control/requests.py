"""The requests of the control socket, one method each. On the control actor's thread.

    {"do": "show"}                                  the daemon as a whole
    {"do": "show", "id": "twin/door"}               one actor, host-bound or ordinary
    {"do": "machine", "of": "mqtt/main"}            the machine of a kind or an actor, as a Mermaid state diagram
    {"do": "list", "prefix": "twin/", "after": "", "limit": 100, "every": false, "states": false}
    {"do": "names", "begin": "twin/b", "limit": 100}       how an id may go on; and verbs, with {"of": "twin/door"}: for shells
    {"do": "kinds"}                                 the kinds that people write to, and what each verb takes, as JSON schemas
    {"do": "ports"}                                 what is plugged into this host
    {"do": "health"}
    {"do": "hosts"}                                 all hosts that share a database; and standing: what this one says to them
    {"do": "hosted", "prefix": "gpio/"}             the host-bound actors whose ids begin so, and what the gateway is called
    {"do": "tell", "to": "gpio/lamp", "verb": "switch", "payload": {"on": true}, "timeout_s": 10}
        "texts": {"on": "true"}: what a person typed for each value; a verb that wants a text there takes it
    {"do": "ask", "to": "twin/door", "verb": "read", "payload": {}, "timeout_s": 10}
        both take "id": "…", "once": true: what is asked again under that id is not done again, and is answered as it was
    {"do": "tail", "prefix": "", "verb": ""}        one answer a turn, until the client goes
    {"do": "listen", "id": "serial/gps"}            one answer a piece of what goes over its wire, until the client goes
    {"do": "explain", "id": "twin/door", "limit": 100}     what a message led to, what led to it; or what an actor handled lately
                                                    "hosts": true: what each host knows of a message
    {"do": "letters", "after": 0, "limit": 100}     "hosts": true: all hosts'; letter, retry, drop: {"letter": 7, "host": ""}
    {"do": "resume", "id": "trip/van", "skip": false}      let a paused actor go on, with the message it was paused at or without
    {"do": "export", "id": "trip/van"}              its state as it is on disk, whether it can be loaded or not
        both give the mail that waits where there is no such kind or device any more: {"stranded": …}
    {"do": "forget", "id": "trip/van", "sure": true}       drop its state, and what belongs to it; not sure: say what that would be
    {"do": "reload", "timeout_s": 60}               read the configuration again, and take over what can be

A timeout means that the outcome is unknown: the message may be handled yet.
"""

import json
import logging
import threading
from collections.abc import Callable
from typing import Any, Protocol

from gateway.actors.callers import By
from gateway.actors.did_you_mean import did_you_mean
from gateway.actors.errors import ANYTHING, GatewayError, Refused
from gateway.actors.hostbound import Host
from gateway.actors.ids import check_id
from gateway.actors.messages import Reply
from gateway.actors.receipts import Receipt
from gateway.control import dead, forget, found, names, views
from gateway.control.faults import fault_of, replied, unknown
from gateway.control.house import House
from gateway.control.kinds import described
from gateway.control.once import actor_of, answered, carried, named
from gateway.control.pending import Answer, Asker, Pending, no
from gateway.control.pictures import picture
from gateway.control.reading import (
    BadRequest,
    expires_s_of,
    limit_of,
    text_of,
    texts_of,
    timeout_s_of,
    truth_of,
    whole_of,
)
from gateway.control.resume import resume
from gateway.control.standing import standing
from gateway.control.texts import read_typed
from gateway.control.things import plugged_in
from gateway.control.wellness import problems
from gateway.runtime.engine import Engine
from gateway.runtime.mail import Arrival
from gateway.runtime.trail import Unexplained
from gateway.service.reload import Reloaded

log = logging.getLogger(__name__)

ASIDE_S = 20.0
"""How long a look at what is plugged in, or at the kinds, may take."""
LOOK_S = 5.0
"""How long a look into the engine may take."""
_SIZE = 512
_SHOWN = 100
"""Characters of an unknown request that are repeated."""


class Desk(Protocol):
    """What requests need of the control actor."""

    host: Host

    def later(self, connection: Asker, n: Any, timeout_s: float, late: Callable[[], Answer]) -> Pending:
        """Keep a request whose answer comes later, or from `late` when its time is over."""

    def settle(self, pending: Pending, answer: Answer) -> None:
        """Take the answer of a request that was kept. Any thread."""

    def follow(self, connection: Asker, n: Any, *, prefix: str, verb: str) -> None:
        """Stream turns to a client from now on."""

    def overhear(self, connection: Asker, n: Any, id: str) -> None:
        """Stream what goes over the wire of a device to a client from now on."""


class Requests:
    """Runs the method that answers each request."""

    def __init__(self, house: House, desk: Desk, engine: Engine | None = None) -> None:
        """`engine`: of whose actors it answers; the gateway's own, where none is given."""
        self.house = house
        self.desk = desk
        self._engine = engine
        self._doors: dict[str, Callable[[Asker, Any, dict[str, Any]], Answer | None]] = {
            "show": self.show,
            "machine": self.machine,
            "list": self.list,
            "names": self.names,
            "verbs": self.verbs,
            "kinds": self.kinds,
            "ports": self.ports,
            "health": self.health,
            "hosts": self.hosts,
            "standing": self.standing,
            "hosted": self.hosted,
            "tell": self.tell,
            "ask": self.ask,
            "tail": self.tail,
            "listen": self.listen,
            "explain": self.explain,
            "resume": self.resume,
            "export": self.export,
            "forget": self.forget,
            "reload": self.reload,
            "letters": self.letters,
            "letter": self.letter,
            "retry": self.retry,
            "drop": self.drop,
        }

    @property
    def engine(self) -> Engine:
        """The engine whose actors requests are about."""
        return self._engine or self.house.engine

    def take(self, connection: Asker, n: Any, request: dict[str, Any]) -> Answer | None:
        """Answer a request; None when the answer comes later. Raises GatewayError."""
        door = self._doors.get(str(request.get("do")))
        if door is None:
            raise BadRequest(f"cannot do {str(request.get('do'))[:_SHOWN]!r}: there is {', '.join(sorted(self._doors))}")
        return door(connection, n, request)

    # --- looking

    def show(self, connection: Asker, n: Any, request: dict[str, Any]) -> Answer | None:
        id = text_of(request, "id")
        if not id:
            late = lambda: {"ok": True, "show": views.from_outside(self.house)}  # noqa: E731  # said at the deadline
            return self._look(connection, n, lambda: {"show": views.whole(self.house)}, late)
        for hosted in self.house.hosts.all:
            if hosted.me == id:
                return {"ok": True, "hosted": views.of_hosted(hosted, self.house.engine)}
        check_id(id)
        return self._look(connection, n, lambda: found.actor(id, self.engine))

    def machine(self, connection: Asker, n: Any, request: dict[str, Any]) -> Answer | None:
        of = text_of(request, "of")
        return self._look(connection, n, lambda: picture(of, self.house))

    def list(self, connection: Asker, n: Any, request: dict[str, Any]) -> Answer | None:
        prefix, after, limit = text_of(request, "prefix"), text_of(request, "after"), limit_of(request)
        every, states = truth_of(request, "every"), truth_of(request, "states")
        return self._look(connection, n, lambda: found.ids(prefix, after, limit, self.engine, every=every, states=states))

    def names(self, connection: Asker, n: Any, request: dict[str, Any]) -> Answer | None:
        begin, limit = text_of(request, "begin"), limit_of(request)
        return self._look(connection, n, lambda: names.actors(begin, limit, self.engine))

    def verbs(self, connection: Asker, n: Any, request: dict[str, Any]) -> Answer | None:
        of = text_of(request, "of")
        return self._look(connection, n, lambda: names.verbs(of, self.engine))

    def kinds(self, connection: Asker, n: Any, request: dict[str, Any]) -> Answer | None:
        return self.aside(connection, n, lambda: described(self.engine.directory))

    def ports(self, connection: Asker, n: Any, request: dict[str, Any]) -> Answer | None:
        return self.aside(connection, n, plugged_in)

    def health(self, connection: Asker, n: Any, request: dict[str, Any]) -> Answer | None:
        found = problems(self.house)
        return {"ok": True, "healthy": not found, "problems": found}

    def hosts(self, connection: Asker, n: Any, request: dict[str, Any]) -> Answer | None:
        """Show all hosts. The database is asked, on a thread of its own."""
        return self.aside(connection, n, self.house.linked().hosts)

    def standing(self, connection: Asker, n: Any, request: dict[str, Any]) -> Answer | None:
        return {"ok": True, "standing": standing(self.house)}

    def hosted(self, connection: Asker, n: Any, request: dict[str, Any]) -> Answer | None:
        """Show host-bound actors. Nothing is asked of the engine: whoever shows levels may look each second."""
        prefix = text_of(request, "prefix")
        found = [views.of_hosted(hosted, self.engine) for hosted in self.house.hosts.all if hosted.me.startswith(prefix)]
        return {"ok": True, "name": self.house.name, "simulated": self.house.simulated, "hosted": found}

    def tail(self, connection: Asker, n: Any, request: dict[str, Any]) -> Answer | None:
        self.desk.follow(connection, n, prefix=text_of(request, "prefix"), verb=text_of(request, "verb"))
        return {"ok": True, "tail": True}

    def listen(self, connection: Asker, n: Any, request: dict[str, Any]) -> Answer | None:
        """Stream the bytes of a wire. On the control actor's thread alone: nothing is asked of the engine, or of the device."""
        id = text_of(request, "id")
        wires = [hosted.me for hosted in self.house.hosts.all if hosted.kind.wired]
        if id not in wires:
            there = any(hosted.me == id for hosted in self.house.hosts.all)
            fact = "it has no wire with bytes on it" if there else "there is no such device"
            return no("not_found", f"cannot listen to {id}: {fact}; {did_you_mean(id, wires)}")
        self.desk.overhear(connection, n, id)
        return {"ok": True, "listen": id}

    def explain(self, connection: Asker, n: Any, request: dict[str, Any]) -> Answer | None:
        """Explain by the engine that knows of it: the gateway's own, or the one that serves shared actors here."""
        from gateway.control.explain import explain  # noqa: PLC0415  # not for a gateway that nobody asks

        id, limit = text_of(request, "id"), limit_of(request)
        pending = self.desk.later(connection, n, LOOK_S, _engine_stands)
        engines = [self._engine] if self._engine is not None else self.house.engines

        def look(engine: Engine, others: list[Engine]) -> None:
            try:
                self.desk.settle(pending, {"ok": True, "explained": explain(engine, id, limit)})
            except Unexplained:
                if not others:
                    raise
                ask(others)

        def ask(left: list[Engine]) -> None:
            engine, *others = left
            engine.post(lambda: self._settled(pending, lambda: look(engine, others)))

        ask(engines)
        return None

    # --- telling and asking

    def tell(self, connection: Asker, n: Any, request: dict[str, Any]) -> Answer | None:
        """Send a message; the answer comes when it is on disk."""
        timeout_s = timeout_s_of(request)
        pending = self.desk.later(connection, n, timeout_s, lambda: unknown(timeout_s, "it is not on disk yet"))
        if truth_of(request, "once"):
            self._send(pending, request, reply_to=self._expect(pending, answered))
            return None

        def committed(receipt: Receipt) -> None:
            id = receipt.message.id if isinstance(receipt, Arrival) else ""
            told = {"ok": True, "id": id, "duplicate": receipt.duplicate}
            self.desk.settle(pending, told)

        self._send(pending, request, on_commit=committed)
        return None

    def ask(self, connection: Asker, n: Any, request: dict[str, Any]) -> Answer | None:
        """Send a message, and answer with the reply of whom it is for; with a `note` where nobody has ever written to them."""
        timeout_s = timeout_s_of(request)
        pending = self.desk.later(connection, n, timeout_s, lambda: unknown(timeout_s, "no reply came"))

        self._send(pending, request, reply_to=self._expect(pending, answered if truth_of(request, "once") else replied))
        return None

    def _expect(self, pending: Pending, answer_of: Callable[[Reply], Answer]) -> str:
        """Make the address at which a reply settles a request."""
        address = self.house.engine.expect(lambda reply: self.desk.settle(pending, answer_of(reply)))
        pending.abandon = lambda: self.house.engine.give_up(address)
        return address

    def _send(
        self, pending: Pending, request: dict[str, Any], *, reply_to: str = "", on_commit: Callable[[Receipt], None] | None = None
    ) -> None:
        """Send the message of a request into the gateway; this never waits for room, since others wait for this thread."""
        payload = request.get("payload")
        try:
            host = pending.connection.host or self.desk.host
            if host.quiet:
                raise Refused("cannot take it: the gateway is closing; send it again when it is back")
            if not isinstance(payload, (dict, type(None))):
                raise BadRequest("cannot read the request: 'payload' is no JSON object")
            to, verb = text_of(request, "to"), text_of(request, "verb")
            model = self.house.engine.directory.find_outside(to, verb).payload
            found: Any = read_typed(model, payload, texts_of(request), where=f"{verb} to {to}")
            id, once = text_of(request, "id"), truth_of(request, "once")
            if once:
                if not id:
                    raise BadRequest("cannot do it once: 'id' is missing; say under which id it is to be known")
                found = carried(text_of(request, "do"), to, verb, found)
                to, verb = actor_of(host.me, id), "carry" if request.get("do") == "ask" else "pass_on"
            host.send(
                to,
                verb,
                found,
                id=id,
                content=named(to, verb, found.to_json()) if id and not once else b"",
                again=not once,
                by=By.ACTORS if once else By.OUTSIDE,
                reply_to=reply_to,
                expires_s=expires_s_of(request),
                size=_SIZE + len(json.dumps(payload)),
                wait=False,
                on_commit=on_commit,
            )
        except GatewayError as error:
            self.desk.settle(pending, no(fault_of(error), str(error)))

    # --- dead letters

    def letters(self, connection: Asker, n: Any, request: dict[str, Any]) -> Answer | None:
        after, limit = whole_of(request, "after", 0), limit_of(request)
        return self._look(connection, n, lambda: dead.letters(self.engine, after, limit))

    def letter(self, connection: Asker, n: Any, request: dict[str, Any]) -> Answer | None:
        number = whole_of(request, "letter", 0)
        return self._look(connection, n, lambda: dead.letter(self.engine, number))

    def retry(self, connection: Asker, n: Any, request: dict[str, Any]) -> Answer | None:
        number = whole_of(request, "letter", 0)
        return self._act(connection, n, lambda: dead.retry(self.engine, number))

    def drop(self, connection: Asker, n: Any, request: dict[str, Any]) -> Answer | None:
        number = whole_of(request, "letter", 0)
        return self._act(connection, n, lambda: dead.drop(self.engine, number))

    # --- paused actors

    def resume(self, connection: Asker, n: Any, request: dict[str, Any]) -> Answer | None:
        id, skip = text_of(request, "id"), truth_of(request, "skip")
        return self._act(connection, n, lambda: resume(self.engine, id, skip=skip))

    # --- what is stored

    def export(self, connection: Asker, n: Any, request: dict[str, Any]) -> Answer | None:
        id = text_of(request, "id")
        return self._look(connection, n, lambda: found.stored(id, self.engine))

    def forget(self, connection: Asker, n: Any, request: dict[str, Any]) -> Answer | None:
        id = text_of(request, "id")
        if not truth_of(request, "sure"):
            return self._look(connection, n, lambda: {"would_forget": forget.belongings(self.engine, id)})
        return self._act(connection, n, lambda: {"forgotten": forget.forget(self.engine, id)})

    # --- the configuration

    def reload(self, connection: Asker, n: Any, request: dict[str, Any]) -> Answer | None:
        """Have the configuration read again; the answer comes when what can be taken over is."""
        timeout_s = timeout_s_of(request)
        pending = self.desk.later(connection, n, timeout_s, lambda: unknown(timeout_s, "the reload has not ended"))

        def reloaded(found: Reloaded) -> None:
            taken = {"taken": list(found.taken), "closing": list(found.closing), "needs_restart": list(found.needs_restart)}
            taken["not_up"] = list(found.not_up)
            self.desk.settle(pending, no("bad_config", found.text) if found.refused else {"ok": True, "text": found.text, **taken})

        self.house.reload(reloaded)
        return None

    # --- how it is answered

    def _look(self, connection: Asker, n: Any, look: Callable[[], Answer], late: Callable[[], Answer] | None = None) -> Answer | None:
        """Answer, later, with what `look` sees on the engine's thread."""
        pending = self.desk.later(connection, n, LOOK_S, late or _engine_stands)
        self._run(pending, lambda: self.desk.settle(pending, {"ok": True, **look()}))
        return None

    def aside(self, connection: Asker, n: Any, look: Callable[[], Answer]) -> Answer | None:
        """Answer, later, with what `look` sees, which takes its time, on a thread of its own."""
        pending = self.desk.later(connection, n, ASIDE_S, lambda: no("timeout", f"nothing was found within {ASIDE_S:.0f} s"))
        action = lambda: self.desk.settle(pending, {"ok": True, **look()})  # noqa: E731  # as elsewhere
        threading.Thread(target=lambda: self._settled(pending, action), name="a look aside", daemon=True).start()
        return None

    def _act(self, connection: Asker, n: Any, act: Callable[[], Answer | None]) -> Answer | None:
        """Do something on the engine's thread; the answer, with what that gives, comes when it is on disk."""
        pending = self.desk.later(connection, n, LOOK_S, lambda: unknown(LOOK_S, "it is not on disk yet"))

        def run() -> None:
            found = act() or {}
            dead.after_commit(self.engine, lambda: self.desk.settle(pending, {"ok": True, **found}))

        self._run(pending, run)
        return None

    def _run(self, pending: Pending, action: Callable[[], None]) -> None:
        self.engine.post(lambda: self._settled(pending, action))

    def _settled(self, pending: Pending, action: Callable[[], None]) -> None:
        """Do what settles a request; where that raises, settle it with a no."""
        try:
            action()
        except GatewayError as error:
            self.desk.settle(pending, no(fault_of(error), str(error)))
        except ANYTHING as error:  # a fault of a look must not end the engine
            log.error("cannot answer a request", exc_info=error)
            self.desk.settle(pending, no("internal", f"a fault of the gateway's own: {type(error).__name__}: {error}; see its log"))


def _engine_stands() -> Answer:
    return no("timeout", f"the engine did not turn within {LOOK_S:.0f} s")
