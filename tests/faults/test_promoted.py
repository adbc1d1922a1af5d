"""A database whose standby takes over: hosts that share actors go on there by themselves, and no token is lost or doubled."""

from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest

from tests.postgres import PostgresServer, postgres_server, why_no_postgres
from tests.waiting import until

if why_no_postgres():
    pytest.skip(why_no_postgres(), allow_module_level=True)

from tests.faults.court import Court
from tests.faults.tokens import Conserved

HOSTS = ("pi-barn", "pi-shed")
TOKENS, HOPS = 400, 25


@pytest.fixture
def primary() -> Iterator[PostgresServer]:
    """A server that waits for its disk, as its standby will."""
    with postgres_server() as found:
        yield found


def test_hosts_go_on_with_a_standby_that_was_promoted(primary: PostgresServer, tmp_path: Path) -> None:
    """What each commit has waited for is there, though the primary was killed: the turns go on, and each message was handled once."""
    with ExitStack() as at_end:
        standby = at_end.enter_context(closing(primary.standby()))
        url = primary.new_database().replace(str(primary.folder), f"{primary.folder},{standby.folder}")
        there = standby.url(url.partition("?")[0].rpartition("/")[2])
        court = at_end.enter_context(Court(standby, tmp_path, url=f"{url}&target_session_attrs=read-write"))
        for name in HOSTS:
            court.begin(name)
        until(lambda: all(map(court.serves, HOSTS)), said=court.said)
        court.pass_on(TOKENS, HOPS)
        court.has_carried(TOKENS * HOPS // 4)
        primary.kill()
        before = standby.ask(there, "SELECT sum(commits) FROM gateway_shared.member")
        standby.promote()
        until(lambda: standby.ask(there, "SELECT sum(commits) FROM gateway_shared.member") > before, said=court.said)
        court.has_carried(TOKENS * HOPS)
        assert court.carried() == Conserved.all(TOKENS, HOPS)
        court.has_nothing_left()
        until(lambda: all(map(court.serves, HOSTS)), said=court.said)
        assert [court.end(name) for name in HOSTS] == [0, 0]
