"""JSON text: a field of text that also takes what is no text, and holds the JSON of it.

    class Publish(Payload):
        body: JsonText = ""

    Publish(topic="depot/a", body={"parcels": 3})       # its body is the text {"parcels":3}

What the field holds is text whatever it was given, so it is stored, read back and sent on as any other.
"""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import BaseModel, GetCoreSchemaHandler
from pydantic_core import CoreSchema, core_schema, from_json, to_json


class TakesJson:
    """Marks a field of text as one that is given JSON values too. Its schema is still that of the text, with its limits."""

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        del source
        return core_schema.no_info_before_validator_function(json_text, handler(str))


def json_text(given: Any) -> Any:
    """The compact JSON of what a field was given; text stays as it is. Raises ValueError where it cannot be written as JSON.

    None is no body: it is left to the text's own check to refuse it.
    """
    kind = type(given)
    if kind is not dict and (kind is str or given is None or isinstance(given, (str, bytes))):
        return given
    text = to_json(given).decode()
    if ("N" in text and "NaN" in text) or ("I" in text and "Infinity" in text):  # one letter is looked for many times as fast as a word
        from_json(text, allow_inf_nan=False)  # it may stand in a text, where it does no harm
    return text


if TYPE_CHECKING:
    JsonText = str | bool | int | float | Mapping[str, Any] | Sequence[Any] | BaseModel
else:
    JsonText = Annotated[str, TakesJson()]
