"""Four hosts share actors while they are stopped, killed and cut off, and their database is started again: no token is lost or doubled."""

import os
import random
import signal
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.fleet.swallowing import Swallowing
from tests.postgres import PostgresServer, postgres_server, why_no_postgres
from tests.waiting import until

if why_no_postgres():
    pytest.skip(why_no_postgres(), allow_module_level=True)

from tests.faults.court import Court
from tests.faults.tokens import Conserved

SEED = int(os.environ.get("GATEWAY_SEED", "14"))
HOSTS = ("pi-barn", "pi-shed", "pi-attic", "pi-yard")
TOKENS, HOPS = 1600, 25


class Site:
    """The hosts, each behind something that can cut it off, and what happens to them."""

    def __init__(self, server: PostgresServer, court: Court, between: dict[str, Swallowing]) -> None:
        self._server = server
        self._court = court
        self._between = between

    def begin(self, name: str) -> None:
        """Start a host."""
        folder = self._between[name].folder
        self._court.begin(name, url=self._court.url.replace(str(self._server.folder), str(folder)))

    def stop(self, name: str) -> Callable[[], None]:
        """Stop a host past its lease; what lets it go on is returned."""
        process = self._court.hosts[name]
        process.send_signal(signal.SIGSTOP)
        until(lambda: not self._court.serves(name), said=self._court.said)
        return lambda: process.send_signal(signal.SIGCONT)

    def cut_off(self, name: str) -> Callable[[], None]:
        """Have all bytes between a host and the database vanish, past its lease; what ends that is returned."""
        self._between[name].swallows = True
        until(lambda: not self._court.serves(name), said=self._court.said)
        return lambda: setattr(self._between[name], "swallows", False)

    def kill(self, name: str) -> Callable[[], None]:
        """Kill a host; what starts it again is returned."""
        self._court.kill(name)
        return lambda: self.begin(name)

    def start_database_again(self, name: str) -> Callable[[], None]:
        """Kill the database, and start it again."""
        del name
        self._server.kill()
        self._server.start()
        return _nothing


def _nothing() -> None:
    """What has mended itself needs nothing."""


@pytest.fixture
def server() -> Iterator[PostgresServer]:
    """A server that waits for its disk."""
    with postgres_server() as found:
        yield found


def test_no_token_is_lost_or_doubled_whatever_happens_to_the_hosts(server: PostgresServer, tmp_path: Path) -> None:
    """Each fault strikes while the one before goes on; in the end each message was handled once, and every host serves its part."""
    chance = random.Random(SEED)
    with ExitStack() as at_end:
        between = {}
        for name in HOSTS:
            (tmp_path / name).mkdir()
            between[name] = at_end.enter_context(Swallowing(tmp_path / name, server.folder))
        court = at_end.enter_context(Court(server, tmp_path))
        site = Site(server, court, between)
        for name in HOSTS:
            site.begin(name)
        until(lambda: all(map(court.serves, HOSTS)), said=court.said)
        court.pass_on(TOKENS, HOPS)
        faults = [site.stop, site.cut_off, site.kill, site.start_database_again] * 3
        chance.shuffle(faults)
        struck, mend = "", _nothing
        for part, fault in enumerate(faults, 1):
            court.has_carried(TOKENS * HOPS * part // (len(faults) + 1))
            name = chance.choice([one for one in HOSTS if one != struck])
            mend_this = fault(name)
            mend()
            struck, mend = name, mend_this
        mend()
        court.has_carried(TOKENS * HOPS)
        assert court.carried() == Conserved.all(TOKENS, HOPS)
        court.has_nothing_left()
        until(lambda: all(map(court.serves, HOSTS)), said=court.said)
