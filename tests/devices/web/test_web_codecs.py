"""Every codec at an entrance: what is posted is read by it as a frame of a line is, and what it cannot read is refused in words."""

import json
from collections.abc import Iterator

import pytest

from devices.codecs.choice import Chosen, codec_of
from devices.codecs.installed import codec_names
from tests.devices.web.served import WebGateway

OPTIONS: dict[str, dict[str, object]] = {"csv": {"columns": ["t_c", "rh_pct"]}, "regex": {"pattern": "T=(?P<t_c>[-0-9.]+)"}}
"""Of codecs that do nothing without."""
GPS = '[web.in.gps]\nto = "trip/van"\ncodec = "nmea"\n'


def chosen(name: str) -> Chosen:
    return {"name": name, **OPTIONS[name]} if name in OPTIONS else name  # type: ignore[dict-item]  # JSON, all of it


def table(name: str) -> str:
    """The entrance of a codec, into a twin."""
    options = "".join(f", {key} = {json.dumps(value)}" for key, value in OPTIONS.get(name, {}).items())
    return f'[web.in.{name}]\nto = "twin/{name}"\nverb = "report"\ncodec = {{ name = "{name}"{options} }}\n'


@pytest.fixture(scope="module")
def entrances(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WebGateway]:
    """A gateway with an entrance for every codec that comes in the box."""
    with WebGateway(tmp_path_factory.mktemp("codecs"), "".join(map(table, codec_names())) + GPS) as gateway:
        yield gateway
        gateway.stop()


@pytest.mark.parametrize("name", sorted(codec_names()))
def test_each_codec_reads_what_is_posted(entrances: WebGateway, name: str) -> None:
    """One after the other, as its device would say it; the last is what the gateway knows then."""
    made, read = codec_of(chosen(name)), codec_of(chosen(name))
    last = {}
    for number in range(3):
        for frame in made.simulated(number, {}):
            last = dict((*read.read(frame), last)[0])
            said = entrances.call("POST", f"/api/in/{name}", raw=frame)
            assert said.status == 202, said.body
    values = entrances.get(f"/api/actors/twin/{name}")["state"]["values"]
    found = {key: value["value"] for key, value in values.items()}
    assert found.items() >= {key: value for key, value in last.items() if key in found}.items()
    assert found


def test_a_codec_says_with_what_verb_its_fields_are_sent(entrances: WebGateway) -> None:
    """Sentences of a GPS move a trip by its entrance as they do by a port, without a verb in the file."""
    made = codec_of("nmea")
    said = [entrances.call("POST", "/api/in/gps", raw=frame) for number in range(3) for frame in made.simulated(number, {})]
    assert {one.status for one in said} == {202}
    assert entrances.get("/api/actors/trip/van")["state"]["fixes"] == sum(one.json["taken"] for one in said) > 0


@pytest.mark.parametrize("name", sorted(codec_names()))
@pytest.mark.parametrize("body", [b"", b"\xff\xfe\x00", b"\n", b"{" * 50, b"," * 2000, b"9" * 5000, b"nonsense"])
def test_whatever_is_posted_is_answered_in_words(entrances: WebGateway, name: str, body: bytes) -> None:
    """Taken, or refused as a problem: never a fault of the gateway's own."""
    said = entrances.call("POST", f"/api/in/{name}", raw=body)
    assert said.status in (202, 400, 422), said.body
    if said.status != 202:
        assert said.json["detail"]
    assert "cannot answer a request" not in entrances.said()
