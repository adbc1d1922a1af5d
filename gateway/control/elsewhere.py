"""Where a request is about: this gateway, another host, or an actor that several hosts share. And how it gets there.

What is about `host/pi-barn/twin/door` is asked of the control actor of pi-barn, by a message as any other; what is about a shared actor, of
whichever host serves it now. The answer is as that host gives it, but that ids are those that hold here. A host that is away is asked
nothing: what it would do days later is not what somebody has asked for now.
"""

import json
import threading
import time
from collections.abc import Callable
from typing import Any, NamedTuple

from gateway.actors.callers import By
from gateway.actors.did_you_mean import did_you_mean
from gateway.actors.errors import BadId, GatewayError, Refused, UnknownTarget
from gateway.actors.ids import HOST, check_id
from gateway.actors.messages import Reply
from gateway.control.dead import NoSuchLetter
from gateway.control.faults import fault_of, unknown
from gateway.control.forgetting_hosts import forget_host, host_in
from gateway.control.gathered import SHARED, GatheredAnswers, GatheredLetters, GatheredPasts, of_shared, since, whom
from gateway.control.house import House, OtherHosts
from gateway.control.looking import LookThere
from gateway.control.pending import Answer, Asker, Pending, no
from gateway.control.reading import limit_of, text_of, truth_of, whole_of
from gateway.control.requests import Desk, Requests
from gateway.runtime.engine import Engine

MOVED = "moved"
"""The fault where a shared actor is not served by the host that was asked: it was asked too late, or too early."""
_OF_ACTORS = frozenset({"show", "machine", "explain", "resume", "export", "forget"})
_OF_LETTERS = frozenset({"letter", "retry", "drop"})
FAR = _OF_ACTORS | _OF_LETTERS | {"letters", "list"}
"""What other hosts may ask here, and be asked."""
_FIRST_SHARED = 2**32
"""Dead letters of shared actors have numbers from here on, those of a host of its own do not reach them."""
_FAR_S = 7.5
"""How long the answer of another host may take."""
_SETTLING_S = 4.0
"""For so long a shared actor may be without a host that serves it, while hosts come and go."""
_AGAIN_S = 0.2


class Whereabouts(NamedTuple):
    """What a request is about, where that is not this gateway's own."""

    request: dict[str, Any]
    """As the host that is asked reads it."""
    host: str = ""
    """The host; empty: whichever serves a shared actor."""
    letter: int = 0
    """The number of a dead letter of a shared actor, which says whose it is."""

    @property
    def prefix(self) -> str:
        """What stands before the ids of that host here."""
        return f"{HOST}/{self.host}/" if self.host else ""


