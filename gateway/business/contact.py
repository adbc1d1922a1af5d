"""A contact: what an address book says of one person, what may be asked of it, and what happens to it."""

import enum
from typing import Annotated, Self

from pydantic import Field, field_validator

from gateway.actors import Event, Payload
from gateway.actors.ids import is_key
from gateway.actors.models import Model
from gateway.business.notices import ContactAddress, Recipient

Texts = tuple[Annotated[str, Field(max_length=256)], ...]


class ContactEntry(Model):
    """What an address book says of one person."""

    name: str = Field(min_length=1, max_length=256)
    emails: Texts = Field(default=(), max_length=32)
    numbers: Texts = Field(default=(), max_length=32)
    """Telephone numbers, as they were written."""
    groups: Texts = Field(default=(), max_length=32)
    """What notices may be sent to together: `family`, `night shift`."""
    notify: tuple[ContactAddress, ...] = Field(default=(), max_length=16)
    """Where this person wants to be told of notices; empty: nowhere."""


class Contact(ContactEntry):
    """An entry with its number. A new contact gets the first number that was never used."""

    id: int = Field(ge=1)

    def updated(self, change: "ContactChange") -> Self:
        """This contact with the fields replaced that the change names."""
        return self.changed(**{name: getattr(change, name) for name in change.model_fields_set if name in ContactEntry.model_fields})

    def recipients(self, group: str) -> tuple[Recipient, ...]:
        """The addresses at which this person is told of a notice to a group (empty: to everyone)."""
        if group and group not in self.groups:
            return ()
        return tuple(Recipient(name=self.name, channel=one.channel, address=one.address) for one in self.notify)


# --- what may be asked of one user's contacts


class Create(ContactEntry, Payload):
    """Payload of the verb `create`: a new contact."""


class Which(Payload):
    """Payload of the verbs `find` and `remove`: the number of one contact."""

    id: int = Field(ge=1)


class ContactChange(Which):
    """Payload of the verb `update`: the fields that are named replace those of the contact, the others stay."""

    name: str = Field(default="-", min_length=1, max_length=256)
    emails: Texts = Field(default=(), max_length=32)
    numbers: Texts = Field(default=(), max_length=32)
    groups: Texts = Field(default=(), max_length=32)
    notify: tuple[ContactAddress, ...] = Field(default=(), max_length=16)


# --- the same, asked of the service, which knows all users


class OfUser(Payload):
    """Payload of the verb `list` of `contacts/home`: whose contacts to list."""

    user: str = Field(max_length=128)
    """A key: it is the last part of an actor's id."""

    @field_validator("user")
    @classmethod
    def _is_key(cls, user: str) -> str:
        if not is_key(user):
            raise ValueError(f"cannot use {user!r} as a user: write letters, digits and . _ ~ : @ = , -")
        return user


class CreateOf(Create, OfUser):
    """Payload of the verb `create` of `contacts/home`: a new contact, and whose."""


class WhichOf(Which, OfUser):
    """Payload of the verbs `find` and `remove` of `contacts/home`: the number of one contact, and whose."""


class ChangeOf(ContactChange, OfUser):
    """Payload of the verb `update` of `contacts/home`: a change, and whose contact."""


# --- what is answered


class Status(enum.Enum):
    """Whether there was a contact of that number. That there is none is an answer, and no fault."""

    SUCCESS = "success"
    NOT_FOUND = "not found"


class One(Payload):
    """The answer about one contact: as it is now; for `remove`, as it was."""

    status: Status = Status.SUCCESS
    contact: Contact


class Many(Payload):
    """The answer to `list`: the contacts in the order of their numbers."""

    status: Status = Status.SUCCESS
    contacts: tuple[Contact, ...] = ()


class NotFound(Payload):
    """The answer where there is no contact of that number."""

    status: Status = Status.NOT_FOUND
    id: int


# --- what happens


class ContactCreated(Event):
    """Event: a contact was created."""

    contact: Contact


class ContactUpdated(Event):
    """Event: a contact was changed, and is now as it stands here."""

    contact: Contact


class ContactRemoved(Event):
    """Event: a contact was removed; its number is not used again."""

    id: int


class UserJoined(Event):
    """Event: a user has a first contact."""

    user: str
