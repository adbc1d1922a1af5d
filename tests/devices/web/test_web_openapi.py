"""The description of the API where users have brought actors of their own, whatever these are written like."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from tests.daemons import install_kinds
from tests.devices.web.served import WebGateway

TAKES: dict[str, dict[str, Any]] = {
    "tell": {"kind": "dog", "friends": [{"kind": "cat"}]},
    "gieße": {"größe": "öcher/$ref~1", "breite_mm": 2.5},
    "plant": {"name": "oak", "twigs": [{"name": "leaf"}]},
    "pack": {"inside": {"name": "oak"}},
    "count_up": {"inside": 10**30},
    "history": {"price": "2.25", "either": {"a": 1, "b": [{"name": "ash"}]}},
    "halve": {},
    "act": {},
    "rest": {},
}
"""What each verb of the odd kind takes."""
OPAQUE = {"halve", "act"}
"""Those whose model cannot be described."""
PARTS = "#/components/schemas/"


@pytest.fixture(scope="module")
def odd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WebGateway]:
    """A gateway with an odd kind of a user's own package."""
    folder: Path = tmp_path_factory.mktemp("odd")
    with WebGateway(folder, environ=install_kinds(folder, odd="tests.devices.web.odd_kinds:Odd")) as gateway:
        yield gateway
        gateway.stop()


@pytest.fixture(scope="module")
def document(odd: WebGateway) -> dict[str, Any]:
    found: dict[str, Any] = odd.get("/api/openapi.json")
    return found


def _texts(found: Any) -> Iterator[str]:
    """Every text in a document that leads somewhere in it."""
    if isinstance(found, str) and found.startswith("#/"):
        yield found
    for inner in found.values() if isinstance(found, dict) else found if isinstance(found, list) else ():
        yield from _texts(inner)


def _schema(document: dict[str, Any], verb: str) -> dict[str, Any]:
    """What the description says that a verb takes."""
    operation = document["paths"][f"/api/actors/odd/{{key}}/{verb}"]["post"]
    found: dict[str, Any] = operation["requestBody"]["content"]["application/json"]["schema"]
    return found


def test_it_is_openapi_3_1(document: dict[str, Any]) -> None:
    """By the standard's own schema, and every reference in it leads somewhere."""
    judge = pytest.importorskip("schemathesis.specs.openapi.definitions", reason="schemathesis is not installed here")
    validator = judge.OPENAPI_31_VALIDATOR
    assert [str(error) for error in validator.iter_errors(document)] == []
    parts = document["components"]["schemas"]
    assert {text for text in _texts(document) if text.removeprefix(PARTS) not in parts} == {"#/$defs/nowhere"}  # an example's own words


def test_its_numbers_are_such_as_every_program_reads(document: dict[str, Any]) -> None:
    """The bound that each whole number has, of four thousand digits, is not written there."""

    def numbers(found: Any) -> Iterator[float]:
        if isinstance(found, int | float):
            yield found
        for inner in found.values() if isinstance(found, dict) else found if isinstance(found, list) else ():
            yield from numbers(inner)

    assert max(map(abs, numbers(document))) < 2**63


@pytest.mark.parametrize("verb", TAKES)
def test_each_verb_is_described_and_can_be_called(odd: WebGateway, document: dict[str, Any], verb: str) -> None:
    """What it takes is taken by its schema too; what its schema does not take is refused in words."""
    jsonschema = pytest.importorskip("jsonschema", reason="jsonschema is not installed here")
    validator = jsonschema.Draft202012Validator({**_schema(document, verb), "components": document["components"]})
    assert [str(error) for error in validator.iter_errors(TAKES[verb])] == []
    place = f"/api/actors/odd/a/{quote(verb)}"
    said = odd.post(place, TAKES[verb])
    assert (said.status, said.json["body"]) == (200, {"verb": verb})
    assert odd.post(f"{place}/tell", TAKES[verb]).status == 202
    assert validator.is_valid({"nothing": "such"}) is (verb in OPAQUE)
    assert odd.post(place, {"nothing": "such"}).status == 422


def test_a_body_is_needed_where_something_in_it_is(document: dict[str, Any]) -> None:
    """Also of a model that holds itself, which is one of its own parts."""
    needed = {verb: document["paths"][f"/api/actors/odd/{{key}}/{verb}"]["post"]["requestBody"]["required"] for verb in TAKES}
    assert {verb for verb, is_needed in needed.items() if is_needed} == {"tell", "plant", "pack", "count_up"}
