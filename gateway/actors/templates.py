"""Templates: one language for every text of the configuration that is completed later: addresses, topics, acknowledgements, payloads.

`{device}` is a field: a word in braces, or a number (`{1}`). It stands for the fact of that name. Braces around anything else are text, so
that JSON can be written as it is. What is filled in is never read again: a fact with braces in it stays what it is.
"""

import json
import re
from collections.abc import Collection, Iterator, Mapping
from typing import Any

FIELD = re.compile(r"\{([A-Za-z_][A-Za-z0-9_]*|[0-9]+)\}")
_NO_TOPIC = re.compile(r"[{}+#\0]")


def fields_of(text: str) -> tuple[str, ...]:
    """The names of a text's fields, each once, in their order."""
    return tuple(dict.fromkeys(FIELD.findall(text)))


def filled(text: str, facts: Mapping[str, Any]) -> str:
    """Fill the facts into a text. A field that has none stays as it is."""
    return FIELD.sub(lambda found: as_text(facts.get(found[1], found[0])), text)


def filled_value(text: str, facts: Mapping[str, Any]) -> Any:
    """Fill the facts into a text; one that is a field and nothing else becomes the fact itself: a number stays a number."""
    whole = FIELD.fullmatch(text)
    return facts[whole[1]] if whole and whole[1] in facts else filled(text, facts)


def filled_tree(value: Any, facts: Mapping[str, Any]) -> Any:
    """Fill the facts into every text of a JSON value, at any depth, each as `filled_value` does. Names in tables stay as they are."""
    if isinstance(value, dict):
        return {name: filled_tree(inner, facts) for name, inner in value.items()}
    if isinstance(value, list):
        return [filled_tree(inner, facts) for inner in value]
    return filled_value(value, facts) if isinstance(value, str) else value


def texts_of(value: Any) -> Iterator[str]:
    """Every text of a JSON value, at any depth, without the names in its tables."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, (dict, list)):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from texts_of(inner)


def as_text(fact: Any) -> str:
    """A fact as it stands within a text: truth as true or false, nothing for None, tables and lists as their compact JSON."""
    if isinstance(fact, str):
        return fact
    if fact is None:
        return ""
    return json.dumps(fact, ensure_ascii=False, separators=(",", ":")) if isinstance(fact, (bool, dict, list)) else str(fact)


def sample(text: str) -> str:
    """The text with some word for each field, to see what kind of text it will be."""
    return FIELD.sub("x", text)


def check_fields(text: str, known: Collection[str], *, what: str, needs: bool = False) -> str:
    """Return a text where each of its fields is one of the `known`, and one of these is in it where it `needs` one; raise ValueError
    otherwise."""
    names = fields_of(text)
    odd = next((name for name in names if name not in known), None)
    if odd is not None:
        raise ValueError(f"cannot use {text!r} as {what}: {{{odd}}} stands for nothing here; {_listed(known)}")
    if needs and not names:
        raise ValueError(f"cannot use {text!r} as {what}: it has no field, and all would be one; {_listed(known)}")
    return text


def check_topic(text: str, known: Collection[str], *, before: str = "", needs: bool = False) -> str:
    """Return a text that is the template of a topic to publish under, to which `before` may lead; raise ValueError otherwise."""
    rest = text.removeprefix(before)
    check_fields(rest, known, what="a topic", needs=needs)
    wrong = _NO_TOPIC.search(sample(rest))
    if not text or wrong:
        seen = f"it has {wrong[0]!r} in it" if wrong else "it is empty"
        also = f", and {before} before it" if before else ""
        rule = "a topic has no + or #, and no brace but of a field"
        raise ValueError(f"cannot use {text!r} as a topic: {seen}; {rule}; {_listed(known)}{also}")
    return text


def with_empty_level(text: str) -> str:
    """Why a topic to publish under is hardly what was meant: it has a level without a name, by a / too many. Empty where it has none.

    MQTT allows it, and takes a/b, /a/b and a/b/ for three topics (version 5.0, section 4.7.3): who subscribes to one hears nothing of
    the others.
    """
    if "" not in text.split("/"):
        return ""
    plain = "/".join(level for level in text.split("/") if level)
    where = "begins with a /" if text.startswith("/") else "ends with a /" if text.endswith("/") else "has two / in a row"
    what = f'write "{plain}"' if plain else "write a name"
    return f"{text!r} {where}, so that one level of its topics has no name, and who subscribes without it hears nothing; {what}"


def _listed(known: Collection[str]) -> str:
    return f"use {' or '.join(f'{{{name}}}' for name in known)}" if known else "there are no fields here"
