"""What a wrong key, or a table that is none, was meant to be, and what to write in its place. Read only for a file with mistakes."""

from typing import Any, get_origin

from pydantic import BaseModel
from pydantic_core import ErrorDetails

from gateway.actors.did_you_mean import did_you_mean, name_meant
from gateway.config.locator import KeyPath
from gateway.config.models import keys_of, model_at, tables_of
from gateway.config.other_words import our_key
from gateway.config.problems import dotted
from gateway.config.sentences import sentence
from gateway.config.syntax import invisible, visible

SECRETS = ("password", "passwd", "passphrase", "secret", "token", "api_key")
"""What keys of secrets end with."""
_TABLES = ("dict_type", "model_type", "model_attributes_type")
_LISTS = ("list_type", "tuple_type")


def key_meant(path: KeyPath, model: type[BaseModel] | None) -> str:
    """The key that was probably meant by one at the end of a path that a model does not have; empty where there is none."""
    name = visible(str(path[-1]))
    known = keys_of(model) if model else []
    if name.lower().endswith(SECRETS):
        return f"{name}_file" if f"{name}_file" in known else next((key for key in known if key.endswith("_file")), "")
    if name in known:
        return name
    ours = our_key(path)
    return ours if ours in known else name_meant(name, known)


def unknown_key(path: KeyPath, depth: int, model: type[BaseModel], value: Any) -> str:
    """What to do about an unknown key at the end of a path. Its section is of the model, and is so deep."""
    name, inner = str(path[-1]), model_at(model, path[depth:-1])
    if text := said_twice(path[:-1], {name: value}):
        return text
    if isinstance(value, dict) and (tables := inner and tables_of(inner)):
        return _table_meant(path, inner, tables, value)
    if (seen := visible(name)) != name:
        odd = next(one for one in name if not visible(one))
        return f"{invisible(odd)} stands in this key; write {seen}"
    meant = key_meant(path, inner)
    if name.lower().endswith(SECRETS) or (meant.endswith("_file") and our_key(path) == meant and _is_secret(meant)):
        return f"a secret does not belong in this file; use {meant or 'a file that only the gateway may read'}"
    if text := from_above(path, depth, model, misplaced=inner is not None):
        return text
    if inner is not None and " " not in our_key(path) and (text := _elsewhere(path, inner, value)):
        return text
    return f"no such key; {_advice(our_key(path), meant) or did_you_mean(name, keys_of(inner) if inner else [])}"


def _table_meant(path: KeyPath, model: type[BaseModel], tables: str, value: dict[str, Any]) -> str:
    """What to say of a table that a model does not have, and that has tables of free names: its key may be a slip of that of those; what
    stands in it may belong to the section, which has no name; else it is one of those."""
    above = path[:-1]
    if name_meant(str(path[-1]), [tables]) or our_key(path) == tables:
        return f"no such key; write [{dotted((*above, tables, next(iter(value), 'NAME')))}]"
    rows, own = model_at(model, (tables, "x")), keys_of(model)
    meant = {our_key((*above, key)) or key for key in value}
    if not value or any(key in own and key not in (keys_of(rows) if rows else ()) for key in meant):
        return f"no such key; this section has no name of its own: write [{dotted(above)}]"
    return f"no such key; write [{dotted((*above, tables, str(path[-1])))}]"


def _elsewhere(path: KeyPath, model: type[BaseModel], value: Any) -> str:
    """What to say of a key that a table does not have, and each of its tables of free names has; and of one of an ordinary kind, which has
    no names, with what is the kind's own in it. Empty where it is neither."""
    above, tables = path[:-1], tables_of(model)
    rows = model_at(model, (tables, "x")) if tables else None
    if rows is not None and path[-1] in keys_of(rows):
        return f"no such key; write it below [{dotted((*above, tables, 'NAME'))}], for each by its name"
    if path[0] == "actors" and isinstance(value, dict) and value and set(value) <= set(keys_of(model)):
        return f"no such key; what is set holds for every {path[1]}: write [{dotted(above)}]"
    return ""


def said_twice(section: KeyPath, table: Any) -> str:
    """What to say where a table has its own name, or the end of it, within itself: `serial.a.baud` below [serial.a]; empty where it has
    not."""
    for begin in range(len(section)):
        inner, names = table, section[begin:]
        for part in names:
            inner = inner.get(part) if isinstance(inner, dict) and len(inner) == 1 else None
        if isinstance(inner, dict) and inner and len(table) == 1:
            key = next(iter(inner))
            return f"what stands below [{dotted(section)}] begins there; write {dotted((key,))} in the place of {dotted((*names, key))}"
    return ""


def _advice(ours: str, meant: str) -> str:
    """What to write in the place of a key that other tools have; empty where nothing is known of it."""
    return ours if " " in ours else f"did you mean '{meant}'?" if meant else ""


def _is_secret(key: str) -> bool:
    """Whether a file is named by this key because what it holds is secret."""
    return key.removesuffix("_file").endswith(SECRETS)


def from_above(path: KeyPath, depth: int, model: type[BaseModel], *, misplaced: bool) -> str:
    """What to say of a key that belongs to a table above the one that it stands in: TOML goes on with a table up to the next header."""
    if not misplaced:
        return ""
    for length in range(len(path) - 2, depth - 1, -1):
        above = model_at(model, path[depth:length])
        if above is not None and path[-1] in keys_of(above) and isinstance(path[-1], str):
            outer, inner = (dotted(tuple(part for part in whole if isinstance(part, str))) for whole in (path[:length], path[:-1]))
            return f"a key of [{outer}] that stands below [{inner}]; move it above that header"
    return ""


def is_named(model: type[BaseModel], path: KeyPath) -> bool:
    """Whether the key at the end of a path is a name of the user's own."""
    outer = model_at(model, path[:-2]) if len(path) > 1 else None
    field = next((f for name, f in outer.model_fields.items() if (f.alias or name) == path[-2]), None) if outer else None
    return field is not None and get_origin(field.annotation) is dict


def brackets(path: KeyPath, kind: str, inner: type[BaseModel] | None, value: Any) -> str:
    """What to say of a table with one pair of brackets too many, or too few; empty where that is not what is wrong."""
    name = dotted(tuple(part for part in path if isinstance(part, str)))
    if isinstance(value, list) and value and isinstance(value[0], dict) and kind in _TABLES:
        if kind == "dict_type" and isinstance(called := value[0].get("name"), str):
            return f"each has a header with its name in it, and no key name; write [{name}.{called or 'NAME'}]"
        return f"two pairs of brackets make a list of tables, and this is one; write [{name}]"
    if not (isinstance(value, dict) and kind in _LISTS and inner is not None):
        return ""
    named = value and all(isinstance(one, dict) for one in value.values()) and "name" in keys_of(inner)
    below = f', and name = "{next(iter(value))}" below it' if named else ""
    return f"one pair of brackets makes one table, and this is a list of them; write [[{name}]] for each{below}"


def without_secret(path: KeyPath, errors: list[ErrorDetails], seen: Any) -> str:
    """The sentence of an error, without the value where the key is a secret's name: the value may be the secret."""
    secret = any(word in str(path[-1]).lower() for word in SECRETS) if path else False
    return sentence(errors, "***" if secret else seen, key=str(path[-1]) if path else "")
