"""Twenty hosts at the edge on one database, and two that serve: what each hands in is handled once, in order, and answered once."""

import json
import threading
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from gateway.actors.messages import Message
from gateway.runtime.mail import encode, read_header
from gateway.service.sharing import Sharing
from tests.fleet.kinds import Ledger, Line
from tests.postgres import PostgresServer, why_no_postgres
from tests.waiting import until

if why_no_postgres():
    pytest.skip(why_no_postgres(), allow_module_level=True)

from gateway.store.postgres.shared.edge import EdgePost, Letter
from gateway.store.postgres.shared.place import SharedPlace
from gateway.store.postgres.shared.store import GroupedStore

EDGES = 20
MESSAGES, AT_A_TIME = 60, 9


class EdgeThread(threading.Thread):
    """One host at the edge. It hands everything in twice, as one does whose answer from the database was lost."""

    def __init__(self, url: str, name: str) -> None:
        super().__init__(name=name)
        self._url = url
        self.ledger = f"ledger/{name}"
        self.answered: list[str] = []
        """Ids of what was answered, in order."""
        self.new = 0
        """How much of what it handed in was not there yet."""
        self.ending = threading.Event()

    def run(self) -> None:
        post = EdgePost(self._url, None, self.name)
        letters = [Letter(n, f"{self.name}-{n}", "", self.ledger, self._message(n)) for n in range(1, MESSAGES + 1)]
        for at in range(0, MESSAGES, AT_A_TIME):
            for _ in range(2):
                self.new += post.hand_in(letters[max(0, at - AT_A_TIME) : at + AT_A_TIME])
            self._take_answers(post)
        while not self.ending.is_set():
            self._take_answers(post)
            self.ending.wait(0.02)
        self._take_answers(post)
        post.close()

    def _message(self, n: int) -> bytes:
        return encode(Message(f"{self.name}-{n}", self.ledger, "write", Line(n=n), reply_to=f"host/{self.name}/ledger/a"))

    def _take_answers(self, post: EdgePost) -> None:
        if found := post.read():
            self.answered += [json.loads(read_header(message)[1])["of"] for _, message in found]
            post.delete([n for n, _ in found])


@pytest.fixture
def edges(url: str) -> Iterator[list[EdgeThread]]:
    """Twenty hosts at the edge, which have begun, and two that serve them."""
    place = SharedPlace(url)
    with ExitStack() as at_end:
        for name in ("one", "two"):
            sharing = Sharing(
                lambda before, clean, name=name: GroupedStore(place, name, before=before, clean=clean),  # type: ignore[misc]
                [Ledger()],
            )
            sharing.start()
            at_end.callback(sharing.stop)
        begun = [EdgeThread(url, f"edge-{n}") for n in range(EDGES)]
        for edge in begun:
            edge.start()
            at_end.callback(edge.join)
        for edge in begun:
            at_end.callback(edge.ending.set)
        yield begun


def test_each_message_of_each_edge_is_handled_once_in_order(server: PostgresServer, url: str, edges: list[EdgeThread]) -> None:
    """And each is answered once, in order, to who sent it; nothing is left on its way."""
    ids = {edge.name: [f"{edge.name}-{n}" for n in range(1, MESSAGES + 1)] for edge in edges}
    until(lambda: all(len(edge.answered) >= MESSAGES for edge in edges), said=lambda: [len(edge.answered) for edge in edges])
    until(lambda: server.ask(url, "SELECT count(*) FROM gateway_shared.post") == [(0,)])
    assert {edge.name: edge.answered for edge in edges} == ids
    assert [edge.new for edge in edges] == [MESSAGES] * EDGES
    states = dict(server.ask(url, "SELECT id, state FROM gateway_shared.actor WHERE id LIKE 'ledger/%'"))
    written = {id: json.loads(state)["numbers"] for id, state in states.items()}
    assert written == {edge.ledger: list(range(1, MESSAGES + 1)) for edge in edges}
