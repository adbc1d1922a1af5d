"""Contacts: a service for many users, each with an address book of their own that is loaded when somebody looks into it.

    gateway ask contacts/home create user=ann name="Bo Ek" 'notify=[{"address": "phones/bo"}]'     {"contact": {"id": 1, ...}}
    gateway ask contacts/home find user=ann id=1
    gateway events contacts                                                                         what ever happened

`contacts/home` passes each request on to the user's own actor, `contacts/home/user/ann`, which answers whoever asked. Both are
event-sourced: what is here is what ever happened to it, so a number is never given twice, not even after a removal.
A notice on its way along a route stops at `contacts/home`, verb `whom`, and gets its recipients there: see `notices.py`.

Source: the contacts service of nact's tutorial (https://nact.io).
"""

from gateway.actors import Event, EventSourced, Payload, Route, Stage, State, Stop, verb
from gateway.actors.models import Nothing
from gateway.business.contact import (
    ChangeOf,
    Contact,
    ContactChange,
    ContactCreated,
    ContactRemoved,
    ContactUpdated,
    Create,
    CreateOf,
    Many,
    NotFound,
    OfUser,
    One,
    UserJoined,
    Which,
    WhichOf,
)
from gateway.business.notices import Notice, Recipient

MOST_CONTACTS = 1000
"""How many contacts one user may have at once: they are in memory while somebody looks."""
MOST_USERS = 1000


class ContactsState(State):
    """What the service remembers: the users who have, or had, contacts, in the order in which they came."""

    users: tuple[str, ...] = ()


class Contacts(EventSourced[ContactsState]):
    """Serves one household, `contacts/home`: knows its users, and passes on what is asked of them."""

    events = (UserJoined,)

    def fold(self, state: ContactsState, event: Event) -> ContactsState:
        """Add a user to the state."""
        return state.changed(users=(*state.users, event.user)) if isinstance(event, UserJoined) else state

    @verb
    def create(self, entry: CreateOf, stage: Stage[ContactsState]) -> None:
        """Make a contact of a user; answer with it and its number."""
        if entry.user not in stage.state.users:
            if len(stage.state.users) >= MOST_USERS:
                stage.refuse(f"there are {MOST_USERS} users already")
                return
            stage.record(UserJoined(user=entry.user))
        self._pass_on(entry.user, "create", entry, stage)

    @verb
    def find(self, which: WhichOf, stage: Stage[ContactsState]) -> None:
        """Answer with one contact of a user."""
        self._pass_on_if_known(which, "find", stage)

    @verb
    def update(self, change: ChangeOf, stage: Stage[ContactsState]) -> None:
        """Replace the fields that are named; answer with the contact as it is then."""
        self._pass_on_if_known(change, "update", stage)

    @verb
    def remove(self, which: WhichOf, stage: Stage[ContactsState]) -> None:
        """Forget a contact of a user; answer with it as it was."""
        self._pass_on_if_known(which, "remove", stage)

    @verb
    def list(self, whose: OfUser, stage: Stage[ContactsState]) -> None:
        """Answer with all contacts of a user."""
        if whose.user in stage.state.users:
            self._pass_on(whose.user, "list", Nothing(), stage)
        else:
            stage.reply(Many())

    @verb
    def users(self, stage: Stage[ContactsState]) -> None:
        """Answer with everybody who has, or had, contacts."""
        stage.reply(stage.state)

    @verb
    def whom(self, notice: Notice, stage: Stage[ContactsState]) -> None:
        """Fill in the recipients of a notice, and send the notice on along its route; without a route, answer with it.

        It visits the address book of its user, or one after the other those of all users.
        """
        users = [user for user in stage.state.users if notice.user in ("", user)]
        if not users:
            _go_on(notice, stage)
            return
        route = stage.keep_route() or Route(ahead=(), of=stage.message.asked)
        books = tuple(Stop(to=stage.child("user", user), verb="whom") for user in users)
        message = stage.message
        stage.send_along(route.changed(ahead=(*books, *route.ahead)), notice, reply_to=message.reply_to, expires_ms=message.expires_ms)

    def _pass_on_if_known(self, asked: WhichOf | ChangeOf, verb_: str, stage: Stage[ContactsState]) -> None:
        """Pass on what is asked of a user; one that nobody knows has no contacts, and no actor is woken to say so."""
        if asked.user in stage.state.users:
            self._pass_on(asked.user, verb_, asked, stage)
        else:
            stage.reply(NotFound(id=asked.id))

    def _pass_on(self, user: str, verb_: str, asked: Payload, stage: Stage[ContactsState]) -> None:
        """Have the user's own actor answer, as if it had been asked itself."""
        message = stage.message
        route = Route(ahead=(Stop(to=stage.child("user", user), verb=verb_),), of=message.asked)
        fields = asked.model_dump(mode="json", exclude={"user"}, exclude_unset=True)
        stage.send_along(route, fields, reply_to=message.reply_to, expires_ms=message.expires_ms)


