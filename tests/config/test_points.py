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
