"""A page of a collection: the entries of one range of keys. It knows its range, and its neighbours.

A page that is full gives its upper half to a new neighbour on its right. The last page, when its keys only rise as times do, gives
all but the last to a new one on its left, and so remains the one that rising keys go to. What comes here for keys that were given
away is sent on to that side, until it is where it belongs.
"""

from typing import Any, ClassVar

from pydantic import JsonValue

from gateway.actors.actor import Actor
from gateway.actors.collection.entries import Added, Counted, Entry, Found, Listed, Put, Removed
from gateway.actors.collection.errand import Do, Errand
from gateway.actors.models import Payload, State
from gateway.actors.stage import Stage
from gateway.actors.supervision import Decision, Fault
from gateway.actors.verbs import verb

FIRST = "first"
"""Key of the page that a collection begins with: as long as it is alone, it has every key."""


class BeginPage(Payload):
    """Payload of the verb `begin` of a new page: the entries that its neighbour gives to it."""

    low: str
    high: str | None
    left: str
    right: str
    next: str
    before: str = ""
    """Key of the neighbour, where it is the one on the right."""
    values: dict[str, str]
    notes: dict[str, JsonValue]


class PageOpened(Payload):
    """Payload of the verb `opened` of a collection and of the page on the left: a new page has begun, with the keys from `low` on."""

    low: str
    page: str
    high: str = ""
    before: str = ""
    """Key of the page that begins at `high` now, where it has given the new one its keys."""


class PageState(State):
    """What a page remembers."""

    low: str = ""
    """The first key of the page's range …"""
    high: str | None = None
    """… and the first key behind that range; None: the range goes on to the end."""
    left: str = ""
    """Key of a page that has the keys below `low`, or knows which page has them."""
    right: str = ""
    """Key of the page that was given what is from `high` on. It stays, so that errands which go round do not overtake others."""
    next: str = ""
    """Key of the page that begins at `high`: lists go on there."""
    begun: bool = False
    joined: bool = False
    """Whether everything that went round by its neighbours has come."""
    held: tuple[Errand, ...] = ()
    """What came straight from the collection before it joined, and the lists and counts that came from a neighbour."""
    values: dict[str, str] = {}
    notes: dict[str, JsonValue] = {}
    """Notes of the entries that have one."""


