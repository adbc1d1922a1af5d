"""How the file names a codec or a framing: by its name alone, `codec = "csv"`, or by a table with its options,
`codec = {name = "csv", delimiter = ";"}`."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from pydantic import BaseModel, JsonValue
from pydantic.fields import FieldInfo

from devices.codecs.codec import Codec
from devices.codecs.framings.framing import Framing
from devices.codecs.framings.settings import FRAMINGS, FramingSettings
from devices.codecs.installed import codec_class, codec_names
from gateway.actors.did_you_mean import did_you_mean
from gateway.actors.errors import BadDefinition
from gateway.actors.points import Given, ValueSettings

Chosen = str | dict[str, JsonValue]
"""A name, or a table with the key `name`."""


class Choice(NamedTuple):
    """What the file names: the name, and the options beside it."""

    name: str
    options: dict[str, JsonValue]


def choice_of(chosen: Chosen) -> Choice:
    """The name and the options; an empty name where there is none."""
    if not isinstance(chosen, dict):
        return Choice(chosen, {})
    name = chosen.get("name")
    return Choice(name if isinstance(name, str) else "", {key: value for key, value in chosen.items() if key != "name"})


def codec_of(chosen: Chosen, more: Mapping[str, Any] | None = None) -> Codec:
    """The codec that the file names, with its options, and with those of `more` that it knows and the file does not say there."""
    name, options = choice_of(chosen)
    kind = codec_class(name)
    known = {key: value for key, value in (more or {}).items() if key in kind.settings_model.model_fields}
    return kind(kind.settings_model.model_validate({**known, **options}, strict=True))


def usual_framing(codec: Chosen) -> str:
    """The framing that the frames of a codec come in where the file names none."""
    name, options = choice_of(codec)
    return codec_class(name).usual_framing(options)


def framing_of(chosen: Chosen, *, max_bytes: int, max_gap_s: float) -> Framing:
    """The framing that the file names."""
    return framing_settings(chosen).make(max_bytes=max_bytes, max_gap_s=max_gap_s)


def framing_settings(chosen: Chosen) -> FramingSettings:
    """The options of the framing that the file names."""
    name, options = choice_of(chosen)
    return FRAMINGS[name].model_validate(options, strict=True)


def check_choices(*, codec: Chosen, framing: Chosen | None) -> None:
    """Raises ValueError, with a line for each of both that there is not, where the file names them by `codec` and `framing`."""
    wrong = []
    for check, chosen in ((check_codec, codec), (check_framing, framing)):
        try:
            if chosen is not None:
                check(chosen)
        except ValueError as error:
            wrong.append(str(error))
    if wrong:
        raise ValueError("\n".join(wrong))


def check_codec(chosen: Chosen, *, key: str = "codec") -> None:
    """Raises ValueError, beginning with the path of what is wrong, where there is no such codec, or it cannot be used."""
    name = _name(chosen, key)
    if name not in codec_names():
        raise ValueError(f"{_at(chosen, key)}: there is no codec {name!r}; {did_you_mean(name, codec_names())}")
    try:
        fields = codec_class(name).settings_model.model_fields
    except BadDefinition as error:
        raise ValueError(f"{_at(chosen, key)}: {error}") from None
    _check_whole(chosen, fields, key)


def check_framing(chosen: Chosen, *, key: str = "framing") -> None:
    """Raises ValueError, beginning with the path of what is wrong, where there is no such framing."""
    name = _name(chosen, key)
    if name not in FRAMINGS:
        raise ValueError(f"{_at(chosen, key)}: there is no framing {name!r}; {did_you_mean(name, FRAMINGS)}")
    _check_whole(chosen, FRAMINGS[name].model_fields, key)


def codec_options(chosen: Chosen, *, key: str = "codec") -> tuple[str, type[BaseModel], dict[str, JsonValue]]:
    """What the file says to the codec, with the model that reads it: a row of `Settings.options`."""
    name, options = choice_of(chosen)
    return key, codec_class(name).settings_model, options


def fields_found(chosen: Chosen) -> list[str] | None:
    """The fields that a codec finds at most, with its options; None where only what is read says them, or the options are wrong, which is
    said where they stand."""
    try:
        return _field_names(chosen)
    except ValueError:
        return None


def _field_names(chosen: Chosen) -> list[str] | None:
    """The same. Raises ValueError where the options are wrong."""
    name, options = choice_of(chosen)
    return codec_class(name).settings_model.model_validate(options, strict=True).field_names()


def given_by(to: str, chosen: Chosen, values: Mapping[str, ValueSettings], *, unmapped: bool) -> Given:
    """The values that an actor gets by a codec and a table of values; with `unmapped`, fields that the table does not name too."""
    fields = _field_names(chosen) if unmapped else []
    sources = {value.source for value in values.values()}
    return Given(to, frozenset({*values, *(set(fields or ()) - sources)}), others=fields is None)


def framing_options(chosen: Chosen, *, key: str = "framing") -> tuple[str, type[BaseModel], dict[str, JsonValue]]:
    """What the file says to the framing, with the model that reads it: a row of `Settings.options`."""
    name, options = choice_of(chosen)
    model: type[FramingSettings] = FRAMINGS[name]
    return key, model, options


def _check_whole(chosen: Chosen, fields: Mapping[str, FieldInfo], key: str) -> None:
    """Raise ValueError where the name stands alone of what needs an option."""
    needed = {option: field for option, field in fields.items() if field.is_required()}
    if needed and isinstance(chosen, str):
        options = ", ".join(f"{option} = {field.examples[0] if field.examples else '...'}" for option, field in needed.items())
        raise ValueError(f'{key}: "{chosen}" needs {" and ".join(needed)}; write {key} = {{name = "{chosen}", {options}}}')


def _name(chosen: Chosen, key: str) -> str:
    if isinstance(chosen, dict) and "name" not in chosen:
        raise ValueError(f'{key}: the table has no name; write {key} = {{name = "...", ...}}')
    if isinstance(chosen, dict) and not isinstance(chosen["name"], str):
        raise ValueError(f"{key}.name: expected text, saw {chosen['name']}; put it in quotes")  # noqa: TRY004  # pydantic takes a ValueError
    return choice_of(chosen).name


def _at(chosen: Chosen, key: str) -> str:
    return f"{key}.name" if isinstance(chosen, dict) else key
