"""A real PostgreSQL for the tests of stores upon one."""

from collections.abc import Iterator

import pytest

from tests.postgres import PostgresServer, postgres_server


@pytest.fixture(scope="package")
def server() -> Iterator[PostgresServer]:
    """A server for all: each test has a database of its own."""
    with postgres_server("fsync=off") as found:
        yield found


@pytest.fixture
def url(server: PostgresServer) -> str:
    """An empty database."""
    return server.new_database()