class Page(Actor[PageState]):
    """An actor that keeps the entries of one range of keys."""

    kind = "collection_page"
    inner = True

    most: ClassVar[int] = 256
    """How many entries it has before it splits."""

    @verb
    def begin(self, begin: BeginPage, stage: Stage[PageState]) -> None:
        """Take over the entries that a neighbour page has given away, and tell the collection about this page."""
        if not stage.state.begun:
            fields = {name: getattr(begin, name) for name in ("low", "high", "left", "right", "next", "values", "notes")}
            stage.state = stage.state.changed(begun=True, **fields)
            opened = PageOpened(low=begin.low, page=stage.key, high=begin.high or "", before=begin.before)
            stage.tell(_collection(stage), "opened", opened)
            if begin.before and begin.left:
                stage.tell(page_of(_collection(stage), begin.left), "opened", opened)

    @verb
    def run(self, errand: Errand, stage: Stage[PageState]) -> None:
        """Do an errand at this page, or send the errand on to the page that has its key now."""
        self._take(errand, stage)

    @verb
    def join(self, errand: Errand, stage: Stage[PageState]) -> None:
        """Let the collection write straight to a page: this one, or one that this page gave keys to."""
        self._take(errand, stage)

    @verb
    def opened(self, opened: PageOpened, stage: Stage[PageState]) -> None:
        """Remember a new neighbour on the right, at which lists go on. Pages that this one gave its keys to may be in between."""
        state = stage.state
        if state.high == opened.low:
            stage.state = state.changed(next=opened.page)
        elif state.high is not None and state.high < opened.low:
            stage.tell(page_of(_collection(stage), state.next), "opened", opened)

    def failed(self, fault: Fault, state: PageState) -> Decision:
        """Decide about a message that failed: a page that cannot `begin` or `join` is paused with all its mail, so that nothing is lost or
        overtaken; any other message is skipped."""
        del state
        return Decision.PAUSE if fault.verb in ("begin", "join") else Decision.SKIP

    def _take(self, errand: Errand, stage: Stage[PageState]) -> None:
        state = stage.state
        if stage.key != FIRST and not state.begun:
            errand.refuse(stage, f"cannot {errand.do.value} {errand.key!r}: {stage.me} has not begun; see its dead letters")
        elif stage.key != FIRST and not state.joined and _must_wait(errand, stage):
            stage.state = state.changed(held=(*state.held, _to_hold(errand, stage)))
        else:
            self._run(errand, stage)

    def _run(self, errand: Errand, stage: Stage[PageState]) -> None:
        to = "" if errand.page == stage.key else _away(errand.key, stage.state)
        if to:
            errand.send(stage, page_of(_collection(stage), to))
            return
        match errand.do:
            case Do.ADD:
                self._add(errand, stage)
            case Do.PUT:
                self._put(errand, stage)
            case Do.FIND:
                _find(errand, stage)
            case Do.REMOVE:
                _remove(errand, stage)
            case Do.LIST:
                _list(errand, stage)
            case Do.COUNT:
                _count(errand, stage)
            case Do.JOIN:
                self._join(stage)

    def _add(self, errand: Errand, stage: Stage[PageState]) -> None:
        added = errand.key not in stage.state.values
        if added:
            self._keep(errand, stage)
        value, note = (errand.value, errand.note) if added else _entry(errand.key, stage.state)
        errand.answer(stage, Added(key=errand.key, added=added, value=value, note=note))

    def _put(self, errand: Errand, stage: Stage[PageState]) -> None:
        before = stage.state.values.get(errand.key)
        self._keep(errand, stage)
        errand.answer(stage, Put(key=errand.key, new=before is None, before=before or ""))

    def _keep(self, errand: Errand, stage: Stage[PageState]) -> None:
        state = stage.state
        notes = {key: note for key, note in state.notes.items() if key != errand.key}
        if errand.note is not None:
            notes[errand.key] = errand.note
        stage.state = state.changed(values={**state.values, errand.key: errand.value}, notes=notes)
        if len(stage.state.values) > self.most:
            _split(stage, errand.key)

    def _join(self, stage: Stage[PageState]) -> None:
        """Run the errands that the collection sent straight to this page, now that those sent by way of its neighbour have come."""
        held = stage.state.held
        stage.state = stage.state.changed(joined=True, held=())
        for errand in held:
            until_ms = errand.held_until_ms
            if 0 < until_ms < stage.clock_ms:
                errand.refuse(stage, f"expired {(stage.clock_ms - until_ms) / 1000:.0f} s ago")
            else:
                self._run(errand.changed(expires_ms=stage.now_ms + until_ms - stage.clock_ms) if until_ms else errand, stage)


def page_of(collection: str, key: str) -> str:
    """The id of a collection's page, by the page's key."""
    return f"{collection}/collection_page/{key}"


def _collection(stage: Stage[PageState]) -> str:
    return stage.me.rsplit("/", 2)[0]


def _must_wait(errand: Errand, stage: Stage[PageState]) -> bool:
    """Whether an errand must wait until the page has joined: one that came straight here would overtake what goes round by its neighbours,
    and what reads many pages would miss it, and all that waits here already."""
    return stage.message.sender == _collection(stage) or errand.do in (Do.LIST, Do.COUNT)


