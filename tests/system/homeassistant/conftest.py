"""One Home Assistant for all tests of this folder: it takes half a minute to start."""

from collections.abc import Iterator

import pytest

from tests.brokers import Mosquitto
from tests.system.homeassistant.judge import Judge, why_none


@pytest.fixture(scope="package")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Mosquitto, Judge]]:
    """A broker, and a Home Assistant at it."""
    if reason := why_none():
        pytest.skip(f"cannot have a Home Assistant: {reason}")
    with Mosquitto(tmp_path_factory.mktemp("broker")) as broker, Judge(tmp_path_factory.mktemp("judge").name, broker.port) as judge:
        yield broker, judge


@pytest.fixture
def broker(house: tuple[Mosquitto, Judge]) -> Mosquitto:
    """The broker."""
    return house[0]


@pytest.fixture
def judge(house: tuple[Mosquitto, Judge]) -> Judge:
    """The Home Assistant."""
    return house[1]
