"""A package of somebody's own, with an actor in it."""

import zipfile
from pathlib import Path

DEPOT = """
from gateway.actors import Actor, Payload, Stage, State, verb


class Shelf(State):
    parcels: int = 0


class Delivery(Payload):
    parcels: int


class Depot(Actor[Shelf]):
    @verb
    def deliver(self, delivery: Delivery, stage: Stage[Shelf]) -> None:
        stage.state = stage.state.changed(parcels=stage.state.parcels + delivery.parcels)
"""


def wheel_of_depot(folder: Path) -> None:
    """A package of somebody's own, as pip would build it."""
    about = "Metadata-Version: 2.1\nName: depot\nVersion: 1\n"
    files = {"depot.py": DEPOT, "depot-1.dist-info/METADATA": about, "depot-1.dist-info/WHEEL": "Wheel-Version: 1.0\nTag: py3-none-any\n"}
    files["depot-1.dist-info/entry_points.txt"] = "[gateway.actors]\ndepot = depot:Depot\n"
    files["depot-1.dist-info/RECORD"] = "".join(f"{name},,\n" for name in [*files, "depot-1.dist-info/RECORD"])
    with zipfile.ZipFile(folder / "depot-1-py3-none-any.whl", "w") as wheel:
        for name, text in files.items():
            wheel.writestr(name, text)
