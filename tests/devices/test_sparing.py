"""The log that spares: what is said of each try, and of many."""

import logging

import pytest

from devices.sparing import SparingLog


def test_the_first_few_of_a_kind_are_said_each_and_the_others_counted(caplog: pytest.LogCaptureFixture) -> None:
    """Whoever tries a thing out sees each; a flood is a few lines a minute, with how many there were."""
    now_s = [0.0]
    spare = SparingLog(logging.getLogger("a device"), clock=lambda: now_s[0])
    for number in range(100):
        spare.warn("BadPayload", f"bad {number}")
    spare.warn("Expired", "another kind")
    now_s[0] = 60.0
    spare.warn("BadPayload", "bad again")
    said = [record.getMessage() for record in caplog.records]
    assert said == [
        *(f"bad {number}" for number in range(5)),
        "another kind",
        "bad again (and 95 more of its kind since the last time)",
    ]