class Everywhere:
    """Takes requests, and has those answered elsewhere that are about something there. On the control actor's thread."""

    def __init__(self, house: House, desk: Desk) -> None:
        self._house = house
        self._desk = desk
        self._own = Requests(house, desk)

    def take(self, connection: Asker, n: Any, request: dict[str, Any]) -> Answer | None:
        """Answer a request; None when the answer comes later. Raises GatewayError."""
        do = request.get("do")
        if do == "letters" and truth_of(request, "hosts"):
            return self._letters_of_all(connection, n, limit_of(request))
        if do == "explain" and truth_of(request, "hosts"):
            return self._explain_by_all(connection, n, request)
        if do == "forget" and (host := host_in(text_of(request, "id"))):
            others, sure = self._house.linked(), truth_of(request, "sure")
            return self._own.aside(connection, n, lambda: forget_host(others, host, sure=sure))
        request, there = whereabouts(request, self._house.others)
        if there is None:
            return self._own.take(connection, n, request)
        if not there.host and (engine := self._engine_of(there)) is not None:
            return Requests(self._house, self._desk, engine).take(connection, n, request)
        return self._ask(connection, n, there)

    def take_from_afar(self, connection: Asker, request: dict[str, Any]) -> Answer | None:
        """Answer what another host asks: it is about something here, or nobody's. Raises GatewayError."""
        do = text_of(request, "do")
        if do not in FAR:
            raise UnknownTarget(f"cannot do {do[:100]!r} for another host: there is {', '.join(sorted(FAR))}")
        request, there = whereabouts(request, self._house.others)
        if there is None:
            return self._own.take(connection, None, request)
        engine = self._engine_of(there) if not there.host else None
        if engine is None:
            return no(MOVED, "cannot look: another host serves that now; ask again")
        return Requests(self._house, self._desk, engine).take(connection, None, request)

    def _engine_of(self, there: Whereabouts) -> Engine | None:
        """The engine of this host that serves a shared actor; None where another host does, or nobody."""
        sharing = self._house.sharing
        if sharing is None or there.request.get("do") == "list":
            return None
        if there.letter:
            engine = sharing.engine
            return engine if engine is not None and there.letter in engine.dead_letters else None
        return sharing.engine_of(text_of(there.request, "id"))

    # --- asking another host

    def _ask(self, connection: Asker, n: Any, there: Whereabouts) -> Answer | None:
        late = lambda: unknown(_FAR_S, f"no answer came from {there.host or 'the host that serves it'}")  # noqa: E731  # said at the deadline
        pending = self._desk.later(connection, n, _FAR_S, late)
        self._aside(pending, there, time.monotonic() + _SETTLING_S)
        return None

    def _aside(self, pending: Pending, there: Whereabouts, until_s: float) -> None:
        """Find the host, and ask it, on a thread of its own: the database is asked."""
        self._begin(pending, lambda: self._find(pending, there, until_s))

    def _find(self, pending: Pending, there: Whereabouts, until_s: float) -> None:
        others = self._house.linked()
        if there.host:
            refuse_away(there.host, others)
            self._send(pending, there, there.host, until_s)
            return
        if there.request.get("do") == "list":
            self._desk.settle(pending, {"ok": True, **listed(there.request, others)})
            return
        id = _box_of(there.letter, others) if there.letter else text_of(there.request, "id")
        while not (host := others.server_of(id)):
            if time.monotonic() >= until_s:
                raise Refused(f"cannot look at {id}: no host serves it at the moment; gateway show --hosts")
            time.sleep(_AGAIN_S)
        self._send(pending, there, host, until_s)

    def _send(self, pending: Pending, there: Whereabouts, host: str, until_s: float) -> None:
        def hear(reply: Reply) -> None:
            answer = answer_of(reply, there)
            if answer.get("fault") == MOVED and time.monotonic() < until_s:
                self._aside(pending, there, until_s)
            else:
                self._desk.settle(pending, answer)

        pending.abandon = self._look(host, there.request, hear)

    def _look(self, host: str, request: dict[str, Any], hear: Callable[[Reply], None]) -> Callable[[], None]:
        """Have another host look; return what gives the look up."""
        engine = self._house.engine
        address = engine.expect(hear)
        look = LookThere(request=json.dumps(request))
        self._desk.host.send(f"{HOST}/{host}/control/local", "look", look, reply_to=address, by=By.ACTORS, wait=False)
        return lambda: engine.give_up(address)

    # --- asking all hosts

    def _letters_of_all(self, connection: Asker, n: Any, limit: int) -> Answer | None:
        """Gather the dead letters of all hosts that have some, this one's, and those of shared actors."""
        others, gathered = self._house.linked(), GatheredLetters()
        pending = self._desk.later(connection, n, _FAR_S, gathered.answer)

        def gather() -> None:
            asked, away = whom(others.hosts()["hosts"], others.me, only_with_letters=True)
            gathered.begin([SHARED, *asked], away)
            self._ask_all(pending, {"do": "letters", "limit": limit}, gathered, asked)
            self._came(pending, gathered, SHARED, of_shared(others, limit))

        self._begin(pending, gather)
        return None

    def _explain_by_all(self, connection: Asker, n: Any, request: dict[str, Any]) -> Answer | None:
        """Gather what each host knows of a message."""
        others, gathered = self._house.linked(), GatheredPasts()
        id, limit = text_of(request, "id"), limit_of(request)
        pending = self._desk.later(connection, n, _FAR_S, gathered.answer)

        def gather() -> None:
            asked, away = whom(others.hosts()["hosts"], others.me, only_with_letters=False)
            gathered.begin(asked, away)
            self._ask_all(pending, {"do": "explain", "id": id, "limit": limit}, gathered, asked)

        self._begin(pending, gather)
        return None

    def _ask_all(self, pending: Pending, request: dict[str, Any], gathered: GatheredAnswers, hosts: list[str]) -> None:
        """Ask hosts the same."""

        def heard_from(host: str) -> Callable[[Reply], None]:
            return lambda reply: self._came(pending, gathered, host, answer_of(reply, Whereabouts({}, host)))

        give_ups = [self._look(host, request, heard_from(host)) for host in hosts]

        def give_up_all() -> None:
            for give_up in give_ups:
                give_up()

        pending.abandon = give_up_all

    def _came(self, pending: Pending, gathered: GatheredAnswers, host: str, answer: Answer) -> None:
        """Take what a host has answered; the last answer settles the request."""
        if gathered.come(host, answer):
            self._desk.settle(pending, gathered.answer())

    def _begin(self, pending: Pending, work: Callable[[], None]) -> None:
        threading.Thread(target=lambda: self._settled(pending, work), name="a look elsewhere", daemon=True).start()

    def _settled(self, pending: Pending, action: Callable[[], None]) -> None:
        """Do what settles a request; where that raises, settle it with a no."""
        try:
            action()
        except GatewayError as error:
            self._desk.settle(pending, no(fault_of(error), str(error)))


