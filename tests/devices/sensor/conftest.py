"""What the tests of sensors share: a tree of the kernel's files, and a sensor of it that runs."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from devices.sensor.sensor import Sensor
from devices.sensor.settings import SensorSettings
from gateway.testing import Bench
from tests.devices.sensor.tree import Tree


@pytest.fixture
def tree(tmp_path: Path) -> Tree:
    """A kernel without sensors."""
    (tmp_path / "sys").mkdir()
    return Tree(tmp_path / "sys")


Begin = Callable[..., tuple[Bench, Sensor]]


@pytest.fixture
def begin(tree: Tree, now_s: list[float]) -> Iterator[Begin]:
    """Starts a sensor of the tree with some settings."""
    with ExitStack() as stack:

        def start(name: str = "attic", **settings: Any) -> tuple[Bench, Sensor]:
            told = {"sysfs": str(tree.root), "to": f"twin/{name}", "every_s": 10.0, **settings}
            actor = Sensor(name, SensorSettings.model_validate(told), clock=lambda: now_s[0])
            return stack.enter_context(Bench(actor, f"sensor/{name}")), actor

        yield start


@pytest.fixture
def now_s() -> list[float]:
    """A clock that stands until the test turns it."""
    return [100.0]


@pytest.fixture
def after(now_s: list[float]) -> Callable[[float, Bench, Sensor], None]:
    """Lets time pass once a sensor has planned what comes next."""

    def turn(seconds: float, bench: Bench, actor: Sensor) -> None:
        bench.until(lambda: min(actor.due_s, actor.look_s) > now_s[0])
        now_s[0] += seconds
        bench.wake()

    return turn
