"""A mailbox drops from memory only what the store will give back as it is now."""

from gateway.actors import Nothing
from gateway.actors.messages import Message
from gateway.runtime.batch import Batch
from gateway.runtime.mail import Mail
from gateway.runtime.mailbox import Mailbox
from gateway.runtime.round import Round
from gateway.testing import ManualClock


def _filled(*places: int) -> tuple[Mailbox, list[Mail]]:
    """A mailbox with a message in each place, which the store has."""
    box, mail = Mailbox("brief/a"), [Mail(Message(f"m{place}", "brief/a", "write", Nothing(), "outside/test"), place) for place in places]
    round = Round(Batch(1), ManualClock())
    for one in mail:
        box.push(one, round)
    box.save_new(round)
    return box, mail


def test_mail_whose_row_changes_with_the_batch_under_way_stays_in_memory() -> None:
    """Read back before that is committed, it would have the attempts of before."""
    box, mail = _filled(3, 5, 7)
    mail[0].attempt = 1
    box.save(mail[0], Round(Batch(2), ManualClock()))
    box.spill(0)
    assert list(box.head) == mail[:1]
    assert box.readable(7)
    box.updated_to = 0  # committed
    box.spill(0)
    assert not box.head
    assert box.below == 3


def test_mail_that_the_store_has_as_it_is_leaves_memory() -> None:
    """All of it, or all behind what is to stay."""
    box, mail = _filled(3, 5, 7)
    box.spill(2)
    assert list(box.head) == mail[:2]
    box.spill(0)
    assert not box.head
    assert (box.below, box.readable(7)) == (3, True)


def test_mail_that_is_in_no_batch_yet_stays_in_memory() -> None:
    """It came since the last batch was sealed: the store has nothing of it to give back."""
    box, _ = _filled(3, 5)
    new = [Mail(Message(f"m{place}", "brief/a", "write", Nothing(), "outside/test"), place) for place in (7, 9)]
    filling = Round(Batch(2), ManualClock())
    for one in new:
        box.push(one, filling)
    box.spill(0)
    assert list(box.head)[-2:] == new
    box.save_new(filling)
    box.spill(0)
    assert not box.head
    assert (box.below, box.count) == (4, 4)
    assert [row.seq for row in filling.batch.changes.mail] == [7, 9]
