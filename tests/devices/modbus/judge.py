"""A server of pymodbus, as a process of its own: `python -m tests.devices.modbus.judge socket|rtu`. It says its port, and goes on."""

import asyncio
import socket
import sys

from pymodbus import FramerType
from pymodbus.server import ModbusTcpServer
from pymodbus.simulator import DataType, SimData, SimDevice

UNIT = 7


def device() -> SimDevice:
    """Coils, discrete inputs, holding registers and input registers with known values; what lies between is none."""
    coils = [SimData(0, values=[True, False, False, True], datatype=DataType.BITS)]
    discrete = [SimData(3, values=[False, True], datatype=DataType.BITS)]
    holding = [
        SimData(0, values=[0x1234, 0xFFFE, 0b1010], datatype=DataType.REGISTERS),
        SimData(10, values=-123456, datatype=DataType.INT32),
        SimData(12, values=21.5, datatype=DataType.FLOAT32),
        SimData(14, values=-2.25, datatype=DataType.FLOAT64),
        SimData(18, values=2**63 + 1, datatype=DataType.UINT64),
        SimData(30, values=[0x4142, 0x4300], datatype=DataType.REGISTERS),
        SimData(40, values=[0x0001, 0x0002], datatype=DataType.REGISTERS),
    ]
    inputs = [SimData(0, values=230.5, datatype=DataType.FLOAT32), SimData(6, values=1.25, datatype=DataType.FLOAT32)]
    return SimDevice(id=UNIT, simdata=(coils, discrete, holding, inputs))


async def serve(framer: str) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    server = ModbusTcpServer([device()], framer=FramerType(framer), address=("127.0.0.1", port), ignore_missing_devices=True)
    await server.serve_forever(background=True)
    sys.stdout.write(f"{port}\n")
    sys.stdout.flush()
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(serve(sys.argv[1]))
