"""Turns: FIFO, one at a time, everything on the stage or nothing."""

from gateway.testing import Rig


def test_mail_of_one_sender_is_handled_in_its_order(rig: Rig) -> None:
    """However fast it comes."""
    words = [f"w{n}" for n in range(3000)]
    for word in words[:-1]:
        rig.send("book/a", "write", {"text": word})
    rig.tell("book/a", "write", {"text": words[-1]})
    assert rig.state("book/a").words == tuple(words)


def test_a_turn_that_raises_leaves_no_trace(rig: Rig) -> None:
    """Its state, its mail and its timers are dropped with its stage."""
    rig.tell("book/a", "write", {"text": "fail"})
    rig.advance(120)
    assert rig.state("book/a").words == ()
    assert rig.hosted["shelf/a"].take() == []


def test_who_cannot_be_written_to_fails_where_it_is_staged(rig: Rig) -> None:
    """An unregistered kind raises inside the turn, and the dead letter says which."""
    rig.tell("book/a", "write", {"text": "unknown"})
    rig.advance(120)
    (dead,) = rig.store.dead(0, 10)
    assert dead.reason.startswith("UnknownTarget: cannot send to nobody/home: no kind 'nobody' and no host-bound actor of that id; ")


def test_one_actor_does_not_hold_up_another(rig: Rig) -> None:
    """A mailbox that waits for a retry leaves its neighbours alone."""
    rig.tell("book/a", "write", {"text": "fail"})
    rig.tell("book/a", "write", {"text": "after"})
    rig.tell("book/b", "write", {"text": "free"})
    rig.settle()
    assert rig.state("book/b").words == ("free",)
    assert rig.state("book/a").words == ()
