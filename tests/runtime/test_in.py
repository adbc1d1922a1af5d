"""In: acknowledged after the commit; a repeat is acknowledged and not handled."""

import pytest

from gateway.actors import BadId, BadPayload, Inbound, UnknownTarget
from gateway.testing import OUTSIDE, Rig


def test_a_repeat_is_acknowledged_and_not_handled(rig: Rig) -> None:
    """In the same life, and in the next."""
    first = rig.tell("book/a", "write", {"text": "x"}, id="m1")
    again = rig.tell("book/a", "write", {"text": "x"}, id="m1")
    rig.crash()
    rig.start()
    later = rig.tell("book/a", "write", {"text": "x"}, id="m1")
    assert (first.duplicate, again.duplicate, later.duplicate) == (False, True, True)
    assert rig.state("book/a").words == ("x",)


def test_ids_are_counted_by_scope(rig: Rig) -> None:
    """The same id from another scope is another message."""
    rig.tell("book/a", "write", {"text": "x"}, id="1", scope="one")
    rig.tell("book/a", "write", {"text": "y"}, id="1", scope="two")
    assert rig.state("book/a").words == ("x", "y")


def test_a_first_delivery_is_handled_whatever_its_id(rig: Rig) -> None:
    """With `again` false the outside says that it is new; its repeat is known then."""
    rig.tell("book/a", "write", {"text": "x"}, id="1")
    rig.tell("book/a", "write", {"text": "y"}, id="1", again=False)
    assert rig.tell("book/a", "write", {"text": "y"}, id="1").duplicate
    assert rig.state("book/a").words == ("x", "y")


def test_the_same_id_with_other_content_is_a_new_message(rig: Rig) -> None:
    """A device that restarts numbers its lines from 1 again: none of them may be acknowledged and dropped. Its repeats are known."""

    def said(n: int, content: str) -> bool:
        receipt = rig.tell("book/a", "write", {"text": content}, id=str(n), content=content.encode(), scope="book/a")
        return receipt.duplicate

    assert [said(n, f"{n} of the first") for n in range(30)] == [False] * 30
    assert [said(n, f"{n} of the second") for n in range(30)] == [False] * 30
    rig.crash()
    rig.start()
    assert [said(n, f"{n} of the second") for n in range(30)] == [True] * 30
    assert rig.state("book/a").words == (*(f"{n} of the first" for n in range(30)), *(f"{n} of the second" for n in range(30)))


def test_an_id_that_was_kept_without_its_content_is_known_all_the_same(rig: Rig) -> None:
    """An older program kept no digest: what it acknowledged is not handled again."""
    rig.tell("book/a", "write", {"text": "x"}, id="7")
    assert rig.tell("book/a", "write", {"text": "x"}, id="7", content=b"x").duplicate


def test_forgotten_ids_are_new_again_and_stay_forgotten(rig: Rig) -> None:
    """A new numbering of the outside: committed without any other message to carry it."""
    rig.tell("book/a", "write", {"text": "x"}, id="1", scope="s")
    rig.hosted[OUTSIDE].forget_ids("s")
    rig.settle()
    rig.crash()
    rig.start()
    assert not rig.tell("book/a", "write", {"text": "y"}, id="1", scope="s").duplicate
    assert rig.state("book/a").words == ("x", "y")


def test_bad_mail_is_refused_at_once(rig: Rig) -> None:
    """A bad address, verb, payload, id or reply address raises in `send`, on the sender's thread."""
    with pytest.raises(UnknownTarget, match=r"^cannot send 'wirte' to book/a: it has no such verb; did you mean 'write'\?$"):
        rig.send("book/a", "wirte")
    with pytest.raises(BadId):
        rig.send("book", "write")
    with pytest.raises(BadPayload, match=r"^cannot read the payload of write to book/a: text: expected text$"):
        rig.send("book/a", "write", {"text": 1})
    with pytest.raises(BadId, match=r"^cannot use 'a\\nb' as a message id: it must be at most 256 printable characters$"):
        rig.send("book/a", "write", id="a\nb")
    with pytest.raises(UnknownTarget):
        rig.send("book/a", "write", reply_to="nobody/home")


def test_an_ask_is_answered(rig: Rig) -> None:
    """With the fields that the turn replied."""
    rig.tell("book/a", "write", {"text": "x"})
    assert rig.ask("book/a", "read").body == {"words": ["x"]}


def test_a_scope_that_no_store_takes_is_refused(rig: Rig) -> None:
    """As an id is: its commit would fail again and again, for everybody."""
    with pytest.raises(BadId, match=r"^cannot use '\\udc80' as the scope of an id: it must be at most 256 printable characters$"):
        rig.send("book/a", "write", {"text": "x"}, id="1", scope="\udc80")
    refused = rig.hosted[OUTSIDE].send_all([Inbound("book/a", "write", {"text": "y"}, "1", scope=scope) for scope in ("\udc80", "one")])
    assert [refusal.place for refusal in refused] == [0]
    rig.settle()
    assert rig.state("book/a").words == ("y",)


@pytest.mark.parametrize("expires_s", [10**4298, 1e308, float("nan"), "soon"])
def test_what_expires_at_no_time_is_refused(rig: Rig, expires_s: object) -> None:
    """Stored, such a number ended the process."""
    with pytest.raises(BadPayload, match=r"^cannot send what expires in .* s: give a number of seconds$"):
        rig.send("shelf/a", "put", {"text": "x"}, expires_s=expires_s)
