"""The census: it counts what is recorded, whenever it comes to be."""

from gateway.business.census import Census
from gateway.business.contacts import Contacts, User
from gateway.testing import Rig


def _live(rig: Rig) -> None:
    """Ann makes two contacts and removes one; Bob makes one."""
    for user in ("ann", "ann", "bob"):
        rig.ask("contacts/home", "create", {"user": user, "name": "Bo"})
    rig.ask("contacts/home", "remove", {"user": "ann", "id": 1})


COUNTED = {"contacts": 2, "users": {"ann": {"now": 1, "ever": 2}, "bob": {"now": 1, "ever": 1}}, "catching_up": False}


def test_it_counts_the_contacts_of_all_users() -> None:
    """What is there now, and what ever was."""
    with Rig([Contacts(), User(), Census()]) as rig:
        _live(rig)
        assert rig.ask("census/all", "read").body == COUNTED


def test_it_counts_what_was_there_before_it() -> None:
    """Installed later, it reads from the journal what it has missed, at the first event that it is told."""
    with Rig([Contacts(), User()]) as rig:
        _live(rig)
        rig.actors.append(Census())
        rig.restart()
        rig.ask("contacts/home", "create", {"user": "bob", "name": "Ek"})
        body = rig.until(lambda: found if not (found := rig.ask("census/all", "read").body)["catching_up"] and found["contacts"] else None)
        assert body["users"] == {"ann": {"now": 1, "ever": 2}, "bob": {"now": 2, "ever": 2}}


def test_it_counts_anew_when_it_is_told_to() -> None:
    """A rebuild comes to the same."""
    with Rig([Contacts(), User(), Census()]) as rig:
        _live(rig)
        rig.ask("census/all", "rebuild")
        assert rig.until(lambda: rig.ask("census/all", "read").body == COUNTED)
