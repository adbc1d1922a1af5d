"""`gateway explain`, its lines: a message of a timer is told as one."""

from typing import Any, cast

import pytest

from gateway.cli.explain import explain
from gateway.console.client import Client


class Answers:
    """A gateway that has one thing to tell."""

    def __init__(self, told: dict[str, Any]) -> None:
        self.told = told

    def ask(self, request: dict[str, Any]) -> dict[str, Any]:
        return {"explained": {"message": request["id"], "told": [self.told]}}


def node(depth: int, verb: str, timer: str) -> dict[str, Any]:
    return {"depth": depth, "asked": False, "message": f"m{depth}", "to": "book/a", "verb": verb, "timer": timer, "steps": [], "waits": ""}


@pytest.mark.parametrize(
    ("told", "lines"),
    [
        (
            {
                "origin": {"from": "outside", "sender": "mqtt/main"},
                "nodes": [node(0, "write", ""), node(1, "ring", "ring"), node(2, "a", "b")],
            },
            ["from mqtt/main", "book/a write         m0", "  book/a ring (timer)  m1", "    book/a a (timer b)   m2"],
        ),
        (
            {"origin": {"from": "timer", "sender": "book/a"}, "nodes": [node(0, "ring", "ring")]},
            ["a timer of book/a, set in a turn that is no longer kept", "book/a ring (timer)  m0"],
        ),
    ],
)
def test_what_a_timer_sent_is_told_as_that(capsys: pytest.CaptureFixture[str], told: dict[str, Any], lines: list[str]) -> None:
    """With its name, where that is not the verb's; and where the turn that set it is not kept, that is said."""
    assert explain(cast("Client", Answers({**told, "left_out": 0})), "m0", limit=10, as_json=False) == 0
    assert [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()] == [" ".join(line.split()) for line in lines]
