"""What other tools call the sections and keys of this file, and which of ours is meant."""

from collections.abc import Mapping

from gateway.config.locator import KeyPath
from gateway.config.other_keys import KEYS

INCLUDES = ("include", "includes", "include_dir", "include_files", "import", "imports", "conf_d", "packages")
"""What other tools call the key that takes in other files."""
_SECTIONS = {
    "uart": "serial",
    "tty": "serial",
    "rs232": "serial",
    "rs485": "serial",
    "serialport": "serial",
    "serial_port": "serial",
    "ports": "serial",
    "broker": "mqtt",
    "mosquitto": "mqtt",
    "pin": "gpio",
    "pins": "gpio",
    "digital_inputs": "gpio",
    "digital_outputs": "gpio",
    "inputs": "gpio",
    "outputs": "gpio",
    "relay": "gpio",
    "button": "gpio",
    "https": "http",
    "rest": "http",
    "hook": "webhook",
    **dict.fromkeys(("webserver", "web_server", "http_server", "dashboard", "ui", "api", "rest_api"), "web"),
    **dict.fromkeys(("sensors", "w1", "onewire", "one_wire", "1wire", "i2c", "iio", "hwmon"), "sensor"),
    **dict.fromkeys(("home_assistant", "hass", "ha", "discovery"), "homeassistant"),
    **dict.fromkeys(("knob", "rotary", "rotary_encoder"), "encoder"),
    **dict.fromkeys(("hcsr04", "hc_sr04", "ultrasonic", "sonar"), "distance"),
    **dict.fromkeys(("rtu", "modbus_tcp", "modbus_rtu"), "modbus"),
    **dict.fromkeys(("shell", "program", "command", "subprocess"), "exec"),
    **dict.fromkeys(("postgres", "postgresql", "sqlite"), "store"),
    "cron": "clock",
    "schedule": "clock",
    "scheduler": "clock",
    "timer": "clock",
    "general": "gateway",
    "main": "gateway",
    "daemon": "gateway",
    "global": "gateway",
    "log": "gateway",
    "logging": "gateway",
    "database": "store",
    "db": "store",
    "storage": "store",
    "persistence": "store",
    "limits": "runtime",
    "actor": "actors",
    "rules": "actors.alarm.rules",
    "alarms": "actors.alarm.rules",
    "alerts": "actors.alarm.rules",
}


def our_key(path: KeyPath) -> str:
    """What stands here for the key at the end of a path, where other tools call it so: one of our keys, or what to write; else empty."""
    *table, name = path
    return _table(table).get(_plain(str(name)), "")


def our_section(name: str) -> str:
    """The section that other tools call so; empty where none is known."""
    return _SECTIONS.get(_plain(name), "")


def tables() -> Mapping[str, Mapping[str, str]]:
    """Every table that words are known for, without the names that people give: `mqtt.subscribe`, `actors.alarm.rules`."""
    return KEYS


_SOLE = ("web", "homeassistant")
"""Sections whose own keys follow at once, and no name."""
_OF_NAMES = ("units", "values", "in")
"""Tables of tables that people name."""


def _table(path: list[str | int]) -> Mapping[str, str]:
    """The words of the table at a path; the names that people gave are left out."""
    parts = [part for part in path if isinstance(part, str)]
    if parts[:1] == ["actors"]:
        return KEYS.get(".".join(parts[:3]), {})
    named = [part for at, part in enumerate(parts) if not (at and _is_named(parts[at - 1], at))]
    return KEYS.get(".".join(named), {})


def _is_named(before: str, at: int) -> bool:
    """Whether what stands behind `before`, as part number `at` of a path, is a name that people gave."""
    return before in _OF_NAMES or (at == 1 and before not in _SOLE)


def _plain(name: str) -> str:
    return name.lower().replace("-", "_")
