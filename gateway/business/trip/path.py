"""A path: where a trip came along, in parts of at most 500 points, each a child of its trip: `trip/van/path/1`, `…/2`."""

from gateway.actors import Actor, Stage, State, verb
from gateway.business.trip.line import joined
from gateway.business.trip.payloads import Export, PathPoints


class PathState(State):
    """What one part of a path remembers: its points."""

    points: str = ""
    """The part's points as text: see `line.py`."""
    count: int = 0


class Path(Actor[PathState]):
    """An actor that keeps one part of a trip's path."""

    inner = True

    @verb(begins=True)
    def keep(self, more: PathPoints, stage: Stage[PathState]) -> None:
        """Add some points to this part."""
        state = stage.state
        stage.state = state.changed(points=joined(state.points, more.points), count=state.count + more.count)

    @verb
    def end(self, stage: Stage[PathState]) -> None:
        """End, with the points of this part."""
        stage.stop()

    @verb
    def collect(self, export: Export, stage: Stage[PathState]) -> None:
        """Add the points of this part to an export, and send the export on."""
        points = stage.state.points
        if stage.key == str(export.part):
            points = " ".join(points.split(" ")[: export.part_points])
        stage.forward(export.changed(points=joined(export.points, points)))
