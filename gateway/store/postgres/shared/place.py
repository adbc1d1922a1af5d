"""Where the database is that several hosts share. What simulated gateways share lies in a schema of its own: the same section `[link]`
serves for both, and neither has the other's name, mail or actors.
"""

from pathlib import Path
from typing import Any

import psycopg

from gateway.store.postgres.connecting import DatabasePlace
from gateway.store.postgres.schema import take_steps
from gateway.store.postgres.shared.schema import SCHEMA, STEPS

ANSWER_S = 10.0
"""After so long without an answer of the database it is looked whether it is still at it."""


class SharedPlace(DatabasePlace):
    """The place of the database, for real gateways or for simulated ones. Any thread."""

    def __init__(self, url: str, password_file: Path | None = None, *, simulated: bool = False, answer_s: float = ANSWER_S) -> None:
        schema = f"{SCHEMA}_simulated" if simulated else SCHEMA
        super().__init__(url, password_file, schema=schema, section="link", answer_s=answer_s)

    def give_shape(self, connection: psycopg.Connection[Any]) -> None:
        """Give the schema its shape. Raises StoreFailed where it is of a newer program."""
        with connection.transaction():
            take_steps(connection, self.shown, self.schema, STEPS)
