"""A court: hosts that share actors, as processes, and the database they share; its players throw balls, its carriers pass tokens on."""

import json
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Self

from gateway.actors.ids import group_of
from gateway.actors.messages import Message
from gateway.runtime.mail import encode
from gateway.testing.clock import PATIENCE_S
from tests.faults.sharing_process import HOPS, Ball, player
from tests.faults.tokens import CARRIERS, Carried, Conserved, Token
from tests.postgres import PostgresServer
from tests.waiting import until


class Court:
    """A database, the hosts that share it, and the balls."""

    def __init__(self, server: PostgresServer, folder: Path, *, url: str = "") -> None:
        """`url`: of the database, where it is there already."""
        self._server = server
        self.url = url or server.new_database()
        self._folder = folder
        self.hosts: dict[str, subprocess.Popen[bytes]] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        for name in list(self.hosts):
            self.kill(name)

    def ask(self, query: str) -> list[tuple[object, ...]]:
        """Ask the database."""
        return self._server.ask(self.url, query)

    def begin(self, name: str, *, url: str = "", most: int = 0) -> None:
        """Start a host. `url`: by which it reaches the database, where that is another; `most`: its bounds, where they are small."""
        with (self._folder / f"{name}.log").open("ab") as log:
            command = [sys.executable, "-m", "tests.faults.sharing_process", url or self.url, name, *([str(most)] if most else [])]
            process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log)
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        self.hosts[name] = process

    def said(self) -> str:
        """What the hosts said, and what the database has."""
        logs = "\n".join(f"{path.name}: {path.read_text()[-2000:]}" for path in sorted(self._folder.glob("*.log")))
        members = self.ask(
            "SELECT id, name, fenced, commits, (SELECT count(*) FROM gateway_shared.placement WHERE owner = id) FROM gateway_shared.member"
        )
        posted = self.ask("SELECT count(*) FROM gateway_shared.post")
        return f"{members}; on their way {posted}; {logs}"

    def throw(self, first: int, count: int) -> None:
        """Throw balls in."""
        balls = range(first, first + count)
        self.send(Message(f"ball-{ball}", player(ball, 0), "catch", Ball(number=ball)) for ball in balls)

    def send(self, messages: Iterable[Message]) -> None:
        """Send messages to shared actors."""
        rows = [f"({group_of(one.to)}, '\\x{encode(one).hex()}')" for one in messages]
        self.ask(f"INSERT INTO gateway_shared.post (to_grp, message) VALUES {','.join(rows)}")

    def caught(self) -> Counter[tuple[int, int]]:
        """How often each ball was caught at each hop."""
        rows = self.ask("SELECT state FROM gateway_shared.actor WHERE id LIKE 'player/%'")
        return Counter((ball, hop) for (state,) in rows for ball, hop in json.loads(state)["caught"])  # type: ignore[arg-type]

    def pass_on(self, count: int, hops: int, between: tuple[str, ...] = CARRIERS) -> None:
        """Have tokens passed on, so many times each."""
        tokens = [Token(number=n, hops=hops, between=between) for n in range(count)]
        self.send(Message(f"token-{one.number}", one.carrier, "carry", one) for one in tokens)

    def owner(self, id: str) -> str:
        """The host that serves a shared actor."""
        query = f"SELECT name FROM gateway_shared.placement JOIN gateway_shared.member ON owner = id WHERE grp = {group_of(id)}"
        return str(self.ask(query)[0][0])

    def carried(self) -> Conserved:
        """What the carriers have carried."""
        rows = self.ask("SELECT state FROM gateway_shared.actor WHERE id LIKE 'carrier/%'")
        return Conserved.of(Carried.model_validate_json(state) for (state,) in rows)  # type: ignore[arg-type]

    def has_carried(self, least: int) -> None:
        """Wait until so many turns of carriers are on disk; each thousand of them has its time."""
        while (now := self.carried().turns) < least:
            step = min(least, now + 1000)
            until(lambda step=step: self.carried().turns >= step, said=self.said)  # type: ignore[misc]

    def serves(self, name: str) -> bool:
        """Whether a host has groups, by a life that is not fenced."""
        query = (
            f"SELECT count(*) FROM gateway_shared.placement JOIN gateway_shared.member ON owner = id WHERE name = '{name}' AND NOT fenced"
        )
        return bool(self.ask(query)[0][0])

    def has_caught(self, least: int) -> None:
        """Wait until so many catches are on disk."""
        until(lambda: sum(self.caught().values()) >= least, said=self.said)

    def ends_well(self, balls: int) -> None:
        """Each ball was caught once at each hop, and nothing is left."""
        self.has_caught(balls * HOPS)
        assert self.caught() == Counter({(ball, hop): 1 for ball in range(balls) for hop in range(HOPS)})
        self.has_nothing_left()

    def has_nothing_left(self) -> None:
        """No message is on its way any more, and none is a dead letter."""
        until(lambda: self.ask("SELECT count(*) FROM gateway_shared.post")[0][0] == 0, said=self.said)
        assert self.ask("SELECT count(*) FROM gateway_shared.dead")[0][0] == 0

    def end(self, name: str) -> int:
        """Have a host end well."""
        process = self.hosts.pop(name)
        process.communicate(timeout=PATIENCE_S)
        return process.returncode

    def kill(self, name: str) -> None:
        """Kill a host."""
        process = self.hosts.pop(name)
        process.kill()
        process.communicate(timeout=PATIENCE_S)
