"""The files that come in the box: gateway.toml tells the truth about every key, and editors find nothing wrong with it."""

import os
import re
import tomllib
from enum import Enum
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any, get_args, get_origin

import jsonschema  # type: ignore[import-untyped]  # its types are a package of their own
import pytest
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from devices.serial.simulated_line import SimulatedLine
from gateway.actors import Settings
from gateway.actors.vocabulary import PREFIX
from gateway.config import ConfigProblems, GatewaySettings, RuntimeSettings, StoreSettings, json_schema, read
from gateway.config.models import models_in
from gateway.config.schema import field_docstrings
from gateway.registry import ACTORS, DEVICES, SECTIONS, Promised, Registry, registered
from gateway.runtime.settings import EngineSettings

ROOT = Path(__file__).parents[2]
SHIPPED = ROOT / "config" / "gateway.toml"


@pytest.fixture(scope="module")
def in_the_box() -> Registry:
    """The kinds that pyproject.toml registers, installed or not."""
    groups = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["entry-points"]
    devices, actors = ([EntryPoint(name, value, group) for name, value in groups[group].items()] for group in (DEVICES, ACTORS))
    return registered(devices, actors)


@pytest.fixture(scope="module")
def everything() -> str:
    """The shipped file with the # taken from every key and section."""
    return re.sub(r"^#(?=[a-z0-9_]+ = |\[)", "", SHIPPED.read_text(), flags=re.MULTILINE)


def test_the_file_as_shipped_starts(in_the_box: Registry) -> None:
    """Without a device, a broker or a change, it is a configuration; ordinary actors publish nowhere."""
    found = read(SHIPPED, registry=in_the_box)
    assert found.host_bound == ()
    assert [actor.kind for actor in found.actors] == in_the_box.ordinary.names
    actors = [actor.make() if isinstance(actor, Promised) else actor for actor in found.actors]
    assert not [address for actor in actors for address in actor.settings.addresses()]


def test_every_line_of_it_can_be_used(in_the_box: Registry, everything: str, tmp_path: Path) -> None:
    """With the # taken from every key and section at once, there is no problem in it."""
    path = tmp_path / "gateway.toml"
    path.write_text(everything)
    assert {part.kind.kind for part in read(path, registry=in_the_box).host_bound} == set(in_the_box.host_bound.names)


def test_it_names_every_key_with_its_true_default(in_the_box: Registry, everything: str) -> None:
    """No key of any settings model in the box is missing from the file, and no default in it is out of date."""
    table = tomllib.loads(everything)
    wrong = _wrong([table["gateway"]], GatewaySettings) + _wrong([table["store"]], StoreSettings)
    wrong += _wrong([table["runtime"]], RuntimeSettings)
    for name in in_the_box.host_bound.names:
        kind = in_the_box.host_bound.load(name)
        wrong += _wrong([table[name]] if kind.sole_key else list(table[name].values()), kind.settings_model)
    for name in in_the_box.ordinary.names:
        section = table.get(name, {}) if name in SECTIONS else table["actors"].get(name, {})
        wrong += _wrong([section], in_the_box.ordinary.load(name).settings_model)
    assert not wrong, "\n".join(wrong)


def test_every_topic_of_its_own_begins_with_the_prefix(in_the_box: Registry) -> None:
    """Of no kind in the box two gateways at one broker publish under the same topic, unless the file gives one."""
    models = [in_the_box.host_bound.load(name).settings_model for name in in_the_box.host_bound.names]
    models += [in_the_box.ordinary.load(name).settings_model for name in in_the_box.ordinary.names]
    topics = {model.__name__: model.model_fields["topic"].default for model in models if "topic" in model.model_fields}
    assert len(topics) > 5
    assert not {name: topic for name, topic in topics.items() if not topic.startswith(PREFIX)}


def test_its_defaults_are_the_engine_s() -> None:
    """A runtime that is made without a configuration behaves as one with an empty file."""
    ours, engine = RuntimeSettings(), EngineSettings()
    for name in ("idle_s", "active_actors", "mailbox_messages", "ingress_messages", "close_s"):
        assert getattr(ours, name) == getattr(engine, name)
    assert (ours.mailbox_mb << 20, ours.ingress_mb << 20) == (engine.mailbox_bytes, engine.ingress_bytes)
    assert ours.explain_kb << 10 == engine.trail_bytes
    assert StoreSettings().dead_letters_mb << 20 == engine.dead_letters_bytes
    assert (StoreSettings().ids_kept, StoreSettings().dead_letters_kept) == (engine.ids_kept, engine.dead_letters_kept)


@pytest.mark.parametrize("name", ["gateway.toml", "demo.toml"])
def test_editors_find_nothing_wrong_with_it(in_the_box: Registry, name: str) -> None:
    """The schema of the whole file accepts what ships."""
    path = ROOT / "config" / name
    jsonschema.validate(tomllib.loads(path.read_text()), _checked(json_schema(registry=in_the_box)))


