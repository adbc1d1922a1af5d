"""The crowd before a host-bound actor: when sources should wait because it is slower than they are, and which of them."""

from collections import Counter
from operator import attrgetter

from gateway.runtime.mailbox import Mailbox

CROWDED = 256
"""From so many messages in memory on, sources that can wait do, as long as the actor makes progress: so mail stays off the disk. What is
under way by then has room in memory, too: see `HEAD_AT_MOST`."""
CROWDED_S = 0.5
_COUNTED_S = 0.25
"""For so long it is taken for known who crowds."""

_sender = attrgetter("message.sender")


class Crowd:
    """What waits in one mailbox, as its senders see it. On the engine's thread."""

    __slots__ = ("_box", "_counted_s", "_crowders", "done_s")

    def __init__(self, box: Mailbox) -> None:
        self.done_s = -CROWDED_S
        """Monotonic second of the last delivery that was done."""
        self._box = box
        self._crowders: list[str] = []
        self._counted_s = -_COUNTED_S

    def waits_too_long(self, now_s: float) -> bool:
        """Whether sources should wait for this actor, because it is slower than they are."""
        return len(self._box.head) >= CROWDED and now_s - self.done_s < CROWDED_S

    def crowders(self, now_s: float) -> list[str]:
        """The actor itself, and whoever has at least half their fair share of what waits: a small sender does not wait for what a large
        one sent."""
        if now_s - self._counted_s >= _COUNTED_S:
            self._counted_s = now_s
            sent = Counter(map(_sender, self._box.head))
            share = len(self._box.head) / (2 * len(sent))
            self._crowders = [self._box.id, *(sender for sender, count in sent.items() if count >= share)]
        return self._crowders
