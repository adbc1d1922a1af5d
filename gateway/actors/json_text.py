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
    if type(given) is str or given is None or isinstance(given, (str, bytes)):
        return given
    written = to_json(given)
    if b"NaN" in written or b"Infinity" in written:
        from_json(written, allow_inf_nan=False)  # it may stand in a text, where it does no harm
    return written.decode()


if TYPE_CHECKING:
    JsonText = str | bool | int | float | Mapping[str, Any] | Sequence[Any] | BaseModel
else:
    JsonText = Annotated[str, TakesJson()]
