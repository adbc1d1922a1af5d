"""Placeholders in a payload that is sent later than it was written: `{due_ms}`, `{late_s}`, `{missed}`.

A text that is nothing but a placeholder becomes the number itself, as a field of the receiver's model wants it; within other text
it becomes its digits. Other braces stay as they are: see `gateway/actors/templates.py`.
"""

from collections.abc import Mapping

from pydantic import JsonValue

from gateway.actors.templates import filled_value

Facts = Mapping[str, int | float]
"""What the placeholders stand for."""


def filled(fields: Mapping[str, JsonValue], facts: Facts) -> dict[str, JsonValue]:
    """Fill in the placeholders of some fields, at any depth. What has no fact stays."""
    return {name: _filled(value, facts) for name, value in fields.items()}


def _filled(value: JsonValue, facts: Facts) -> JsonValue:
    if isinstance(value, dict):
        return filled(value, facts)
    if isinstance(value, list):
        return [_filled(item, facts) for item in value]
    known: JsonValue = filled_value(value, facts) if isinstance(value, str) else value
    return known