def _to_hold(errand: Errand, stage: Stage[PageState]) -> Errand:
    """An errand as a page holds it, with its expiry on the gateway's clock, which nobody sets meanwhile."""
    until = stage.message.until
    until_ms = until.clock_ms if until is not None else stage.clock_ms + errand.expires_ms - stage.now_ms
    return errand.changed(held_until_ms=max(1, until_ms)) if errand.expires_ms else errand


def _away(key: str, state: PageState) -> str:
    """The key of the neighbour page that an errand for `key` must go on to; empty where this page has the key."""
    if state.high is not None and key >= state.high:
        return state.right
    return state.left if key < state.low else ""


def _entry(key: str, state: PageState) -> tuple[str, JsonValue]:
    return state.values[key], state.notes.get(key)


def _split(stage: Stage[PageState], added: str) -> None:
    """Give half of the entries to a new page beside this one, with everything that the new page must know."""
    state, page = stage.state, stage.new_key()
    keys = sorted(state.values)
    if state.high is None and added == keys[-1]:
        kept, given, at = keys[-1:], keys[:-1], keys[-1]
        stage.state = _with(state, kept).changed(low=at, left=page)
        begin = BeginPage(
            low=state.low, high=at, left=state.left, right=stage.key, next=stage.key, before=stage.key, **_picked(state, given)
        )
    else:
        at = keys[len(keys) // 2]
        kept, given = keys[: len(keys) // 2], keys[len(keys) // 2 :]
        stage.state = _with(state, kept).changed(high=at, right=page, next=page)
        begin = BeginPage(low=at, high=state.high, left=stage.key, right=state.right, next=state.next, **_picked(state, given))
    stage.tell(page_of(_collection(stage), page), "begin", begin)


def _with(state: PageState, keys: list[str]) -> PageState:
    return state.changed(**_picked(state, keys))


def _picked(state: PageState, keys: list[str]) -> dict[str, Any]:
    """The fields of a page's state that hold the entries of some keys."""
    values, notes = state.values, state.notes
    return {"values": {key: values[key] for key in keys}, "notes": {key: notes[key] for key in keys if key in notes}}


def _find(errand: Errand, stage: Stage[PageState]) -> None:
    found = errand.key in stage.state.values
    value, note = _entry(errand.key, stage.state) if found else ("", None)
    errand.answer(stage, Found(key=errand.key, found=found, value=value, note=note))


def _remove(errand: Errand, stage: Stage[PageState]) -> None:
    state = stage.state
    before = state.values.get(errand.key)
    if before is not None:
        values = {key: value for key, value in state.values.items() if key != errand.key}
        notes = {key: note for key, note in state.notes.items() if key != errand.key}
        stage.state = state.changed(values=values, notes=notes)
    errand.answer(stage, Removed(key=errand.key, removed=before is not None, value=before or ""))


def _list(errand: Errand, stage: Stage[PageState]) -> None:
    """Add this page's entries to a list; send the list on to the page on the right until there is one entry more than was asked for, or no
    more can come."""
    state = stage.state
    here = sorted(key for key in state.values if key > errand.after and key.startswith(errand.prefix))
    room = errand.limit + 1 - len(errand.found)
    found = (*errand.found, *(Entry(key=key, value=state.values[key], note=state.notes.get(key)) for key in here[:room]))
    if len(found) > errand.limit:
        errand.answer(stage, Listed(entries=found[: errand.limit], more=True))
    elif state.high is None or (state.high > errand.prefix and not state.high.startswith(errand.prefix)):
        errand.answer(stage, Listed(entries=found))
    else:
        errand.changed(key=state.high, found=found).send(stage, page_of(_collection(stage), state.next))


def _count(errand: Errand, stage: Stage[PageState]) -> None:
    """Add this page's entries to a count, and send the count on to the page on the right; the last page answers."""
    state, counted = stage.state, errand.counted + len(stage.state.values)
    if state.high is None:
        errand.answer(stage, Counted(count=counted))
    else:
        errand.changed(key=state.high, counted=counted).send(stage, page_of(_collection(stage), state.next))
