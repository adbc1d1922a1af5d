"""Settings: what is wrong is said with the key and the way out."""

import pytest
from pydantic import ValidationError

from devices.serial.settings import SerialSettings


@pytest.mark.parametrize(("codec", "sends", "report"), [("json", "report", True), ("nmea", "position", False), ("text", "line", False)])
def test_defaults_by_codec(codec: str, sends: str, report: bool):
    """Each codec has its verb, and only JSON under the verb `report` becomes a Report."""
    settings = SerialSettings.model_validate({"port": "/dev/ttyUSB0", "codec": codec, "to": "twin/t"})
    assert (settings.sends, settings.as_report) == (sends, report)
    assert settings.addresses() == [("to", "twin/t", sends)]
    assert settings.claims() == {"port": "/dev/ttyUSB0"}


def test_payload_and_verb():
    """A verb of its own gets all fields, unless a report is asked for."""
    own = {"port": "x", "codec": "json", "to": "twin/t", "verb": "measured"}
    assert not SerialSettings.model_validate(own).as_report
    assert SerialSettings.model_validate({**own, "payload": "report"}).as_report
    assert not SerialSettings.model_validate({**own, "verb": "report", "payload": "fields"}).as_report


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"port": ""}, "port is missing; name one (`gateway ports` lists them), or write simulate = true"),
        ({"to": "twin"}, "'twin' is no actor id; write kind/key, or kind/{field} with a field of the JSON line"),
        ({"to": "twin/Küche 2"}, "'twin/Küche 2' is no actor id; write \"twin/Kueche_2\""),
        ({"to": "twin/{a b}"}, "'twin/{a b}' is no actor id; write kind/key, or kind/{field} with a field of the JSON line"),
        ({"to": "twin/{device}"}, 'to: {fields} need codec = "json"; a line of codec "text" has none'),
        ({"ack": "ok {number}"}, "cannot use 'ok {number}' as an acknowledgement: {number} stands for nothing here; use {id} or {frame}"),
    ],
)
def test_wrong(wrong: dict, said: str):
    """A setting that cannot work is refused before anything runs."""
    with pytest.raises(ValidationError) as caught:
        SerialSettings.model_validate({"port": "/dev/ttyUSB0", "to": "twin/t", **wrong})
    assert caught.value.errors()[0]["msg"] == f"Value error, {said}"


def test_a_port_may_be_simulated_as_every_device_is():
    """By true alone, or by a table."""
    settings = SerialSettings.model_validate({"to": "trip/van", "simulate": True})
    assert settings.simulation == SerialSettings.model_validate({"to": "trip/van", "simulate": {}}).simulation
    assert SerialSettings.model_validate({"to": "trip/van", "port": "x", "simulate": False}).simulation is None


def test_simulated_port_claims_nothing():
    """A simulated device needs no port, and owns none."""
    settings = SerialSettings.model_validate({"to": "trip/van", "codec": "nmea", "simulate": {"device": "gps", "interval_s": 0.5}})
    assert settings.claims() == {}
