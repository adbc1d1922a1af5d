"""Frozen containers: the lists, dicts and sets of a model, which nobody can change in place.

A frozen model with a plain list in it is not frozen: what a turn appended would stay after the turn had raised, be committed by
the next one, or be seen until the actor left memory and then be gone. These are what they stand for in every other way: they
compare, are written as JSON, are spread (`[*items, new]`, `{**values, "t": 21.5}`) and are iterated as fast.
"""

from math import isfinite
from typing import Any, NoReturn

LARGEST = 10**4000
"""The largest integer: one of more than 4,300 digits cannot be read back from text (`sys.get_int_max_str_digits`)."""
_DEEPEST = 250


def _refuse(self: Any, *arguments: Any, **keywords: Any) -> NoReturn:
    kind = type(self).__mro__[1].__name__
    raise TypeError(f"cannot change a {kind} of a model in place: models are frozen; make a copy with the change, and `changed(…)` with it")


class FrozenList(list[Any]):
    """A list that cannot be changed."""

    __slots__ = ()
    append = extend = insert = remove = pop = clear = sort = reverse = _refuse
    __setitem__ = __delitem__ = __iadd__ = __imul__ = _refuse

    def __copy__(self) -> "FrozenList":
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> "FrozenList":
        return self

    def __reduce__(self) -> tuple[Any, ...]:
        return FrozenList, (list(self),)


class FrozenDict(dict[Any, Any]):
    """A dict that cannot be changed."""

    __slots__ = ()
    update = setdefault = pop = popitem = clear = _refuse
    __setitem__ = __delitem__ = __ior__ = _refuse

    def __copy__(self) -> "FrozenDict":
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> "FrozenDict":
        return self

    def __reduce__(self) -> tuple[Any, ...]:
        return FrozenDict, (dict(self),)


class FrozenSet(set[Any]):
    """A set that cannot be changed. (A frozenset would not be written as what the model says.)"""

    __slots__ = ()
    add = update = discard = remove = pop = clear = _refuse
    intersection_update = difference_update = symmetric_difference_update = _refuse
    __ior__ = __iand__ = __isub__ = __ixor__ = _refuse

    def __copy__(self) -> "FrozenSet":
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> "FrozenSet":
        return self

    def __reduce__(self) -> tuple[Any, ...]:
        return FrozenSet, (set(self),)


def frozen(value: Any) -> Any:
    """A JSON value with everything in it frozen.

    Raises ValueError where it holds what JSON has no word for (NaN, infinities) or an integer that cannot be read back from text.
    One that is nested too deep, or in itself, is left as it is: it is refused where it is written.
    """
    return _frozen(value, 0)


def _frozen(value: Any, depth: int) -> Any:
    kind = type(value)
    if kind is str or depth > _DEEPEST:
        return value
    if kind is dict:
        return FrozenDict({key: _frozen(inner, depth + 1) for key, inner in value.items()})
    if kind is list:
        return FrozenList([_frozen(inner, depth + 1) for inner in value])
    if kind is float and not isfinite(value):
        raise ValueError(f"a number must be finite, and this is {value}")
    if kind is int and not -LARGEST <= value <= LARGEST:
        raise ValueError("an integer must have at most 4,000 digits")
    if kind is tuple:
        return tuple(_frozen(inner, depth + 1) for inner in value)
    return FrozenSet(value) if kind is set else value
