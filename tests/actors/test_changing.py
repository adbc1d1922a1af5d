"""A copy with some fields changed is the one that checking all of them would make, or is refused in the same words."""

import pickle
import random
from collections.abc import Callable
from typing import Any

import pytest
from pydantic import AliasChoices, Field, ValidationError, field_validator, model_validator

from gateway.actors import State
from gateway.actors.models import Model
from gateway.actors.payloads import read_stored


class Inner(Model):
    """What stands in two places of a large one."""

    n: int = 0


class Large(State):
    """A plain state of many fields, of each kind that a plain one may have."""

    count: int = Field(default=0, ge=0)
    name: str = Field(default="", max_length=5)
    ratio: float | None = None
    tags: list[str] = []
    sums: dict[str, int] = {}
    one: Inner = Inner()
    two: Inner | None = None
    old: str = Field(default="", validation_alias=AliasChoices("old", "older"))
    on: bool = False
    rows: tuple[int, ...] = ()


class Straight(Large):
    """One more; its fields are looked at together."""

    @model_validator(mode="after")
    def _is_even(self) -> "Straight":
        if self.count % 2 and not self.on:
            raise ValueError("odd ones must be on")
        return self


GIVEN: dict[str, list[Any]] = {
    "count": [1, "2", 3.0, True, -1, 10**4001, "x", None],
    "name": ["a", "", "toolong", "\udfff", 1, b"by"],
    "ratio": [1, 2.5, None, "3", float("nan")],
    "tags": [[], ["a"], ("a", "b"), [1], "ab"],
    "sums": [{}, {"a": 1}, {"a": "1"}, {1: 1}, None],
    "one": [Inner(n=3), {"n": 4}, {"m": 1}, None],
    "two": [Inner(n=5), None, {"n": "x"}],
    "old": ["x", 1],
    "on": [True, 0, "yes", "maybe"],
    "rows": [(1, 2), [3], ("x",)],
    "older": ["an alias"],
    "unknown": [1],
}


@pytest.mark.parametrize("model", [Large, Straight])
@pytest.mark.parametrize("seed", range(120))
def test_it_is_as_if_all_were_checked(model: type[Large], seed: int) -> None:
    """The same values, frozen as ever; or the same errors."""
    rng = random.Random(seed)
    before = model(count=2, name="b", tags=["t"], sums={"s": 1}, one=Inner(n=1), rows=(1,))
    fields = {name: rng.choice(GIVEN[name]) for name in rng.sample(list(GIVEN), rng.choice([1, 1, 2, 3, 7]))}
    expected = _said(lambda: model.model_validate({**before.__dict__, **fields}))
    assert _said(lambda: before.changed(**fields)) == expected
    if expected is not None:
        return
    whole, changed = model.model_validate({**before.__dict__, **fields}), before.changed(**fields)
    assert changed == whole
    assert repr(changed) == repr(whole)
    assert changed.to_json() == whole.to_json()
    assert [type(value) for value in changed.__dict__.values()] == [type(value) for value in whole.__dict__.values()]
    assert changed.model_fields_set == whole.model_fields_set
    assert pickle.loads(pickle.dumps(changed)) == whole
    with pytest.raises(ValidationError, match="frozen"):
        changed.count = 5
    assert before == model(count=2, name="b", tags=["t"], sums={"s": 1}, one=Inner(n=1), rows=(1,))


def test_models_that_have_all_their_fields_share_the_set_of_their_names() -> None:
    """One that was changed, and one that the store has: a set for each took more than most of them do. Who has not, names its own."""
    changed = Large().changed(count=1)
    stored = read_stored(Large, 1, changed.to_json(), what="it")
    assert changed.__pydantic_fields_set__ is stored.__pydantic_fields_set__
    assert stored.model_fields_set == set(Large.model_fields)
    assert read_stored(Large, 1, b'{"count": 1}', what="it").model_fields_set == {"count"}
    assert Large(count=1).model_fields_set == {"count"}


def test_who_changes_the_names_that_it_was_given_changes_no_other_model() -> None:
    """What is said of a frozen model is a copy."""
    one, other = (Large().changed(count=count) for count in (1, 2))
    one.model_fields_set.clear()
    assert one.model_fields_set == other.model_fields_set == set(Large.model_fields)


def _said(make: Callable[[], object]) -> tuple[str, list[Any]] | None:
    """What is said of the fields, of several at once in any order; None where nothing is."""
    try:
        make()
    except ValidationError as error:
        return error.title, sorted((one["type"], one["loc"], one["msg"]) for one in error.errors())
    return None


def test_what_is_not_given_is_not_looked_at_again() -> None:
    """What was made is kept as it is: the very same objects."""
    before = Large(tags=["a"], one=Inner(n=1))
    after = before.changed(count=5)
    assert after.tags is before.tags
    assert after.one is before.one


def test_code_of_a_models_own_looks_at_all_fields_each_time() -> None:
    """One field may depend on another that is not given."""
    seen: list[str] = []

    class Careful(Large):
        @field_validator("name")
        @classmethod
        def _look(cls, name: str) -> str:
            seen.append(name)
            return name

    Careful(name="a").changed(count=1)
    assert seen == ["a", "a"]


def test_ever_other_fields_make_memory_of_no_model_grow() -> None:
    """What is kept of checks has a limit."""
    names = list(Large.model_fields)
    state = Large()
    for seed in range(500):
        chosen = random.Random(seed).sample(names, 3)
        state = state.changed(**{name: getattr(state, name) for name in chosen})
    assert len(Large.CHECKS) <= 64
    assert state == Large()
