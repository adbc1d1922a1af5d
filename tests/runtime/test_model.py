"""Random programs against a simple model: whatever happens when, the contract holds."""

import os
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.store.sqlite import SqliteStore
from tests.runtime.world import NODES, World, small_mailboxes

PROGRAMS = int(os.environ.get("PROGRAMS", "60"))
"""How many random programs are run: a longer run sets PROGRAMS in the environment."""

_WHO = st.integers(0, NODES - 1)
_DELAYS_S = st.sampled_from([0.0, 0.5, 2.0, 40.0, 90.0])


def _plans(depth: int) -> st.SearchStrategy[dict[str, Any]]:
    effects = st.just([]) if depth == 0 else st.lists(_effects(depth - 1), max_size=3)
    fails = st.sampled_from([0, 0, 0, 0, 1, 2, 9])
    return st.fixed_dictionaries({"to": _WHO, "named": st.booleans(), "fails": fails, "then": effects})


def _effects(depth: int) -> st.SearchStrategy[dict[str, Any]]:
    kinds = st.sampled_from(["tell", "tell", "timer", "publish", "pulse"])
    return st.fixed_dictionaries({"kind": kinds, "to": _WHO, "delay_s": _DELAYS_S, "say": _plans(depth)})


_PLANS = _plans(2)
_STEPS = st.one_of(
    st.tuples(st.just("burst"), st.lists(_PLANS, min_size=1, max_size=12)),
    st.tuples(st.just("burst"), st.lists(_PLANS, min_size=1, max_size=12)),
    st.tuples(st.just("repeat"), st.integers(0, 50)),
    st.tuples(st.just("settle")),
    st.tuples(st.just("advance"), st.sampled_from([0.3, 1.5, 10.0, 65.0])),
    st.tuples(st.just("jump"), st.sampled_from([50 * 365 * 86400.0, -86400.0])),
    st.tuples(st.just("hands"), st.lists(st.sampled_from(["done", "done", "failed", "refused", "hold"]), max_size=6)),
    st.tuples(st.just("hands"), st.lists(st.sampled_from(["done", "done", "failed", "refused", "hold"]), max_size=6)),
    st.tuples(st.just("fault"), st.sampled_from(["before", "after", "release", "fails", "full", ""])),
    st.tuples(st.just("cut")),
    st.tuples(st.just("restart")),
)
_PROGRAMS = st.lists(_STEPS, min_size=1, max_size=25)


def _run(world: World, program: list[tuple[Any, ...]]) -> None:
    with small_mailboxes(), world.rig:
        for name, *values in program:
            getattr(world, name)(*values)
        world.heal()
        world.check()


@settings(max_examples=PROGRAMS, derandomize=True)
@given(_PROGRAMS)
def test_the_contract_holds_in_memory(program: list[tuple[Any, ...]]) -> None:
    """Whatever is sent, repeated, cut off and failed: once handled, in order, nothing ahead of the disk, nothing lost."""
    _run(World(), program)


@settings(max_examples=PROGRAMS // 4, derandomize=True)
@given(_PROGRAMS)
def test_the_contract_holds_on_sqlite(program: list[tuple[Any, ...]]) -> None:
    """The same on the store of the daemon."""
    with TemporaryDirectory() as folder:
        store = SqliteStore(Path(folder) / "gateway.db", loss_window_s=60)
        try:
            _run(World(store), program)
        finally:
            store.close()
