"""A port as people listen to it while no gateway runs: it is opened with its settings, and only read."""

import select
from collections.abc import Iterator

from devices.serial.faults import explain_opening
from devices.serial.line import LINE_FAULTS, OpenPort, TtyLine
from devices.serial.names import find_port
from devices.serial.settings import SerialSettings
from gateway.actors.errors import GatewayError, Refused
from gateway.actors.wire import Tap


class _Nobody:
    """Stands in for a host: whoever listens here reads the port himself."""

    quiet = False
    taps: tuple[Tap, ...] = ()


def overheard(settings: SerialSettings) -> Iterator[bytes]:
    """Open the port, and give what comes over its wire, until it is gone. Raises GatewayError where it cannot be opened, or is gone."""
    if settings.simulation is not None:
        raise Refused("it is simulated: the simulator runs in the gateway; start that, then listen")
    path = settings.port
    try:
        line: OpenPort
        if (place := settings.network) is not None:
            from devices.serial.network import NetworkOpener  # noqa: PLC0415  # only where one is

            line = NetworkOpener(settings, place).open(_Nobody())
        else:
            path = find_port(settings.port)
            line = TtyLine(path, settings, _Nobody())
    except (GatewayError, *LINE_FAULTS) as error:
        raise Refused(str(explain_opening(path, error))) from None
    try:
        while True:
            select.select([line], [], [])
            if chunk := line.read():
                yield chunk
    except LINE_FAULTS as error:
        raise Refused(f"{path} is gone: {error}") from None
    finally:
        line.close()
