"""Collections: which business id is which actor, ordered, for a hundred thousand entries and more.

A collection is an ordinary actor that comes in the box: its id is enough to begin one.

    class Desk(Actor[State]):
        @verb
        def stop_vehicle(self, plate: Key, stage: Stage[State]) -> None:
            stage.ask("collection/trips", "find", plate, then="found", within_s=5.0)

        @verb
        def found(self, answer: Answer, stage: Stage[State]) -> None:
            if answer.ok and answer.body["found"]:
                stage.tell(answer.body["value"], "stop")

    gateway ask collection/trips add key="B-MX 4711" value=trip/van7
    gateway ask collection/trips find key="B-MX 4711"
    gateway ask collection/trips list prefix=B- limit=20

| verb     | payload                       | answered with                                                   |
|----------|-------------------------------|-----------------------------------------------------------------|
| `add`    | Entry(key, value, note)       | Added: the entry that stands; the first of two wins             |
| `put`    | Entry(key, value, note)       | Put: whether the key is new, and the value that was there       |
| `find`   | Key(key)                      | Found: the entry, or `found` is false                           |
| `remove` | Key(key)                      | Removed: whether it was there, and the value that was           |
| `list`   | Listing(prefix, after, limit) | Listed: up to 200 entries in their order, and whether more come |
| `count`  |                               | Counted: how many entries there are                             |

A key is any text of 1 to 256 characters; the order is by code point. What one sender asks about one key is done in the order in
which it was asked.

A count and a list read page after page, from the left to the right, each as it is then. So they know each change that was asked for
before them, also one that is still on its way to its page, before and after a kill: they come to each page behind it. Of changes that
are asked for while they read, they know some; no entry is counted or listed twice. There is no number kept beside the entries that
could differ from them, and a change pays nothing for the count: a count reads all pages, some 400 to 800 turns where there are 100,000
entries, which is a fraction of a second.

How: the entries are in pages, which are children of the collection (`collection/trips/collection_page/…`) and leave memory when idle; the
collection itself knows only which page begins where. So a find takes two turns and loads one page, and so does a change. A page that
is full gives half to a new neighbour, and sends on what still comes here for that half: nothing waits for a split, and nothing is lost
by one (`page.py`). Pages that become empty stay, and are filled again: 256 removed entries leave about 200 bytes.

Source: Lehman and Yao, "Efficient locking for concurrent operations on B-trees", 1981 (the links between
neighbours).
"""

from gateway.actors.collection.collection import Collection
from gateway.actors.collection.entries import Added, Counted, Entry, Found, Key, Listed, Listing, Put, Removed
from gateway.actors.collection.page import Page

__all__ = ["Added", "Collection", "Counted", "Entry", "Found", "Key", "Listed", "Listing", "Page", "Put", "Removed"]
