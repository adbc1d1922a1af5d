"""Contacts: many users, each with an address book that only grows by events; whom a notice is for."""

from collections.abc import Iterator
from typing import Any

import pytest

from gateway.actors import Actor, BadPayload, Stage, State, verb
from gateway.business import contacts
from gateway.business.contact import ContactChange, ContactCreated, Create, OfUser
from gateway.business.contacts import Contacts, User
from gateway.business.notices import Channel, ContactAddress, Notice, Recipient
from gateway.testing import Rig, Turns

HOME = "contacts/home"
BO = {"name": "Bo Ek", "emails": ["bo@example.com"], "numbers": ["+46 1"], "groups": ["family"], "notify": [{"address": "phones/bo"}]}


class Heard(State):
    """The notices that came to the end of their way."""

    notices: tuple[Notice, ...] = ()


class Bell(Actor[Heard]):
    """Sends notices along a route by the contacts, back to itself."""

    @verb
    def ring(self, notice: Notice, stage: Stage[Heard]) -> None:
        stage.send_along(stage.route([(HOME, "whom"), (stage.me, "tell")]), notice)

    @verb
    def tell(self, notice: Notice, stage: Stage[Heard]) -> None:
        stage.state = stage.state.changed(notices=(*stage.state.notices, notice))


@pytest.fixture
def rig() -> Iterator[Rig]:
    """A household, and a bell."""
    with Rig([Contacts(), User(), Bell()]) as made:
        yield made


def _ask(rig: Rig, verb_: str, **fields: Any) -> Any:
    reply = rig.ask(HOME, verb_, fields or None)
    assert reply.ok, reply.reason
    return reply.body


def test_a_contact_is_created_with_its_number_and_found(rig: Rig) -> None:
    """Everything that was said of it comes back."""
    created = _ask(rig, "create", user="ann", **BO)
    notify = [{"channel": "mqtt", "address": "phones/bo"}]
    assert created == {"status": "success", "contact": {**BO, "notify": notify, "id": 1}}
    assert _ask(rig, "find", user="ann", id=1) == created


def test_users_have_their_own(rig: Rig) -> None:
    """Each counts from 1, and sees no other's."""
    for user, name in (("ann", "Bo"), ("cai", "Di"), ("ann", "Eve")):
        _ask(rig, "create", user=user, name=name)
    assert [(one["id"], one["name"]) for one in _ask(rig, "list", user="ann")["contacts"]] == [(1, "Bo"), (2, "Eve")]
    assert [(one["id"], one["name"]) for one in _ask(rig, "list", user="cai")["contacts"]] == [(1, "Di")]
    assert _ask(rig, "users") == {"users": ["ann", "cai"]}


def test_an_update_replaces_the_fields_it_names(rig: Rig) -> None:
    """The others stay; fields can be emptied; what changes nothing is no event."""
    _ask(rig, "create", user="ann", **BO)
    updated = _ask(rig, "update", user="ann", id=1, numbers=["+46 2"], emails=[])["contact"]
    assert (updated["name"], updated["numbers"], updated["emails"], updated["groups"]) == ("Bo Ek", ["+46 2"], [], ["family"])
    assert _ask(rig, "find", user="ann", id=1)["contact"] == updated
    _ask(rig, "update", user="ann", id=1, numbers=["+46 2"])
    kinds = [row.kind for row in rig.store.events(f"{HOME}/user/ann", 0, 10)]
    assert kinds == ["ContactCreated", "ContactUpdated"]


@pytest.mark.parametrize(("verb_", "user", "id"), [("find", "ann", 2), ("update", "ann", 2), ("remove", "ann", 2), ("find", "zoe", 1)])
def test_not_found_is_an_answer(rig: Rig, verb_: str, user: str, id: int) -> None:
    """Of a contact that is not there, and of a user nobody knows, who is not made by asking."""
    _ask(rig, "create", user="ann", **BO)
    assert _ask(rig, verb_, user=user, id=id) == {"status": "not found", "id": id}
    rig.settle()
    assert rig.store.actors("", "", 10) == [HOME, f"{HOME}/user/ann"]


def test_the_list_of_a_user_nobody_knows_is_empty(rig: Rig) -> None:
    """It is no fault to ask."""
    assert _ask(rig, "list", user="zoe") == {"status": "success", "contacts": []}


def test_a_number_is_never_used_again(rig: Rig) -> None:
    """Not after the removal of the last one, nor after a power cut."""
    for name in ("Bo", "Di"):
        _ask(rig, "create", user="ann", name=name)
    assert _ask(rig, "remove", user="ann", id=2)["contact"]["name"] == "Di"
    assert _ask(rig, "find", user="ann", id=2)["status"] == "not found"
    rig.crash()
    rig.start()
    assert _ask(rig, "create", user="ann", name="Eve")["contact"]["id"] == 3