def whereabouts(request: dict[str, Any], others: OtherHosts | None) -> tuple[dict[str, Any], Whereabouts | None]:
    """A request as it is read here, and where it is to be answered; None: here. Raises BadId, BadRequest, and UnknownTarget where no other
    host is known."""
    do = text_of(request, "do")
    name = {"list": "prefix", "letters": "host"}.get(do, "id" if do in _OF_ACTORS else "host" if do in _OF_LETTERS else "")
    text = text_of(request, name) if name else ""
    host, rest = (text, "") if name == "host" else _apart(text, whole=do != "list")
    if host and others is None:
        raise UnknownTarget(f"cannot look at {text}: this gateway is not linked with other hosts; give it a section [link]")
    if host:
        stripped = {**request, name: rest}
        if others is not None and rest.partition("/")[0] in others.shared:
            return whereabouts(stripped, others)
        return (stripped, None) if others is not None and host == others.me else (request, Whereabouts(stripped, host))
    if others is None or not others.shared:
        return request, None
    if do in _OF_LETTERS and (number := whole_of(request, "letter", 0)) >= _FIRST_SHARED:
        return request, Whereabouts(request, letter=number)
    if name in ("id", "prefix") and "/" in text and text.partition("/")[0] in others.shared and (do != "machine"):
        return request, Whereabouts(request)
    return request, None


def _apart(text: str, *, whole: bool) -> tuple[str, str]:
    """The host that an id, or the beginning of ids, names, and what is left of it; no host where it names none. Raises BadId."""
    kind, _, rest = text.partition("/")
    if kind != HOST:
        return "", text
    host, _, rest = rest.partition("/")
    if not host or (whole and not rest):
        raise BadId(f"cannot look at {text}: it is a host; name one of its actors behind it, as {HOST}/{host or 'NAME'}/twin/door")
    if whole:
        check_id(text)
    return host, rest


def refuse_away(host: str, others: OtherHosts) -> None:
    """Raise Refused where a host is away, and UnknownTarget where there is none of that name."""
    known = {one["name"]: one for one in others.hosts()["hosts"]}
    if host not in known:
        raise UnknownTarget(f"cannot ask {host}: no host of that name was ever linked; {did_you_mean(host, list(known))}")
    if known[host]["away"]:
        raise Refused(f"cannot ask {host}: it is {since(known[host])}; ask again when it is back, gateway show --hosts says so")


def listed(request: dict[str, Any], others: OtherHosts) -> Answer:
    """The ids of shared actors that begin so, from the database."""
    prefix, after, limit = text_of(request, "prefix"), text_of(request, "after"), limit_of(request)
    found = others.ids(prefix, after, limit + 1)
    more = len(found) > limit
    states = {"actors": [{"id": id} for id in found[:limit]]} if truth_of(request, "states") else {}
    return {"ids": found[:limit], "more": more, "after": found[limit - 1] if more else after, **states}


def _box_of(letter: int, others: OtherHosts) -> str:
    """Whose mail a dead letter was. Raises NoSuchLetter."""
    rows = others.letters(letter - 1, 1)
    if not rows or rows[0].n != letter:
        raise NoSuchLetter(f"cannot find dead letter {letter}: there is none of that number; list them")
    return rows[0].box


def answer_of(reply: Reply, there: Whereabouts) -> Answer:
    """What another host has answered, with the ids that hold here."""
    body = reply.body if isinstance(reply.body, dict) else {}
    if not reply.ok:
        return no("refused_by_actor", f"{there.host or 'the host that serves it'} cannot look: {reply.reason}")
    answer: Answer = json.loads(body.get("answer", "{}"))
    for name in ("actor", "hosted", "stranded", "stored", "would_forget", "forgotten"):
        if isinstance(found := answer.get(name), dict) and "id" in found:
            answer[name] = {**found, "id": f"{there.prefix}{found['id']}"}
    if "ids" in answer and there.prefix:
        answer["ids"] = [f"{there.prefix}{id}" for id in answer["ids"]]
    return answer
