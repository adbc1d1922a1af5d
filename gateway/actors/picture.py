"""The picture of a machine: its phases and moves as the text of a Mermaid state diagram.

    print(Trip.machine.mermaid(Trip, now=Phase.MOVING))     # paste it into any Markdown that draws Mermaid

Source: the Mermaid documentation, "State diagrams" (stateDiagram-v2).
"""

import enum
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import NamedTuple, TypeVar

from gateway.actors.phases import Phases, word_of

P = TypeVar("P", bound=enum.Enum)

_NOW = "classDef now fill:#ffd54f,stroke:#e65100,color:#000"


class Arrow(NamedTuple):
    """One arrow of the diagram."""

    start: enum.Enum
    end: enum.Enum
    label: str


def draw(
    phases: Phases[P],
    initial: P,
    edges: Sequence[Arrow],
    *,
    final: Collection[P] = (),
    notes: Mapping[P, str] | None = None,
    now: P | None = None,
) -> str:
    """Draw the Mermaid text of a diagram. `notes` stand in their phases; the phase `now` is marked. Equal arrows are drawn once."""
    lines = ["stateDiagram-v2", f"    [*] --> {phases.path(initial)[0].name}"]
    for phase in phases.children(None):
        lines += _state(phases, phase, "    ")
    lines += [f"    {phase.name} : {notes[phase]}" for phase in phases.kind if notes and phase in notes]
    lines += dict.fromkeys(f"    {edge.start.name} --> {edge.end.name} : {edge.label}" for edge in edges)
    lines += [f"    {phase.name} --> [*]" for phase in phases.kind if phase in final]
    if now is not None:
        lines += [f"    {_NOW}", f"    class {now.name} now"]
    return "\n".join(lines)


def outermost(phases: Phases[P], leaves: Collection[P]) -> list[P]:
    """The fewest phases that stand for these innermost ones: an outer phase stands for all of its own where all are among them."""
    whole = [phase for phase in phases.kind if all(leaf in leaves for leaf in phases.inside(phase))]
    return [phase for phase in whole if phases.parent(phase) not in whole]


def _state(phases: Phases[P], phase: P, indent: str) -> Iterator[str]:
    named = f'{indent}state "{word_of(phase)}" as {phase.name}'
    first = phases.first(phase)
    if first is None:
        yield named
        return
    yield f"{named} {{"
    yield f"{indent}    [*] --> {first.name}"
    for inner in phases.children(phase):
        yield from _state(phases, inner, indent + "    ")
    yield f"{indent}}}"
