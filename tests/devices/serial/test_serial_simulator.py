"""Simulated devices: what they say follows from their numbers, so that one which is started again goes on."""

import json

import pytest

from devices.serial.simulated_devices import GpsTracker, JsonMeter
from devices.serial.simulated_line import SimulatedLine


def test_a_tracker_goes_on(line: SimulatedLine):
    """A tracker that begins with a number says what it would have said without the restart."""
    first = GpsTracker(line, began_ms=1_700_000_000_000)
    again = GpsTracker(line, first=50, began_ms=1_700_000_000_000)
    assert first.compose(50) == again.compose(50)
    assert first.fix(50).at_ms == 1_700_000_050_000
    again.turn(0.0)
    assert (again.made, again.acknowledged) == (1, 0)


def test_speed_and_course_fit_the_path(line: SimulatedLine):
    """Speed and course are those of the path that is driven."""
    tracker = GpsTracker(line, interval_s=2.0, began_ms=1_700_000_000_000)
    here, there = tracker.fix(100), tracker.fix(101)
    north_m = (there.latitude_deg - here.latitude_deg) * 111_195
    assert north_m / 2.0 == pytest.approx((here.speed_mps or 0) * 0.54, rel=0.02)
    assert here.heading_deg == pytest.approx(360 - 57.3, abs=0.1)


def test_store_and_forward(line: SimulatedLine):
    """An acked device keeps what it made, says one at a time, repeats it, and goes on when it is acknowledged."""
    meter = JsonMeter(line, acked=True, interval_s=1.0, repeat_s=3.0)
    for now_s in range(5):
        meter.turn(float(now_s))
    assert (meter.made, meter.acknowledged) == (5, 0)
    assert list(meter._open) == [0]
    meter._take_ack(b"0")
    meter._take_ack(b"0")
    meter.turn(5.0)
    assert (meter.made, meter.acknowledged, list(meter._open)) == (6, 1, [1])


def test_meters_take_turns(line: SimulatedLine):
    """Each meter has its lines, numbered through, of about 100 bytes."""
    meter = JsonMeter(line, devices=2, began_ms=1_700_000_000_000)
    (text,) = meter.compose(3)
    assert 90 < len(text) < 120
    assert json.loads(text) == {
        "device": "m1",
        "id": 3,
        "at_ms": 1_700_000_003_000,
        "power_w": 209.0,
        "energy_wh": 1_000_003,
        "voltage_v": 230.3,
    }


def test_nobody_listens(line: SimulatedLine):
    """A device without a memory drops what nobody hears, and never blocks."""
    meter = JsonMeter(line, interval_s=1.0)
    for now_s in range(2000):
        meter.turn(float(now_s))
    assert meter.made == 2000
    assert meter.dropped > 0
