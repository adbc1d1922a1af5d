"""JSON straight into a model: the same as `read_fields` and then the model, or nothing."""

import json
from typing import Annotated, Any, Literal

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pydantic import AliasChoices, BeforeValidator, ConfigDict, Field, StringConstraints, field_validator

from devices.codecs.framing import BadFrame
from devices.codecs.json_lines import INT_MAX, INT_MIN, read_fields
from devices.codecs.json_models import is_plain, read_model
from gateway.actors import BadPayload, Payload
from gateway.actors.payloads import read_payload


class Sample(Payload):
    """A plain model with a field of each kind."""

    device: str
    n: int = 0
    level: float = 0.0
    on: bool | None = None
    unit: Literal["C", "F"] = "C"
    share: float = Field(default=0.5, ge=0, le=1)


NAMES = st.sampled_from(["device", "n", "level", "on", "unit", "share", "devic\\u0065", "other"])
TEXTS = st.sampled_from(
    ['"a"', '"C"', '"a:b"', '"{"', '"\\ud800"', '"\\"device\\":"', "null", "true", "NaN", "1e999", "[1]", "{}", '{"n":1}', "x"]
)
WHOLE = [0, -1, 2**53 - 1, 2**53, 2**53 + 1, -(2**53) - 1, 2**53 + 3, INT_MAX, INT_MAX + 1, INT_MIN, INT_MIN - 1, 10**30]
NUMBERS = st.sampled_from([*WHOLE, 0.25, 1e18, 1e19, -1e300]).map(json.dumps)
PAIRS = st.lists(st.tuples(NAMES, TEXTS | NUMBERS), max_size=5)


def _in_steps(line: bytes) -> tuple[Sample, dict[str, Any]] | None:
    try:
        return read_payload(Sample, line, where="it"), read_fields(line)
    except (BadFrame, BadPayload):
        return None


@given(PAIRS, st.booleans())
@example([("device", '"a"'), ("device", '"b"')], True)
@example([("level", str(INT_MIN - 1))], True)
@example([("level", str(2**53 + 1))], True)
@example([("level", str(-(2**53) - 1))], True)
def test_what_is_read_is_what_two_steps_would_have_read(pairs: list[tuple[str, str]], named: bool) -> None:
    """Model and fields alike; and what two steps refuse (a key twice, more than 64 bits, no number at all) is never taken."""
    pairs = [("device", '"m1"'), *pairs] if named else pairs
    line = ("{" + ",".join(f'"{name}":{value}' for name, value in pairs) + "}").encode()
    found = read_model(line, Sample)
    if found is not None:
        assert found == _in_steps(line)
        assert _types(found[1]) == _types(read_fields(line))


def _types(fields: dict[str, Any]) -> dict[str, type]:
    """For `True == 1`; a whole number that was said for a double is one."""
    return {name: type(value) for name, value in fields.items() if Sample.model_fields[name].annotation is not float}


@given(st.binary(max_size=60))
def test_it_never_raises(line: bytes) -> None:
    """Whatever the bytes are."""
    assert read_model(line, Sample) is None


def test_most_lines_are_read_so() -> None:
    """With all fields, with some, and with blanks."""
    for line in (
        b'{"device":"a","n":1,"level":2.5,"on":true,"unit":"F","share":0.1}',
        b'{"device":"a"}',
        b' {"device" : "a", "level" : 2}\t',
        b'{"device":"[{a}]"}',
    ):
        assert read_model(line, Sample) == _in_steps(line) != None  # noqa: E711  # both are, and neither is nothing


def test_lines_that_have_all_fields_share_the_set_of_their_names() -> None:
    """Hundreds of them are under way in a burst; a line that has some says which."""
    whole = b'{"device":"a","n":1,"level":2.5,"on":true,"unit":"F","share":0.1}'
    one, other, some = (read_model(line, Sample) for line in (whole, whole, b'{"device":"a"}'))
    assert one is not None
    assert other is not None
    assert some is not None
    assert one[0].__pydantic_fields_set__ is other[0].__pydantic_fields_set__
    assert one[0].model_fields_set == set(Sample.model_fields)
    assert some[0].model_fields_set == {"device"}


def test_numbers_that_others_cannot_hold_are_left_to_the_other_way() -> None:
    """It names them; a whole number that was meant for a double too."""
    for text in ("9223372036854775808", "-9223372036854775809"):
        for name in ("n", "level"):
            assert read_model(f'{{"device":"a","{name}":{text}}}'.encode(), Sample) is None


@pytest.mark.parametrize("deep", [b"[" * 100_000, b'{"n":' * 100_000, b"[" * 300 + b"]" * 300])
def test_what_is_nested_is_left_to_the_other_way(deep: bytes) -> None:
    """However deep it is."""
    assert read_model(b'{"device":' + deep + b"}", Sample) is None


class Nested(Payload):
    inner: Sample


class Several(Payload):
    values: tuple[int, ...] = ()


class Renamed(Payload):
    device: str = Field(validation_alias=AliasChoices("device", "dev"))


class Coded(Payload):
    device: str

    @field_validator("device")
    @classmethod
    def _low(cls, text: str) -> str:
        return text.lower()


class CodedInside(Payload):
    device: Annotated[str, BeforeValidator(str)]


class Stripped(Payload):
    device: Annotated[str, StringConstraints(strip_whitespace=True)]


class StrippedAll(Payload):
    model_config = ConfigDict(str_strip_whitespace=True)
    device: str


class Lenient(Payload):
    model_config = ConfigDict(extra="ignore")
    device: str


class Made(Payload):
    device: str = Field(default_factory=lambda: "x")


class MadeAfter(Payload):
    device: str

    def model_post_init(self, context: Any) -> None:
        """Could do anything."""


class Anything(Payload):
    device: Any


@pytest.mark.parametrize(
    "model",
    [Nested, Several, Renamed, Coded, CodedInside, Stripped, StrippedAll, Lenient, Made, MadeAfter, Anything],
    ids=lambda m: m.__name__,
)
def test_a_model_that_is_more_than_its_fields_is_not_plain(model: type[Payload]) -> None:
    """What it holds may be something else than the line says, or cannot be told by its fields."""
    assert is_plain(Sample)
    assert not is_plain(model)