def test_an_idle_user_leaves_memory_and_is_found_again(rig: Rig) -> None:
    """Nobody who asks can tell."""
    _ask(rig, "create", user="ann", **BO)
    rig.advance(400)
    assert rig.look(lambda: len(rig.engine.cells)) == 0
    assert _ask(rig, "find", user="ann", id=1)["contact"]["name"] == "Bo Ek"


def test_the_answer_is_to_what_was_asked() -> None:
    """The service hands the question on; the answer names the question, not what was handed on."""
    turns = Turns(User(), me=f"{HOME}/user/ann")
    home = Turns(Contacts(), me=HOME, reachable={"user": User.verbs})
    home.tell("create", {"user": "ann", "name": "Bo"}, reply_to="desk/a", id="question")
    (handed,) = home.mail
    assert (handed.to, handed.reply_to, handed.payload) == (f"{HOME}/user/ann", "desk/a", Create(name="Bo"))
    turns.tell("create", handed.payload, reply_to=handed.reply_to, route=handed.route)
    assert turns.replies[0].of == "question"


def test_a_user_must_be_a_key() -> None:
    """It is the last part of an actor's id."""
    home = Turns(Contacts(), me=HOME, reachable={"user": User.verbs})
    with pytest.raises(BadPayload) as caught:
        home.tell("list", {"user": "ann/../bob"})
    assert "cannot use 'ann/../bob' as a user: write letters, digits" in str(caught.value)
    assert OfUser(user="ann.b").user == "ann.b"


def test_an_address_book_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """A user who has too many is told so."""
    monkeypatch.setattr(contacts, "MOST_CONTACTS", 1)
    turns = Turns(User(), me=f"{HOME}/user/ann")
    turns.ask("create", {"name": "Bo"})
    refused = turns.ask("create", {"name": "Di"})
    assert (refused.ok, refused.reason) == (False, "ann has 1 contacts already; remove one first")
    assert [type(event) for event in turns.events] == [ContactCreated]


def test_an_update_needs_its_number() -> None:
    """And takes nothing it does not know."""
    turns = Turns(User(), me=f"{HOME}/user/ann")
    with pytest.raises(BadPayload):
        turns.tell("update", {"name": "Di"})
    with pytest.raises(BadPayload):
        turns.tell("update", {"id": 1, "user": "ann"})
    assert ContactChange(id=1).model_fields_set == {"id"}


# --- notices


def _household(rig: Rig) -> None:
    hook = {"channel": "webhook", "address": "webhook/di"}
    _ask(rig, "create", user="ann", **BO)
    _ask(rig, "create", user="ann", name="Di", groups=["night"], notify=[hook, {"address": "phones/di"}])
    _ask(rig, "create", user="ann", name="Eve")
    _ask(rig, "create", user="cai", name="Fen", groups=["night"], notify=[{"address": "phones/bo"}, {"address": "phones/fen"}])


def _names(notice: Notice) -> list[str]:
    return [f"{one.name} {one.address}" for one in notice.recipients]


@pytest.mark.parametrize(
    ("user", "group", "names"),
    [
        ("ann", "", ["Bo Ek phones/bo", "Di webhook/di", "Di phones/di"]),
        ("ann", "family", ["Bo Ek phones/bo"]),
        ("", "night", ["Di webhook/di", "Di phones/di", "Fen phones/bo", "Fen phones/fen"]),
        ("", "", ["Bo Ek phones/bo", "Di webhook/di", "Di phones/di", "Fen phones/fen"]),
        ("zoe", "", []),
    ],
)
def test_a_notice_gets_its_recipients_on_its_way(rig: Rig, user: str, group: str, names: list[str]) -> None:
    """Those of a user or of all, of a group or of all, each address once; and goes on to the next stop."""
    _household(rig)
    rig.tell("bell/a", "ring", Notice(subject="Frost", user=user, group=group, fields={"temperature_c": -3.5}))
    rig.settle()
    (notice,) = rig.state("bell/a").notices
    assert _names(notice) == names
    assert (notice.subject, notice.fields) == ("Frost", {"temperature_c": -3.5})


def test_whoever_asks_whom_is_answered(rig: Rig) -> None:
    """Without a route the answer is the notice; those who stand in it already stay."""
    _household(rig)
    first = Recipient(name="Host", channel=Channel.WEBHOOK, address="webhook/host")
    reply = rig.ask(HOME, "whom", Notice(group="family", recipients=(first,)))
    assert _names(Notice.model_validate_json(Notice.model_validate(reply.body, strict=False).to_json())) == [
        "Host webhook/host",
        "Bo Ek phones/bo",
    ]
    assert ContactAddress(address="x").channel is Channel.MQTT


def test_a_notice_survives_a_power_cut_between_two_address_books(rig: Rig) -> None:
    """Wherever it was, it goes on from there."""
    _household(rig)
    rig.send("bell/a", "ring", Notice(subject="Frost"))
    rig.crash()
    rig.start()
    rig.tell("bell/a", "ring", Notice(subject="Fire"))
    rig.settle()
    assert _names(rig.state("bell/a").notices[-1])[-1] == "Fen phones/fen"