def test_editors_accept_every_line_and_no_misspelled_one(in_the_box: Registry, everything: str) -> None:
    """The schema knows all keys of all kinds, in tables within tables too, and nothing else."""
    schema = _checked(json_schema(registry=in_the_box))
    jsonschema.validate(tomllib.loads(everything), schema)
    with pytest.raises(jsonschema.ValidationError, match="'buad' was unexpected"):
        jsonschema.validate(tomllib.loads(everything.replace("\nbaud", "\nbuad")), schema)


def test_editors_show_what_a_key_means(in_the_box: Registry) -> None:
    """Descriptions in the schema are the docstrings under the fields."""
    definitions = json_schema(registry=in_the_box)["$defs"]
    assert definitions["StoreSettings"]["properties"]["max_mb"]["description"] == field_docstrings(StoreSettings)["max_mb"]
    assert field_docstrings(StoreSettings)["max_mb"].startswith("The most the file may take, in megabytes; ")


def test_a_simulated_gateway_needs_no_hardware(in_the_box: Registry, tmp_path: Path) -> None:
    """With gateway.simulate, each device that can be simulated is, and claims nothing of the host."""
    path = tmp_path / "gateway.toml"
    path.write_text("[gateway]\nsimulate = true\n[serial.gps]\ncodec = 'nmea'\nto = 'trip/a'\n[gpio.a]\ntype = 'led'\npin = 4\n")
    serial, gpio = (part.settings for part in read(path, registry=in_the_box).host_bound)
    assert serial.claims() == {}
    assert gpio.model_dump()["simulate"] is True


def test_one_device_under_two_names(in_the_box: Registry, tmp_path: Path) -> None:
    """Each port of a host has one section, whatever it is called there: the other one is named, with its line and its name."""
    path = tmp_path / "gateway.toml"
    section = "[serial.{}]\nport = '{}'\ncodec = 'json'\nto = 'twin/{}'\n"
    with SimulatedLine(tmp_path / "gps") as line, SimulatedLine() as other:
        device = os.path.realpath(line.path)
        path.write_text("".join(section.format(*row) for row in (("one", device, 1), ("two", line.path, 2), ("three", other.path, 3))))
        with pytest.raises(ConfigProblems) as caught:
            read(path, registry=in_the_box)
        assert str(caught.value).splitlines()[1:] == [
            f'  6:8   serial.two.port: "{line.path}" is the same as "{device}", already owned by serial.one (line 2)'
        ]


def test_without_it_a_serial_port_must_be_named(in_the_box: Registry, tmp_path: Path) -> None:
    """The same section is a problem where it is meant to be real."""
    path = tmp_path / "gateway.toml"
    path.write_text("[serial.gps]\ncodec = 'nmea'\nto = 'trip/a'\n")
    with pytest.raises(ConfigProblems, match=r"1:9   serial.gps: port is missing"):
        read(path, registry=in_the_box)


def _checked(schema: dict[str, Any]) -> dict[str, Any]:
    jsonschema.Draft202012Validator.check_schema(schema)
    return schema


def _wrong(tables: list[dict[str, Any]], model: type[BaseModel]) -> list[str]:
    """The keys of `model` that none of `tables` has, or none with its default."""
    found = (
        _wrong([row for table in tables for row in table.values()], model.tables) if issubclass(model, Settings) and model.tables else []
    )
    for name, field in model.model_fields.items():
        key = field.alias or name
        values = [table[key] for table in tables if key in table]
        if not values:
            found.append(f"{model.__name__}.{key} is not in the file")
        elif _has_default(field) and _default(field) not in values:
            found.append(f"{model.__name__}.{key}: the default is {_default(field)!r}, the file says {values}")
        for inner in models_in(field.annotation):
            named = get_origin(field.annotation) is dict
            outer = values
            if named and get_origin(get_args(field.annotation)[1]) is dict:
                outer = [one for value in values for one in value.values()]
            tables_within = [table for value in outer for table in _tables(value, named=named)]
            if values and named and not tables_within:
                continue  # the short form of tables that another section shows in full
            found += _wrong(tables_within, inner)
    return found


def _tables(value: Any, *, named: bool) -> list[dict[str, Any]]:
    """The tables that a value is: itself, each of its list, or, where they are `named`, each under its name."""
    found = value if isinstance(value, list) else list(value.values()) if named and isinstance(value, dict) else [value]
    return [table for table in found if isinstance(table, dict)]


def _default(field: FieldInfo) -> Any:
    """The default as a file writes it."""
    default = field.get_default()
    return default.value if isinstance(default, Enum) else default


def _has_default(field: FieldInfo) -> bool:
    """Whether there is a default to show: what is unset unless given has an example in the file instead."""
    return not field.is_required() and field.default_factory is None and field.default not in (None, "", {}, [])


def test_a_misspelled_key_of_an_alarm_s_rule_is_told_what_was_meant(in_the_box: Registry, tmp_path: Path) -> None:
    """In tables that have names of their own, too."""
    path = tmp_path / "gateway.toml"
    path.write_text("[actors.alarm.rules.freezer]\nof = 'twin/freezer'\nvalu = 'c'\nsilent = true\n")
    with pytest.raises(ConfigProblems, match=r"3:8   actors.alarm.rules.freezer.valu: no such key; did you mean 'value'\?"):
        read(path, registry=in_the_box)