class UserState(State):
    """The address book of one user."""

    last_id: int = 0
    """The highest number a contact ever had."""
    contacts: dict[int, Contact] = {}
    """By their numbers."""


class User(EventSourced[UserState]):
    """The actor that keeps the contacts of one user, `contacts/home/user/ann`."""

    events = (ContactCreated, ContactUpdated, ContactRemoved)
    readers = ("census",)

    def fold(self, state: UserState, event: Event) -> UserState:
        """The address book after an event."""
        match event:
            case ContactCreated(contact=contact) | ContactUpdated(contact=contact):
                return state.changed(last_id=max(state.last_id, contact.id), contacts={**state.contacts, contact.id: contact})
            case ContactRemoved(id=removed):
                return state.changed(contacts={id: contact for id, contact in state.contacts.items() if id != removed})
        return state

    @verb
    def create(self, entry: Create, stage: Stage[UserState]) -> None:
        """Make a contact; answer with it and its number."""
        if len(stage.state.contacts) >= MOST_CONTACTS:
            stage.refuse(f"{stage.key} has {MOST_CONTACTS} contacts already; remove one first")
            return
        contact = Contact(**entry.__dict__, id=stage.state.last_id + 1)
        stage.record(ContactCreated(contact=contact))
        stage.reply(One(contact=contact))

    @verb
    def find(self, which: Which, stage: Stage[UserState]) -> None:
        """Answer with one contact."""
        contact = stage.state.contacts.get(which.id)
        stage.reply(One(contact=contact) if contact else NotFound(id=which.id))

    @verb
    def list(self, stage: Stage[UserState]) -> None:
        """Answer with all contacts."""
        stage.reply(Many(contacts=tuple(stage.state.contacts.values())))

    @verb
    def update(self, change: ContactChange, stage: Stage[UserState]) -> None:
        """Replace the fields that are named; answer with the contact as it is then. What changes nothing is not recorded."""
        contact = stage.state.contacts.get(change.id)
        if contact is None:
            stage.reply(NotFound(id=change.id))
            return
        updated = contact.updated(change)
        if updated != contact:
            stage.record(ContactUpdated(contact=updated))
        stage.reply(One(contact=updated))

    @verb
    def remove(self, which: Which, stage: Stage[UserState]) -> None:
        """Forget a contact; answer with it as it was."""
        contact = stage.state.contacts.get(which.id)
        if contact is None:
            stage.reply(NotFound(id=which.id))
            return
        stage.record(ContactRemoved(id=which.id))
        stage.reply(One(contact=contact))

    @verb
    def whom(self, notice: Notice, stage: Stage[UserState]) -> None:
        """Add to a notice the contacts that want to be told, each address once, and send the notice on its way."""
        found = [one for contact in stage.state.contacts.values() for one in contact.recipients(notice.group)]
        _go_on(notice.changed(recipients=_each_once((*notice.recipients, *found))), stage)


def _go_on(notice: Notice, stage: Stage[ContactsState] | Stage[UserState]) -> None:
    """Send a notice to its next stop; at the end of its route, answer whoever asked."""
    route = stage.message.route
    if route is not None and route.ahead:
        stage.forward(notice)
    else:
        stage.reply(notice)


def _each_once(recipients: tuple[Recipient, ...]) -> tuple[Recipient, ...]:
    """The recipients, only the first of those that share channel and address."""
    first = {(one.channel, one.address): one for one in reversed(recipients)}
    return tuple(one for one in recipients if first[one.channel, one.address] is one)
