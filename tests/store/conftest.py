"""A real PostgreSQL for the tests of stores upon one."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest

from tests.postgres import PostgresServer, postgres_server

if TYPE_CHECKING:
    from gateway.store.postgres.shared.edge import EdgePost


@pytest.fixture(scope="package")
def server() -> Iterator[PostgresServer]:
    """A server for all: each test has a database of its own."""
    with postgres_server("fsync=off") as found:
        yield found


@pytest.fixture
def url(server: PostgresServer) -> str:
    """An empty database."""
    return server.new_database()


@pytest.fixture
def edge(url: str) -> "Iterator[Callable[[str], EdgePost]]":
    """Connects a host at the edge."""
    from gateway.store.postgres.shared.edge import EdgePost  # noqa: PLC0415  # psycopg need not be there

    with ExitStack() as at_end:

        def opened(host: str) -> EdgePost:
            post = EdgePost(url, None, host)
            at_end.callback(post.close)
            return post

        yield opened
