"""The soak itself works: for a moment, each of its parts that takes no machine of its own."""

import random
from pathlib import Path

import pytest

from devices.codecs.framing import BadFrame
from devices.codecs.json_lines import read_fields
from tests.soak.caller import call
from tests.soak.targets import JSON, Target, targets, try_out

A_MOMENT_S = 0.5


@pytest.mark.parametrize("name", ["framer", "JSON lines", "NMEA", "text frames", "MQTT packets", "topics", "configuration"])
def test_what_is_read_keeps_its_promise(name: str) -> None:
    """Whatever the bytes are."""
    with targets() as found:
        target = next(one for one in found if one.name == name)
        tried = try_out(target, A_MOMENT_S, random.Random(1))
    assert tried.faults == []
    assert tried.count > 0


def test_a_promise_that_is_broken_is_found() -> None:
    """With the input that breaks it."""
    target = Target("JSON lines", JSON, (BadFrame,), lambda given, rng: read_fields(given)["device"])
    tried = try_out(target, 10 * A_MOMENT_S, random.Random(1))
    assert tried.faults[0].startswith("JSON lines: KeyError('device'), of ")


def test_a_daemon_hears_anything(tmp_path: Path) -> None:
    """And answers well afterwards."""
    tried = call(A_MOMENT_S, random.Random(1), tmp_path)
    assert tried.faults == []
    assert tried.count > 0
