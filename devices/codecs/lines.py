"""What a frame is sent as: whether its address and its table of values fit its codec. For the settings of every input of lines."""

from collections.abc import Collection, Mapping

from devices.codecs.installed import codec_class
from gateway.actors.points import check_values
from gateway.actors.points.settings import ValueSettings
from gateway.actors.templates import fields_of


def check_address_fields(to: str, *, codec: str) -> None:
    """Raise ValueError where an address is made of fields that no frame of the codec has."""
    if codec_class(codec).verb != "report" and fields_of(to):
        raise ValueError(f'to: {{fields}} need codec = "json"; a line of codec "{codec}" has none')


def check_reported(values: Mapping[str, ValueSettings], given: Collection[str], *, as_report: bool, sends: str) -> None:
    """Raise ValueError where the table `values` has a mistake, or one of the keys that were `given` is for reports, and none is made."""
    check_values(values)
    for key in ("values", "unmapped"):
        if key in given and not as_report:
            raise ValueError(f"{key}: is for reports, and this sends {sends!r}; take it out, or have it report")
