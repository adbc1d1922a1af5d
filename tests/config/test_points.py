"""Tests of points in a configuration: what the devices of a file say of their values, to whoever reads it."""

from pathlib import Path

from gateway.actors.points import Points
from gateway.actors.points.point import Point, ValueType
from gateway.config import read


def points_of(text: str, tmp_path: Path) -> Points:
    path = tmp_path / "gateway.toml"
    path.write_text(text)
    return Points(read(path).points)


def test_a_pin_says_its_value(tmp_path: Path) -> None:
    """An input can be read; an output is set by its switch, though it is the twin that shows it."""
    points = points_of(
        '[gpio.door]\ntype = "contact"\npin = 4\nreport_to = "twin/door"\n'
        '[gpio.pump]\ntype = "relay"\npin = 5\nvalue = "running"\nreport_to = "twin/pump"\n',
        tmp_path,
    )
    assert points.of("twin/door") == {"open": Point(name="open", type=ValueType.BOOLEAN, device_class="opening", on_change=True)}
    pump = Point(name="running", type=ValueType.BOOLEAN, on_change=True, setter="gpio/pump", verb="switch", field="on")
    assert points.of("gpio/pump") == points.of("twin/pump") == {"running": pump}


def test_a_counter_of_pulses_says_its_values(tmp_path: Path) -> None:
    """They come with pulses only, so that nobody calls a meter silent that stands still; the total grows, whatever it is called."""
    points = points_of(
        '[actors.pulses.meters.water]\nvalue = "water_m3"\nrate = "flow_l_per_min"\nreport_to = "twin/water"\n'
        '[actors.pulses.meters.door]\nreport_to = "twin/door"\n[actors.pulses.meters.nobody]\nvalue = "gas_m3"\n',
        tmp_path,
    )
    water, flow = points.of("twin/water").values()
    assert (water.name, water.unit, water.device_class, water.state_class) == ("water_m3", "m³", "water", "total_increasing")
    assert (flow.name, flow.unit, flow.device_class, flow.state_class) == ("flow_l_per_min", "L/min", "volume_flow_rate", "measurement")
    (total,) = points.of("twin/door").values()
    assert (total.name, total.unit, total.state_class) == ("total", "", "total_increasing")
    assert water.on_change
    assert flow.on_change
    assert total.on_change
